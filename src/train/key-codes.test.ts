import { expect, test } from 'bun:test';
import type { Input } from '../core/inputs.ts';
import type { KeyPart } from '../core/steps/lookup.ts';
import { buildKeyReader } from './key-codes.ts';

const N_ROWS = 10_001;
/** @param nTails more of them than two bytes number, or few */
const readerOf = (nTails: number) => {
  const values = Array.from({ length: nTails }, (_, tail) => `N${tail}`);
  const inputs: readonly Input[] = [
    { name: 'tailNumber', kind: 'category', required: false, description: '', values },
    { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  ];
  const tails = Float32Array.from({ length: N_ROWS }, (_, row) =>
    row % 7 === 3 ? Number.NaN : (row * 31) % nTails,
  );
  const departures = Float64Array.from({ length: N_ROWS }, (_, row) => row * 13);
  const rows = Int32Array.from({ length: N_ROWS }, (_, i) => N_ROWS - 1 - i);
  const parts: readonly KeyPart[] = [
    { of: 'code', input: 'tailNumber', radix: nTails },
    { of: 'hour', input: 'scheduledDeparture', radix: 24 },
  ];
  return {
    tails,
    departures,
    rows,
    ...buildKeyReader({ inputs, columns: [tails, departures] }, rows)(parts),
  };
};

/** Whether each row's code leads to its own key, -1 where a part is missing; and the codes are numbered as they come. */
const expectKeys = (nTails: number): void => {
  const { tails, departures, rows, codes, keys } = readerOf(nTails);
  const keyOf = (row: number): number | undefined =>
    Number.isNaN(tails[row]!)
      ? undefined
      : tails[row]! * 24 + (Math.floor(departures[row]! / 60) % 24);
  expect(Array.from(codes, (code) => keys[code])).toEqual(Array.from(rows, keyOf));
  expect([...new Set(codes)].filter((code) => code >= 0)).toEqual([...keys.keys()]);
};

test('keys are those of the flights through all blocks, in two bytes each where they are few', () => {
  expectKeys(50);
  expect(readerOf(50).codes.BYTES_PER_ELEMENT).toBe(2);
});

test('keys that two bytes do not number have four', () => {
  expectKeys(3000);
  expect(readerOf(3000).codes.BYTES_PER_ELEMENT).toBe(4);
});
