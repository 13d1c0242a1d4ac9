/**
 * The `key=value` lines of LightGBM's text, and the numbers in them.
 */
import { AppError } from '../../core/errors.ts';

export type Fields = ReadonlyMap<string, string>;

/** `key=value` lines; a key that stands alone has the value ''. */
export const parseFields = (part: string): Fields => {
  const fields = new Map<string, string>();
  for (const line of part.split(/\r?\n/)) {
    const at = line.indexOf('=');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1));
    else if (line !== '') fields.set(line, '');
  }
  return fields;
};

export const fieldNumbers = (fields: Fields, name: string): number[] => {
  const text = fields.get(name);
  return text === undefined || text === '' ? [] : text.trim().split(/\s+/).map(numberOf);
};

/** C++ writes infinity in its own way: a split by "missing or not" has it for its threshold. */
const numberOf = (text: string): number =>
  text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);

export const fieldNumberList = (fields: Fields, name: string, length: number): number[] => {
  const numbers = fieldNumbers(fields, name);
  if (numbers.length !== length || numbers.some(Number.isNaN))
    throw broken(`${name} should be ${length} numbers`);
  return numbers;
};

export const fieldWhole = (fields: Fields, name: string): number => {
  const number = Number(fields.get(name) ?? Number.NaN);
  if (!Number.isInteger(number) || number < 0 || number > 10_000_000)
    throw broken(`${name} is missing or not a whole number`);
  return number;
};

export const broken = (detail: string): AppError =>
  new AppError('model-broken', `the LightGBM model cannot be read: ${detail}`);

export const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the LightGBM model ${detail}`);
