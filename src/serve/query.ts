/**
 * What stands behind the question mark: switches such as `explain` and `strict`, and a flight asked for by GET.
 * Stands between the address of a request and the routes.
 */
import { AppError } from '../core/errors.ts';
import type { Input } from '../core/inputs.ts';
import type { JsonObject } from './body.ts';

export interface Switches {
  readonly explain: boolean;
  /** A value never seen in training is an error. */
  readonly strict: boolean;
}

const NONE: Switches = { explain: false, strict: false };

/** @throws AppError value-invalid */
export const parseSwitches = (query: string): Switches => {
  if (query === '') return NONE;
  const parameters = new URLSearchParams(query);
  return { explain: isOn(parameters, 'explain'), strict: isOn(parameters, 'strict') };
};

/** @throws AppError value-invalid when it is neither true nor false */
export const isOn = (parameters: URLSearchParams, name: string): boolean => {
  const value = parameters.get(name);
  if (value === null || value === 'false' || value === '0') return false;
  if (value === '' || value === 'true' || value === '1') return true;
  throw new AppError('value-invalid', `${name} must be true or false`, {
    faults: [{ pointer: `/${name}`, detail: `${name} must be true or false` }],
  });
};

/** The inputs among the parameters, as a request in JSON would hold them: text that is a number becomes one. */
export const flightOf = (
  parameters: Iterable<readonly [string, unknown]>,
  inputs: readonly Input[],
): JsonObject => {
  const kinds = new Map(inputs.map((input) => [input.name, input.kind]));
  const flight: Record<string, unknown> = {};
  for (const [name, value] of parameters) {
    const kind = kinds.get(name);
    if (kind === undefined || typeof value !== 'string') continue;
    const text = value.trim();
    flight[name] = kind === 'number' && text !== '' ? numberOf(text) : text;
  }
  return flight;
};

const DECIMAL = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;

/** The number that a text writes in decimal, else the text itself, for the reader to refuse. */
const numberOf = (text: string): number | string => (DECIMAL.test(text) ? Number(text) : text);
