/**
 * The flights that a head is about: all of them, those of which an earlier head says that they are late, those before the test.
 */
import { dayEffects } from '../features/day-effect.ts';
import { PARTS, type Part } from '../features/time-split.ts';
import { type BoostRows, joinRows, pickRows } from '../growing/training-rows.ts';
import { labelsOf } from '../preparation.ts';
import type { DaysAhead } from '../quality/day-levels.ts';

/** All flights before the test, beside the effects of their days where the parts have them. */
export const knownOf = ({ train, validation, calibration }: Readonly<Record<Part, BoostRows>>) => {
  const known = joinRows([train, validation, calibration]);
  return { ...known, effects: train.effects && dayEffects(known.days!, known.labels) };
};

/** How far the test part lies past the flights before it. */
export const daysAhead = (known: BoostRows, test: BoostRows): DaysAhead => {
  const last = known.days?.at(-1);
  if (last === undefined || !test.days || test.days.length === 0) return { first: 1, last: 1 };
  return { first: test.days[0]! - last, last: test.days.at(-1)! - last };
};

/** The flights of each part at least `previous` minutes late, labelled by `minutes`. */
export const lateParts = (
  parts: Readonly<Record<Part, BoostRows>>,
  previous: number,
  minutes: number,
): Record<Part, BoostRows> =>
  Object.fromEntries(
    PARTS.map((part) => [part, lateRows(parts[part], previous, minutes)]),
  ) as Record<Part, BoostRows>;

export const lateRows = (rows: BoostRows, previous: number, minutes: number): BoostRows => {
  const kept = new Int32Array(rows.nRows);
  let nKept = 0;
  for (let row = 0; row < rows.nRows; row++)
    if (rows.minutes[row]! >= previous) kept[nKept++] = row;
  const late = pickRows(rows, kept.subarray(0, nKept));
  return { ...late, labels: labelsOf(late.minutes, minutes), effects: undefined };
};

/** The delays of all flights before the test. */
export const knownMinutes = (parts: Readonly<Record<Part, BoostRows>>): Float32Array =>
  joined(
    Float32Array,
    joined(Float32Array, parts.train.minutes, parts.validation.minutes),
    parts.calibration.minutes,
  );

const joined = <T extends Float64Array | Float32Array | Int32Array | Uint8Array>(
  kind: { new (length: number): T },
  first: T,
  second: T,
): T => {
  const both = new kind(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
};
