/**
 * What a model asks for: names, kinds, known values; and the reading of one request into numbers.
 *
 * Every input becomes one float64: a category its code, a number itself, a time its local minutes
 * since 1970-01-01T00:00; NaN where it is missing or was never seen.
 */
import { AppError, type Fault, pointerTo } from './errors.ts';
import { decodeTime, type InputKind } from './flight.ts';
import type { Column } from './table.ts';

/**
 * What a library makes of a number that stands for a category. `cut` (LightGBM): cut off towards zero, and missing where
 * no code is such. With the other rules the last of the values stands for every number that is no code: one that is
 * negative, or too large after it was cut off (`cutSingle`, XGBoost), or that is not equal to a code (`equal`, ONNX).
 * `Single` rounds it to single precision first.
 */
export type CodeRule = 'cut' | 'cutSingle' | 'equal' | 'equalSingle';

export interface Input {
  readonly name: string;
  readonly kind: InputKind;
  readonly required: boolean;
  readonly description: string;
  /** Unit of a number. */
  readonly unit?: string;
  /** Known values of a category, sorted; a code is an index into it. */
  readonly values?: readonly string[];
  /** Whether a category takes none but its known values, as an encoder of another library that was told so. */
  readonly onlyKnown?: boolean;
  /** Of a category whose values are the codes 0, 1, 2, ... of another library: what that makes of other numbers. */
  readonly codes?: CodeRule;
  /** Numbers beyond these are refused, as the library of a foreign model refuses what it cannot compute with. */
  readonly least?: number;
  readonly most?: number;
  /** A number that the model tells apart from others, for an example. */
  readonly example?: number;
}

/** What was odd about a request that could still be read. */
interface Reading {
  /** Values that break the contract (wrong type, required but missing); non-empty means no prediction. */
  readonly faults: Fault[];
  /** Names of categories whose value was never seen in training; they count as missing. */
  readonly unknown: string[];
}

type InputReader = (
  request: Readonly<Record<string, unknown>>,
  into: Float64Array,
  at: number,
) => Reading;

/**
 * A reader that fills `into[at .. at + inputs.length)` from one request and says what was odd.
 * @cost one map look-up per category
 */
export const buildInputReader = (inputs: readonly Input[]): InputReader => {
  const codes = inputs.map((input) => buildCodeReader(input));
  return (request, into, at) => {
    const reading: Reading = { faults: [], unknown: [] };
    for (let i = 0; i < inputs.length; i++) {
      into[at + i] = readValue(inputs[i]!, codes[i], request, reading);
    }
    return reading;
  };
};

/** The code of a value, undefined where it is not known. */
type CodeReader = (value: string) => number | undefined;

/** Reads the values of a category; undefined for an input that is none. */
export const buildCodeReader = ({ kind, values = [], codes }: Input): CodeReader | undefined => {
  if (kind !== 'category') return undefined;
  const known = new Map(values.map((value, code) => [value, code]));
  if (codes === undefined) return (value) => known.get(value);
  return (value) => known.get(value) ?? codeOfNumber(value, codes, values.length);
};

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const codeOfNumber = (value: string, rule: CodeRule, nValues: number): number | undefined => {
  if (!NUMBER.test(value)) return undefined;
  if (rule === 'cut') {
    // Not the negative zero.
    const code = Math.trunc(Number(value)) + 0;
    return code >= 0 && code < nValues ? code : undefined;
  }
  const last = nValues - 1;
  const number = (rule === 'equal' ? Number(value) : Math.fround(Number(value))) + 0;
  const code = Math.trunc(number);
  const isCode = number >= 0 && code < last && (rule === 'cutSingle' || code === number);
  return isCode ? code : last;
};

const readValue = (
  input: Input,
  codeOf: CodeReader | undefined,
  request: Readonly<Record<string, unknown>>,
  reading: Reading,
): number => {
  const value = Object.hasOwn(request, input.name) ? request[input.name] : undefined;
  if (value === undefined || value === null || (value === '' && input.kind !== 'number')) {
    if (input.required) fault(reading, input, 'is required');
    return Number.NaN;
  }
  switch (input.kind) {
    case 'category': {
      if (typeof value !== 'string' && typeof value !== 'number') {
        return fault(reading, input, 'must be a string');
      }
      const code = codeOf!(String(value));
      if (code !== undefined) return code;
      if (input.onlyKnown) return fault(reading, input, mustBeKnown(input));
      reading.unknown.push(input.name);
      return Number.NaN;
    }
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return fault(reading, input, 'must be a number');
      }
      if (isOutOfRange(input, value)) return fault(reading, input, mustLieWithin(input));
      return value;
    }
    case 'time': {
      const minutes = typeof value === 'string' ? decodeTime(value) : Number.NaN;
      if (Number.isNaN(minutes)) {
        return fault(reading, input, 'must be a local time such as 2013-07-05T18:30');
      }
      return minutes;
    }
  }
};

/** Whether a number is beyond what its input takes; a missing one is not. */
export const isOutOfRange = ({ least, most }: Input, value: number): boolean =>
  (least !== undefined && value < least) || (most !== undefined && value > most);

/** What a number that is out of range ought to be. */
export const mustLieWithin = ({ least, most }: Input): string => {
  if (most === undefined || most >= SINGLE_LIMIT)
    return least === undefined || least <= -SINGLE_LIMIT
      ? 'must fit single precision'
      : `must be at least ${least}`;
  return least === undefined || least <= -SINGLE_LIMIT
    ? `must be at most ${most}`
    : `must lie between ${least} and ${most}`;
};

/** The largest number of single precision. */
export const SINGLE_LIMIT = 3.4028234663852886e38;

const NAMES_SHOWN = 8;

/** The refusal of flights that have nothing of what a model asks: every answer would be the same. */
export const noInputError = (files: string, inputs: readonly Input[]): AppError => {
  const names = inputs.slice(0, NAMES_SHOWN).map(({ name }) => name);
  const more = inputs.length > NAMES_SHOWN ? `, ... (${inputs.length})` : '';
  return new AppError(
    'columns-unknown',
    `${files}: none of the model's inputs is there: ${names.join(', ')}${more}`,
  );
};

const VALUES_SHOWN = 12;

/** What a category that takes none but its known values asks for. */
export const mustBeKnown = ({ values = [] }: Input): string =>
  `must be one of ${values.slice(0, VALUES_SHOWN).join(', ')}${values.length > VALUES_SHOWN ? `, ... (${values.length} values)` : ''}`;

const fault = (reading: Reading, input: Input, must: string): number => {
  reading.faults.push({ pointer: pointerTo(input.name), detail: `${input.name} ${must}` });
  return Number.NaN;
};

/** Which rows of one input are read, and where they go: row `first + i` to `into[at + i * stride]`. */
interface InputRows {
  readonly into: Float64Array;
  readonly at: number;
  readonly stride: number;
  readonly first: number;
  readonly nRows: number;
}

/**
 * A reader of one input from a table column, some rows at a time.
 * A column that is absent or of another kind gives NaN. Codes are translated to the model's dictionary.
 */
export const buildColumnReader = (
  input: Input,
  column: Column | undefined,
): ((rows: InputRows) => void) => {
  if (column?.kind === 'category' && input.kind === 'category') {
    const codeOf = buildCodeReader(input)!;
    const translated = Float64Array.from(column.values, (value) => codeOf(value) ?? Number.NaN);
    const { codes } = column;
    return ({ into, at, stride, first, nRows }) => {
      for (let i = 0; i < nRows; i++) {
        const code = codes[first + i]!;
        into[at + i * stride] = code < 0 ? Number.NaN : translated[code]!;
      }
    };
  }
  const numbers =
    column?.kind === 'number' && input.kind === 'number'
      ? column.numbers
      : column?.kind === 'time' && input.kind === 'time'
        ? column.minutes
        : undefined;
  return ({ into, at, stride, first, nRows }) => {
    for (let i = 0; i < nRows; i++)
      into[at + i * stride] = numbers ? numbers[first + i]! : Number.NaN;
  };
};
