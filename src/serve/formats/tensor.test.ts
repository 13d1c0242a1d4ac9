/** Columns of the V2 protocol, in JSON and in bytes, for categories that are codes of another library. */
import { expect, test } from 'bun:test';
import type { Input } from '../../core/inputs.ts';
import { buildColumnReader, type ColumnSink } from './tensor.ts';

const level: Input = {
  name: 'level',
  kind: 'category',
  required: false,
  description: '',
  values: ['0', '1'],
  codes: 'cut',
};

const sinkOf = (nRows: number): ColumnSink => ({
  raw: new Float64Array(nRows),
  at: 0,
  stride: 1,
  nRows,
  row: 0,
  pointer: '/inputs/0',
  unknown: new Uint8Array(nRows),
  faults: [],
});

const bytesOf = (texts: readonly string[]): Buffer =>
  Buffer.concat(
    texts.map((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return Buffer.concat([length, Buffer.from(text)]);
    }),
  );

test('a number that is no code is cut to one, in JSON, in numbers and in texts', () => {
  const reader = buildColumnReader(level);
  const json = sinkOf(3);
  reader.readJson([1, 1.9, 7], json);
  const numbers = sinkOf(3);
  const doubles = new Uint8Array(Float64Array.of(1, 1.9, 7).buffer);
  reader.readBinary({ datatype: 'FP64', bytes: doubles, from: 0, to: 24 }, numbers);
  const texts = sinkOf(3);
  const bytes = bytesOf(['1', '1.9', '7']);
  reader.readBinary({ datatype: 'BYTES', bytes, from: 0, to: bytes.length }, texts);
  for (const { raw, unknown, faults } of [json, numbers, texts]) {
    expect([...raw]).toEqual([1, 1, Number.NaN]);
    expect([...unknown]).toEqual([0, 0, 1]);
    expect(faults).toEqual([]);
  }
});

test('a byte order mark is one of the letters of a text, in JSON as in bytes', () => {
  const time: Input = { name: 'time', kind: 'time', required: false, description: '' };
  const reader = buildColumnReader(time);
  const text = '\uFEFF2013-07-05T18:30';
  const [json, binary] = [sinkOf(1), sinkOf(1)];
  reader.readJson([text], json);
  const letters = Buffer.from(text);
  const bytes = Buffer.concat([Buffer.from(Uint32Array.of(letters.length).buffer), letters]);
  reader.readBinary({ datatype: 'BYTES', bytes, from: 0, to: bytes.length }, binary);
  expect(json.faults).toHaveLength(1);
  expect(binary.faults).toEqual(json.faults);
});
