import { expect, test } from 'bun:test';
import { columnsOfRaw } from '../../test/flight-columns.ts';
import { PLANTED_INPUTS } from '../../test/planted.ts';
import { buildBinCounter } from '../core/distribution.ts';
import { distributionsOf } from './input-distribution.ts';

test('live flights fall in the bins that training counted them in', () => {
  const nRows = 500;
  const nInputs = PLANTED_INPUTS.length;
  const raw = new Float64Array(nRows * nInputs);
  for (let row = 0; row < nRows; row++) {
    raw.set(
      [
        row % 5,
        row % 7 === 0 ? Number.NaN : row % 3,
        row % 6,
        row * 97,
        row % 11 === 0 ? Number.NaN : row,
      ],
      row * nInputs,
    );
  }
  const shares = distributionsOf(
    columnsOfRaw(PLANTED_INPUTS, raw),
    Int32Array.from({ length: nRows }, (_, row) => row),
  );
  const cells = new Float64Array(shares.reduce((n, share) => n + share.shares.length, 0));
  const count = buildBinCounter(PLANTED_INPUTS, shares, cells);
  count(raw.subarray(0, 100 * nInputs), 100);
  count(raw.subarray(100 * nInputs), 400);
  const trained = shares.flatMap((share) => [...share.shares]);
  expect([...cells].map((n) => n / nRows)).toEqual(
    trained.map((share) => expect.closeTo(share, 9)),
  );
});
