/**
 * Features: pure, named, stored steps from the inputs of one flight to the numbers a model scores.
 * Training and serving run this same code on the same stored tables, so they cannot drift apart.
 */
import { CALENDAR } from './calendar.ts';
import type { Input } from './inputs.ts';
import {
  buildDigits,
  buildLookup,
  type Digits,
  ENCODER_ROWS,
  indexOf,
  type KeyPart,
  type Lookup,
} from './steps/lookup.ts';
import { buildOperations, type Operation } from './steps/operation.ts';

/** One step; `name` is unique in a model, `inputs` are names of `Input`s. */
export type Feature = {
  readonly name: string;
} /** The number itself, missing where it is `missingNumber` (both as float32). */ & (
  | { readonly step: 'number'; readonly input: string; readonly missingNumber?: number }
  /** The category's code, NaN when missing: a categorical feature. */
  | { readonly step: 'code'; readonly input: string }
  /** 1 where the category has this value, else 0 (also when missing): a one-hot column. */
  | { readonly step: 'equals'; readonly input: string; readonly value: string }
  /** (x - shift) / scale, where a missing x counts as `missing` if that is there. */
  | {
      readonly step: 'scale';
      readonly input: string;
      readonly shift: number;
      readonly scale: number;
      readonly missing?: number;
    }
  /** x * factor + offset, where a missing x counts as `missing` if that is there. */
  | {
      readonly step: 'line';
      readonly input: string;
      readonly factor: number;
      readonly offset: number;
      readonly missing?: number;
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
  /**
   * A count of the day's own plan, where that plan is whole: where `day`, the flights that it holds, are at least `share`
   * of what is usual on such a day; else what is usual in such an hour. So a few flights of a day are not taken for all.
   */
  | {
      readonly step: 'planned';
      readonly input: string;
      readonly day: string;
      readonly share: number;
      readonly usualOnDay: Lookup;
      readonly usual: Lookup;
    }
  /** The number of another feature after operations, one after the other. */
  | { readonly step: 'chain'; readonly of: Feature; readonly operations: readonly Operation[] }
  /** The product of other features: the last two, times the one before, and so on. */
  | { readonly step: 'product'; readonly of: readonly Feature[] }
);

/** Features within features are no deeper than this. */
const NESTING_LIMIT = 16;

/**
 * Fills `out[outAt + row * nFeatures ...]` with the features of `nRows` flights, from the inputs at
 * `raw[rawAt + row * nInputs ...]`; `nRows` is 1 when it is left out. Positions, not a record: a prediction shall make no
 * object.
 */
type Encoder = (
  raw: Float64Array,
  rawAt: number,
  out: Float64Array,
  outAt: number,
  nRows?: number,
) => void;

/** One feature of up to `ENCODER_ROWS` flights, by the same places. */
type Step = (
  raw: Float64Array,
  rawAt: number,
  out: Float64Array,
  outAt: number,
  nRows: number,
) => void;

/**
 * The encoder of a model. A feature of one flight and of many is the same loop, so they cannot differ.
 * @param isLeft where there is one, only the features that it leaves are filled; the places of others stay as they are
 * @throws TypeError when a feature names an input that is not there (a bug in whoever built the model)
 */
export const buildEncoder = (
  inputs: readonly Input[],
  features: readonly Feature[],
  isLeft: (feature: Feature) => boolean = () => true,
): Encoder => {
  const [nInputs, nFeatures] = [inputs.length, features.length];
  const digits = buildDigits(inputs);
  const left = [...features.keys()].filter((f) => isLeft(features[f]!));
  const steps = left.map((f) => buildStep(features[f]!, inputs, nFeatures, digits));
  return (raw, rawAt, out, outAt, nRows = 1) => {
    for (let from = 0; from < nRows; from += ENCODER_ROWS) {
      const n = Math.min(ENCODER_ROWS, nRows - from);
      // Not as a pair: one would be made per flight.
      const rawFrom = rawAt + from * nInputs;
      const outFrom = outAt + from * nFeatures;
      digits.fill(raw, rawFrom, n);
      for (let i = 0; i < steps.length; i++) steps[i]!(raw, rawFrom, out, outFrom + left[i]!, n);
    }
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
    case 'planned':
      return [
        ...new Set([
          feature.input,
          feature.day,
          ...[...feature.usualOnDay.parts, ...feature.usual.parts].map((part) => part.input),
        ]),
      ];
    case 'chain':
      return inputsOf(feature.of);
    case 'product':
      return feature.of.flatMap(inputsOf);
    default:
      return [feature.input];
  }
};

/** @param nFeatures numbers from one row's place to the next */
const buildStep = (
  feature: Feature,
  inputs: readonly Input[],
  nFeatures: number,
  digits: Digits,
  depth = 0,
): Step => {
  if (depth > NESTING_LIMIT) throw new TypeError('features are nested too deeply');
  const at = (name: string): number => indexOf(inputs, name);
  /** A step that makes its number of one input's. */
  const fromInput = (name: string, of: (value: number) => number): Step => {
    const i = at(name);
    const nInputs = inputs.length;
    return (raw, rawAt, out, outAt, nRows) => {
      for (let row = 0; row < nRows; row++)
        out[outAt + row * nFeatures] = of(raw[rawAt + row * nInputs + i]!);
    };
  };
  switch (feature.step) {
    case 'number': {
      if (feature.missingNumber === undefined) return fromInput(feature.input, (value) => value);
      const marker = Math.fround(feature.missingNumber);
      return fromInput(feature.input, (value) =>
        Math.fround(value) === marker ? Number.NaN : value,
      );
    }
    case 'code':
      return fromInput(feature.input, (value) => value);
    case 'equals': {
      const code = inputs[at(feature.input)]!.values?.indexOf(feature.value) ?? -1;
      return fromInput(feature.input, (value) => (value === code ? 1 : 0));
    }
    case 'scale': {
      const { shift, scale, missing = Number.NaN } = feature;
      return fromInput(
        feature.input,
        (value) => ((Number.isNaN(value) ? missing : value) - shift) / scale,
      );
    }
    case 'line': {
      const { factor, offset, missing = Number.NaN } = feature;
      return fromInput(
        feature.input,
        (value) => (Number.isNaN(value) ? missing : value) * factor + offset,
      );
    }
    case 'minuteOfDay':
    case 'hour':
    case 'dayOfWeek':
    case 'dayOfYear':
    case 'month':
      return fromInput(feature.input, CALENDAR[feature.step]);
    case 'elapsedMinutes': {
      const [from, to, nInputs] = [at(feature.from), at(feature.to), inputs.length];
      return (raw, rawAt, out, outAt, nRows) => {
        for (let row = 0; row < nRows; row++) {
          const flight = rawAt + row * nInputs;
          out[outAt + row * nFeatures] = raw[flight + to]! - raw[flight + from]!;
        }
      };
    }
    case 'lookup': {
      const lookUp = buildLookup(feature, digits);
      return (_raw, _rawAt, out, outAt, nRows) => lookUp(out, outAt, nFeatures, nRows);
    }
    case 'planned': {
      const [count, day, nInputs] = [at(feature.input), at(feature.day), inputs.length];
      const lookUpDay = buildLookup(feature.usualOnDay, digits);
      const lookUp = buildLookup(feature.usual, digits);
      const usualOnDay = new Float64Array(ENCODER_ROWS);
      const { share } = feature;
      return (raw, rawAt, out, outAt, nRows) => {
        lookUp(out, outAt, nFeatures, nRows);
        lookUpDay(usualOnDay, 0, 1, nRows);
        for (let row = 0; row < nRows; row++) {
          const flight = rawAt + row * nInputs;
          const planned = raw[flight + count]!;
          // Where nothing is usual, as on a weekday without flights, any plan is whole.
          const isWhole = raw[flight + day]! >= share * usualOnDay[row]!;
          if (isWhole && !Number.isNaN(planned)) out[outAt + row * nFeatures] = planned;
        }
      };
    }
    case 'chain': {
      const inner = buildStep(feature.of, inputs, nFeatures, digits, depth + 1);
      const operate = buildOperations(feature.operations);
      return (raw, rawAt, out, outAt, nRows) => {
        inner(raw, rawAt, out, outAt, nRows);
        for (let row = 0; row < nRows; row++)
          out[outAt + row * nFeatures] = operate(out[outAt + row * nFeatures]!);
      };
    }
    case 'product': {
      const factors = feature.of.map((factor) => buildStep(factor, inputs, 1, digits, depth + 1));
      const column = new Float64Array(ENCODER_ROWS);
      return (raw, rawAt, out, outAt, nRows) => {
        for (let row = 0; row < nRows; row++) out[outAt + row * nFeatures] = 1;
        for (let f = factors.length - 1; f >= 0; f--) {
          factors[f]!(raw, rawAt, column, 0, nRows);
          for (let row = 0; row < nRows; row++)
            out[outAt + row * nFeatures] = out[outAt + row * nFeatures]! * column[row]!;
        }
      };
    }
  }
};
