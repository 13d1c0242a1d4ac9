/**
 * Which days a stored model knows, so that no flight is called unseen that it learned from.
 */
import { MINUTES_PER_DAY } from '../core/calendar.ts';
import { decodeTime } from '../core/flight.ts';
import type { Model } from '../core/model.ts';

/** Flights on days that the model, or the one that it is compared with, learned, stopped or was calibrated on. */
export interface SeenFlights {
  /** These days, `2013-01-01..2013-10-31`; null where the file of a model does not say. */
  readonly days: string | null;
  readonly rows: number;
  /** Whether they are among the flights that were measured. */
  readonly included: boolean;
}

/** The flights that a model knows; null what its file does not say. */
export interface LearnedFrom {
  readonly name: string;
  readonly days: string | null;
  readonly rows: number | null;
  /** Share of them that was late. */
  readonly baseRate: number | null;
}

export const learnedFromOf = (name: string, model: Model): LearnedFrom => {
  const { known } = model.provenance.trainedOn ?? {};
  return {
    name,
    days: knownDaysOf(model) ?? null,
    rows: known?.rows ?? null,
    baseRate: known?.baseRate ?? null,
  };
};

/** The first and the last day that a model knows, whole days since 1970-01-01. */
interface DayRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The days on which a model learned, stopped or was calibrated, `2013-01-01..2013-10-31`; undefined for a model that
 * does not say. The days it was tested on are not among them unless it was learned again on these too.
 */
export const knownDaysOf = ({ provenance }: Model): string | undefined => {
  const { trainedOn } = provenance;
  if (trainedOn === undefined) return undefined;
  if (trainedOn.known) return trainedOn.known.days;
  const { train, validation, calibration } = trainedOn.split;
  const parts = [train, validation, calibration].filter((part) => part !== '');
  const first = parts.map((part) => part.slice(0, 10)).sort()[0];
  const last = parts
    .map((part) => part.slice(-10))
    .sort()
    .at(-1);
  return first === undefined ? undefined : `${first}..${last}`;
};

const rangeOf = (days: string): DayRange => ({
  first: dayOfDate(days.slice(0, 10)),
  last: dayOfDate(days.slice(-10)),
});

const dayOfDate = (date: string): number => decodeTime(`${date}T00:00`) / MINUTES_PER_DAY;

/** Whole days since 1970-01-01; undefined for a model that does not say which days it knows. */
export const firstKnownDay = (model: Model): number | undefined => {
  const days = knownDaysOf(model);
  return days === undefined ? undefined : rangeOf(days).first;
};

/** Whether a moment (local minutes) falls on a day that the model knows. */
export const buildSeen = (days: string): ((minutes: number) => boolean) => {
  const { first, last } = rangeOf(days);
  return (minutes) => minutes >= first * MINUTES_PER_DAY && minutes < (last + 1) * MINUTES_PER_DAY;
};
