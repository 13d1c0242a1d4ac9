/**
 * The parts of a time that a foreign model's column may hold, and what the steps behind such a column make of them.
 * A part has few values, so that every step over it is one table.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import type { KeyPart } from '../core/steps/lookup.ts';
import type { ForeignColumn } from './foreign-model.ts';

interface TimePart {
  readonly of: 'minuteOfDay' | 'hour' | 'dayOfWeek' | 'dayOfYear' | 'month';
  /** One past the largest value. */
  readonly radix: number;
  /** From the part as our calendar counts it to the number that the column holds. */
  readonly numberOf: (value: number) => number;
}

const same = (value: number): number => value;

/** Part by its name in the inputs file. */
const TIME_PARTS: Readonly<Record<string, TimePart>> = {
  minuteOfDay: { of: 'minuteOfDay', radix: 1440, numberOf: same },
  hour: { of: 'hour', radix: 24, numberOf: same },
  /** Monday 0 to Sunday 6, as pandas and Python count. */
  dayOfWeek: { of: 'dayOfWeek', radix: 7, numberOf: same },
  /** Monday 1 to Sunday 7, as ISO 8601 and most flight data count. */
  isoDayOfWeek: { of: 'dayOfWeek', radix: 7, numberOf: (day) => day + 1 },
  /** Sunday 0 to Saturday 6, as cron and JavaScript count. */
  sundayDayOfWeek: { of: 'dayOfWeek', radix: 7, numberOf: (day) => (day + 1) % 7 },
  dayOfYear: { of: 'dayOfYear', radix: 367, numberOf: same },
  month: { of: 'month', radix: 13, numberOf: same },
};

const partOf = (input: string, name: string): TimePart => {
  const part = Object.hasOwn(TIME_PARTS, name) ? TIME_PARTS[name] : undefined;
  if (!part)
    throw new AppError(
      'value-invalid',
      `the inputs file cannot be used: ${input} has no part '${name}': there are ${Object.keys(TIME_PARTS).join(', ')}`,
    );
  return part;
};

/** The feature of a column that holds a part of a time. @throws AppError value-invalid for a part that is not there */
export const buildTimeFeature = (input: Input, name: string): Feature => {
  const part = partOf(input.name, name);
  const feature = { name: `${input.name} ${name}`, input: input.name };
  if (part.numberOf === same) return { ...feature, step: part.of };
  return tableOfPart(part, { name: feature.name, input: input.name }, part.numberOf, Number.NaN);
};

/**
 * A step of the model over a column that holds a part of a time; undefined where it does not fit.
 * @param column the model's column, whose values are texts where the model encodes it
 */
export const overTimePart = (
  own: Feature,
  step: Feature,
  column: ForeignColumn,
): Feature | undefined => {
  const known = numbersOf(own);
  if (!known) return undefined;
  const { part, input, numberOf } = known;
  const place = { name: `${own.name}${step.name}`, input };
  const codeOf = (value: number): number =>
    (column.values ?? []).findIndex((text) => Number(text) === numberOf(value));
  switch (step.step) {
    case 'number':
      return step.missingNumber === undefined ? own : undefined;
    case 'scale':
    case 'line': {
      const moved = (x: number): number =>
        step.step === 'scale' ? (x - step.shift) / step.scale : x * step.factor + step.offset;
      return tableOfPart(
        part,
        place,
        (value) => moved(numberOf(value)),
        moved(step.missing ?? Number.NaN),
      );
    }
    case 'equals': {
      const wanted = Number(step.value);
      return tableOfPart(part, place, (value) => (numberOf(value) === wanted ? 1 : 0), 0);
    }
    case 'code':
      return tableOfPart(
        part,
        place,
        (value) => {
          const code = codeOf(value);
          return code < 0 ? Number.NaN : code;
        },
        Number.NaN,
      );
    case 'lookup': {
      const numbers = new Map([...step.keys].map((key, k) => [key, step.numbers[k]!]));
      return tableOfPart(
        part,
        place,
        (value) => numbers.get(codeOf(value)) ?? step.otherwise,
        step.otherwise,
      );
    }
    default:
      return undefined;
  }
};

const numbersOf = (
  feature: Feature,
):
  | {
      readonly part: TimePart;
      readonly input: string;
      readonly numberOf: (value: number) => number;
    }
  | undefined => {
  if (feature.step === 'lookup') {
    const [key] = feature.parts;
    const part = Object.values(TIME_PARTS).find(({ of }) => of === key?.of);
    if (feature.parts.length !== 1 || !key || !part) return undefined;
    const numbers = new Map([...feature.keys].map((value, k) => [value, feature.numbers[k]!]));
    return {
      part,
      input: key.input,
      numberOf: (value) => numbers.get(value) ?? feature.otherwise,
    };
  }
  const part = Object.values(TIME_PARTS).find(
    ({ of, numberOf }) => of === feature.step && numberOf === same,
  );
  return part && 'input' in feature ? { part, input: feature.input, numberOf: same } : undefined;
};

const tableOfPart = (
  { of, radix }: TimePart,
  { name, input }: { readonly name: string; readonly input: string },
  numberOf: (value: number) => number,
  otherwise: number,
): Feature => {
  const first = of === 'month' || of === 'dayOfYear' ? 1 : 0;
  const values = Array.from({ length: radix - first }, (_, i) => first + i);
  const parts: readonly KeyPart[] = [{ of, input, radix }];
  return {
    name,
    step: 'lookup',
    parts,
    keys: Float64Array.from(values),
    numbers: Float64Array.from(values, numberOf),
    otherwise,
  };
};
