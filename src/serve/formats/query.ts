/**
 * A flight and switches (`explain`, `strict`) from the query of an address.
 */
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { JsonObject } from './body.ts';
import { givenTwice } from './duplicate-names.ts';

export interface Switches {
  readonly explain: boolean;
  /** A value never seen in training is an error. */
  readonly strict: boolean;
}

/** Nobody sends more parameters or fields: to read tens of thousands takes milliseconds, and megabytes that stay a while. */
const PARAMETERS_LIMIT = 1000;

/** @param mark what stands between two of them @throws AppError value-invalid where they are too many */
export const checkNumber = (text: string, mark: string, what: 'address' | 'form'): void => {
  let n = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length))
    if (++n >= PARAMETERS_LIMIT)
      throw new AppError(
        'value-invalid',
        `the ${what} holds more than ${PARAMETERS_LIMIT} parameters`,
      );
};

/** Of an address or a form. @throws AppError value-invalid */
export const parametersOf = (
  text: string,
  what: 'address' | 'form' = 'address',
): URLSearchParams => {
  if (what === 'address' && text === last.text) return last.parameters;
  checkNumber(text, '&', what);
  const parameters = new URLSearchParams(text);
  if (what === 'address') last = { text, parameters };
  return parameters;
};

/** @throws AppError value-invalid where a query holds too many parameters, or one of them twice */
export const checkQuery = (query: string): void => {
  const given = new Set<string>();
  for (const name of parametersOf(query).keys()) {
    if (given.has(name)) throw givenTwice([name]);
    given.add(name);
  }
};

/** Reads the value of one parameter; the others are not read, however many there are. */
type ValueReader = (query: string) => string | null;

/** @param name of letters; the address may write any of them in percents */
export const buildValueReader = (name: string): ValueReader => {
  const letters = [...name].map((letter) => `(?:${letter}|${inPercents(letter)})`);
  const pattern = new RegExp(`(?:^|&)${letters.join('')}(?:=([^&]*))?(?=&|$)`);
  return (query) => {
    const found = query === '' ? null : pattern.exec(query);
    return found && new URLSearchParams(`${name}=${found[1] ?? ''}`).get(name);
  };
};

const inPercents = (letter: string): string =>
  `%${letter
    .charCodeAt(0)
    .toString(16)
    .replace(/[a-f]/, (digit) => `[${digit}${digit.toUpperCase()}]`)}`;

/** Of one request several look at them. */
let last = { text: '', parameters: new URLSearchParams() };

const NONE: Switches = { explain: false, strict: false };

/** @throws AppError value-invalid */
export const parseSwitches = (query: string): Switches => {
  if (query === '') return NONE;
  const parameters = parametersOf(query);
  return { explain: isTrue(parameters, 'explain'), strict: isTrue(parameters, 'strict') };
};

/** @throws AppError value-invalid when it is neither true nor false */
const isTrue = (parameters: URLSearchParams, name: string): boolean => {
  const value = parameters.get(name);
  if (value === null || value === 'false') return false;
  if (value === 'true') return true;
  const detail = `${name} must be true or false`;
  throw new AppError('value-invalid', detail, { faults: [{ pointer: `/${name}`, detail }] });
};

/**
 * The inputs among the parameters, as a request in JSON would hold them: text that is a number becomes one, an empty
 * one is left out. None is given twice.
 */
export const flightOf = (
  parameters: Iterable<readonly [string, unknown]>,
  inputs: readonly Input[],
): JsonObject => {
  const kinds = new Map(inputs.map((input) => [input.name, input.kind]));
  const flight = new Map<string, string | number>();
  for (const [name, value] of parameters) {
    const kind = kinds.get(name);
    if (kind === undefined || typeof value !== 'string' || value === '') continue;
    flight.set(name, kind === 'number' ? numberOf(value) : value);
  }
  // Own members whatever their names are, `__proto__` too.
  return Object.fromEntries(flight);
};

const DECIMAL = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;

/** The number that a text writes in decimal, else the text itself, for the reader to refuse. */
const numberOf = (text: string): number | string => (DECIMAL.test(text) ? Number(text) : text);
