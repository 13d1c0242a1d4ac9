/**
 * Features: pure, named, stored steps from the inputs of one flight to the numbers a model scores.
 * Floor 0: the one encoder. Training and serving run this same code on the same stored tables,
 * so they can not drift apart.
 */
import type { Input } from './inputs.ts';

/** One step; `name` is unique in a model, `inputs` are names of `Input`s. */
export type Feature = { readonly name: string } & (
  | { readonly step: 'number'; readonly input: string }
  /** The category's code, NaN when missing: a categorical feature. */
  | { readonly step: 'code'; readonly input: string }
  /** 1 where the category has this value, else 0 (also when missing): a one-hot column. */
  | { readonly step: 'equals'; readonly input: string; readonly value: string }
  /** (x - shift) / scale. */
  | {
      readonly step: 'scale';
      readonly input: string;
      readonly shift: number;
      readonly scale: number;
    }
  /** Minute of the day, 0 to 1439. */
  | { readonly step: 'minuteOfDay'; readonly input: string }
  /** Hour of the day, 0 to 23. */
  | { readonly step: 'hour'; readonly input: string }
  /** Monday 0 to Sunday 6. */
  | { readonly step: 'dayOfWeek'; readonly input: string }
  /** 1 to 366. */
  | { readonly step: 'dayOfYear'; readonly input: string }
  /** 1 to 12. */
  | { readonly step: 'month'; readonly input: string }
  /** Minutes from one local time to another, as the clocks show them. */
  | { readonly step: 'elapsedMinutes'; readonly from: string; readonly to: string }
  /**
   * A number stored per combination of codes: the key is the mixed-radix number of the parts
   * (first part most significant); `keys` sorted ascending, `numbers[i]` belongs to `keys[i]`.
   * A missing part or an unknown combination gives `otherwise`.
   */
  | {
      readonly step: 'lookup';
      readonly parts: readonly KeyPart[];
      readonly keys: Float64Array;
      readonly numbers: Float64Array;
      readonly otherwise: number;
    }
);

/** A part of a lookup's key: an integer in [0, radix) derived from one input. */
export interface KeyPart {
  readonly of: 'code' | 'hour' | 'dayOfWeek' | 'month' | 'dayOfYear' | 'day';
  readonly input: string;
  readonly radix: number;
}

/** Reads one flight's inputs at `raw[at]` and returns one number. */
type Step = (raw: Float64Array, at: number) => number;

export type Encoder = (raw: Float64Array, rawAt: number, out: Float64Array, outAt: number) => void;

/**
 * The encoder of a model: fills `out[outAt .. outAt + features.length)` from the inputs at `raw[rawAt]`.
 * @throws TypeError when a feature names an input that is not there (a bug in whoever built the model)
 */
export const buildEncoder = (inputs: readonly Input[], features: readonly Feature[]): Encoder => {
  const steps = features.map((feature) => buildStep(feature, inputs));
  return (raw, rawAt, out, outAt) => {
    for (let i = 0; i < steps.length; i++) out[outAt + i] = steps[i]!(raw, rawAt);
  };
};

/** Whether a feature's numbers are codes of categories (no order) rather than quantities. */
export const isCategorical = (feature: Feature): boolean => feature.step === 'code';

/** The names of the inputs that a feature reads. */
export const inputsOf = (feature: Feature): readonly string[] => {
  switch (feature.step) {
    case 'elapsedMinutes':
      return [feature.from, feature.to];
    case 'lookup':
      return feature.parts.map((part) => part.input);
    default:
      return [feature.input];
  }
};

const buildStep = (feature: Feature, inputs: readonly Input[]): Step => {
  const at = (name: string): number => indexOf(inputs, name);
  switch (feature.step) {
    case 'number':
    case 'code': {
      const i = at(feature.input);
      return (raw, row) => raw[row + i]!;
    }
    case 'equals': {
      const i = at(feature.input);
      const code = inputs[i]!.values?.indexOf(feature.value) ?? -1;
      return (raw, row) => (raw[row + i] === code ? 1 : 0);
    }
    case 'scale': {
      const i = at(feature.input);
      const { shift, scale } = feature;
      return (raw, row) => (raw[row + i]! - shift) / scale;
    }
    case 'minuteOfDay':
    case 'hour':
    case 'dayOfWeek':
    case 'dayOfYear':
    case 'month': {
      const i = at(feature.input);
      const clock = CLOCKS[feature.step];
      return (raw, row) => clock(raw[row + i]!);
    }
    case 'elapsedMinutes': {
      const [from, to] = [at(feature.from), at(feature.to)];
      return (raw, row) => raw[row + to]! - raw[row + from]!;
    }
    case 'lookup': {
      const key = buildKey(feature.parts, inputs);
      const { numbers, otherwise } = feature;
      const indices = new Map<number, number>();
      for (let k = 0; k < feature.keys.length; k++) indices.set(feature.keys[k]!, k);
      return (raw, row) => {
        const index = indices.get(key(raw, row));
        return index === undefined ? otherwise : numbers[index]!;
      };
    }
  }
};

/** The mixed-radix key of a flight, NaN when a part is missing or out of range. */
export const buildKey = (parts: readonly KeyPart[], inputs: readonly Input[]): Step => {
  const positions = parts.map((part) => indexOf(inputs, part.input));
  return (raw, row) => {
    let key = 0;
    for (let p = 0; p < parts.length; p++) {
      const { of, radix } = parts[p]!;
      const value = raw[row + positions[p]!]!;
      const digit = of === 'code' ? value : CLOCKS[of](value);
      if (!(digit >= 0 && digit < radix)) return Number.NaN;
      key = key * radix + digit;
    }
    return key;
  };
};

const MINUTES_PER_DAY = 1440;
const day = (minutes: number): number => Math.floor(minutes / MINUTES_PER_DAY);
const minuteOfDay = (minutes: number): number => minutes - day(minutes) * MINUTES_PER_DAY;

/** Month 1-12 and day of the year 1-366 of days since 1970-01-01, as month * 512 + day. @source Howard Hinnant, civil_from_days */
const civil = (days: number): number => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayFromMarch =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayFromMarch + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const dayOfYear = month <= 2 ? dayFromMarch - 305 : dayFromMarch + 60 + leap;
  return month * 512 + dayOfYear;
};

const FIRST_DAY = -36_525;
const N_DAYS = 2 * 36_525;
/** `civil` of the days from 1870 to 2069, filled as they are asked; 0 where they were not. */
const calendar = new Int16Array(N_DAYS);

const calendarOf = (days: number): number => {
  const at = days - FIRST_DAY;
  if (!(at >= 0 && at < N_DAYS)) return civil(days);
  const known = calendar[at]!;
  if (known !== 0) return known;
  calendar[at] = civil(days);
  return calendar[at]!;
};

const CLOCKS = {
  day,
  minuteOfDay,
  hour: (minutes: number) => Math.floor(minuteOfDay(minutes) / 60),
  dayOfWeek: (minutes: number) => {
    const days = day(minutes) + 3;
    return days - Math.floor(days / 7) * 7;
  },
  dayOfYear: (minutes: number) =>
    Number.isNaN(minutes) ? Number.NaN : calendarOf(day(minutes)) % 512,
  month: (minutes: number) =>
    Number.isNaN(minutes) ? Number.NaN : Math.floor(calendarOf(day(minutes)) / 512),
} as const;

const indexOf = (inputs: readonly Input[], name: string): number => {
  const index = inputs.findIndex((input) => input.name === name);
  if (index < 0) throw new TypeError(`no input is named ${name}`);
  return index;
};
