import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { encodeTime } from '../../core/flight.ts';
import { loadTable } from '../cleaning/load.ts';
import { decodeLz4 } from '../../core/lz4.ts';

const FIXTURES = join(import.meta.dir, '../fixtures');

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-arrow-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  'plain.arrow',
  'stream.arrows',
  'lz4.feather',
  'zstd.feather',
])('%s, written by pyarrow, gives the flights that were put in', async (name) => {
  const { nRows, columns, delayMinutes, source } = await loadTable([join(FIXTURES, name)]);
  expect(source).toMatchObject({
    dialect: 'puntual',
    nRowsRead: 300,
    rejected: { 'no delay': 30 },
  });
  expect(nRows).toBe(270);
  const { airline, scheduledDeparture, distanceMiles } = columns;
  if (airline?.kind !== 'category' || scheduledDeparture?.kind !== 'time') throw new Error('kinds');
  expect(airline.values).toEqual(['B6', 'UA']);
  expect([...airline.codes.subarray(0, 6)]).toEqual([1, 0, -1, 1, 0, -1]);
  expect(encodeTime(scheduledDeparture.minutes[3]!)).toBe('2013-07-05T18:51');
  expect(distanceMiles?.kind === 'number' && [...distanceMiles.numbers.subarray(0, 3)]).toEqual([
    Number.NaN,
    101.5,
    102.5,
  ]);
  expect([...delayMinutes.subarray(0, 10)]).toEqual([
    -20, -19, -18, -17, -16, -15, -14, -13, -12, -10,
  ]);
});

test('an Arrow file is known by its first bytes, whatever its name', async () => {
  const file = join(folder, 'flights.data');
  writeFileSync(file, readFileSync(join(FIXTURES, 'plain.arrow')));
  expect((await loadTable([file])).nRows).toBe(270);
});

test('an Arrow file that is cut off or overwritten is refused, or read; it breaks nothing else', async () => {
  const whole = readFileSync(join(FIXTURES, 'lz4.feather'));
  const file = join(folder, 'hurt.feather');
  const cuts = [8, 100, 1000, whole.length - 20, whole.length - 1].map((n) => whole.subarray(0, n));
  const hurt = Array.from({ length: 40 }, (_, i) => {
    const copy = Buffer.from(whole);
    copy.fill(0xa5 ^ i, 8 + i * 150, 8 + i * 150 + 3);
    return copy;
  });
  let nRefused = 0;
  for (const content of [...cuts, ...hurt]) {
    writeFileSync(file, content);
    try {
      await loadTable([file]);
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      nRefused++;
    }
  }
  expect(nRefused).toBeGreaterThanOrEqual(cuts.length);
});

const FRAME_HEAD = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];

const frameOf = (...block: readonly number[]): Uint8Array =>
  Uint8Array.from([...FRAME_HEAD, block.length, 0, 0, 0, ...block, 0, 0, 0, 0]);

test('an LZ4 match may repeat what it has just written', () => {
  // Two literals "ab", a match of 8 bytes two back, then the literal "c".
  const frame = frameOf(0x24, 97, 98, 2, 0, 0x10, 99);
  expect(Buffer.from(decodeLz4(frame, 11)).toString()).toBe('ababababab' + 'c');
});

test.each([
  ['a match before the start', frameOf(0x14, 97, 9, 0, 0x10, 99)],
  ['a match of offset 0', frameOf(0x14, 97, 0, 0, 0x10, 99)],
  ['literals past the block', frameOf(0xf0, 10, 97)],
  ['more bytes than were promised', frameOf(0x24, 97, 98, 2, 0, 0xf0, 200, 99)],
  ['another magic number', Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])],
  ['a frame without its end', frameOf(0x10, 97).subarray(0, 12)],
])('an LZ4 frame with %s is refused', (_, frame) => {
  expect(() => decodeLz4(frame, 11)).toThrow(RangeError);
});
