/**
 * The inputs file of `model import`: names for a foreign model's columns, and what they mean.
 * Its form is described in docs/model-file.md.
 */
import { AppError } from '../core/errors.ts';
import { jsonFault } from '../core/json-fault.ts';
import type { InputKind } from '../core/flight.ts';

/** One input, and the columns that are made of it. */
export interface InputSpec {
  readonly name: string;
  readonly kind?: InputKind;
  /** Name of the one column that holds the input as it is. */
  readonly column?: string;
  /**
   * One-hot: a pattern such as `OPERA_*`, or value by column name. Of a time: step by column name.
   */
  readonly columns?: string | Readonly<Record<string, string>>;
  /** One-hot columns in order (where columns have no names), or the values of a column of codes. */
  readonly values?: readonly string[];
  readonly required?: boolean;
  readonly description?: string;
  readonly unit?: string;
}

export interface InputsFile {
  readonly name?: string;
  /** The delay in minutes from which the model calls a flight late. */
  readonly minutes?: number;
  /** A flight is called delayed from this probability on. */
  readonly threshold?: number;
  /** The class label that the probability is of. */
  readonly positive?: string;
  /** Where in a pickle the model is: keys, indices and attributes, by dots. */
  readonly path?: string;
  /** Names of the columns in order. */
  readonly columns?: readonly string[];
  readonly inputs?: readonly InputSpec[];
}

const KINDS = ['category', 'number', 'time'];

/**
 * A list of column names, a list of inputs, or an object that holds either.
 * @throws AppError value-invalid, with the place
 */
export const parseInputsFile = (text: string): InputsFile => {
  const spec = parseJson(text);
  if (Array.isArray(spec)) {
    return parseObject(
      spec.every((item) => typeof item === 'string') ? { columns: spec } : { inputs: spec },
    );
  }
  if (!isRecord(spec)) throw invalid('it must be an object or a list');
  return parseObject(spec);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON: ${jsonFault(error)}`);
  }
};

const parseObject = (spec: Readonly<Record<string, unknown>>): InputsFile => {
  const { name, minutes, threshold, positive, path, columns, inputs } = spec;
  if (name !== undefined && typeof name !== 'string') throw invalid('"name" must be a string');
  if (path !== undefined && typeof path !== 'string') throw invalid('"path" must be a string');
  if (minutes !== undefined && !(typeof minutes === 'number' && minutes >= 0))
    throw invalid('"minutes" must be a number from 0 on');
  if (
    threshold !== undefined &&
    !(typeof threshold === 'number' && threshold >= 0 && threshold <= 1)
  )
    throw invalid('"threshold" must lie between 0 and 1');
  if (columns !== undefined && !isStrings(columns))
    throw invalid('"columns" must be a list of names');
  if (inputs !== undefined && !Array.isArray(inputs)) throw invalid('"inputs" must be a list');
  return {
    ...(name !== undefined && { name }),
    ...(minutes !== undefined && { minutes }),
    ...(threshold !== undefined && { threshold }),
    ...(positive !== undefined && { positive: String(positive) }),
    ...(path !== undefined && { path }),
    ...(columns !== undefined && { columns }),
    ...(inputs !== undefined && { inputs: inputs.map(parseInput) }),
  };
};

const parseInput = (input: unknown, i: number): InputSpec => {
  if (typeof input === 'string') return { name: input };
  if (!isRecord(input) || typeof input['name'] !== 'string' || input['name'] === '')
    throw invalid(`input ${i} needs a "name"`);
  const name = input['name'];
  const { kind, column, columns, values, required, description, unit } = input;
  if (kind !== undefined && !KINDS.includes(kind as string))
    throw invalid(`the "kind" of ${name} must be one of ${KINDS.join(', ')}`);
  if (column !== undefined && typeof column !== 'string')
    throw invalid(`the "column" of ${name} must be a string`);
  if (columns !== undefined && typeof columns !== 'string' && !isMapping(columns))
    throw invalid(`the "columns" of ${name} must be a pattern, or an object of strings`);
  if (typeof columns === 'string' && !columns.endsWith('*'))
    throw invalid(`the "columns" of ${name} must end in '*', or be an object of strings`);
  const texts = Array.isArray(values) ? values.map(String) : undefined;
  if (values !== undefined && texts === undefined)
    throw invalid(`the "values" of ${name} must be a list`);
  if (texts && new Set(texts).size !== texts.length)
    throw invalid(`the "values" of ${name} hold one twice`);
  return {
    name,
    ...(kind !== undefined && { kind: kind as InputKind }),
    ...(column !== undefined && { column }),
    ...(columns !== undefined && { columns }),
    ...(texts !== undefined && { values: texts }),
    ...(typeof required === 'boolean' && { required }),
    ...(typeof description === 'string' && { description }),
    ...(typeof unit === 'string' && { unit }),
  };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isMapping = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((item) => typeof item === 'string');

const invalid = (detail: string): AppError =>
  new AppError('value-invalid', `the inputs file cannot be used: ${detail}`);
