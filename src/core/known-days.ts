/**
 * The days that a stored model knows: those of all flights that it learned from.
 */
import type { Model } from './model.ts';

interface KnownDays {
  /** Dates such as `2013-01-01`. */
  readonly first: string;
  readonly last: string;
}

const DATE = /^\d{4}-\d\d-\d\d$/;

/** Undefined where they are not recorded. Files of older versions do not record them as one range. */
export const knownDaysOf = ({ provenance: { trainedOn } }: Model): KnownDays | undefined => {
  if (trainedOn === undefined) return undefined;
  const { known, split } = trainedOn;
  const ranges = known ? [known.days] : [split.train, split.validation, split.calibration];
  const days = ranges
    .flatMap((range) => range.split('..'))
    .filter((day) => DATE.test(day))
    .toSorted();
  const [first] = days;
  const last = days.at(-1);
  return first === undefined || last === undefined ? undefined : { first, last };
};
