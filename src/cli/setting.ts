/**
 * Settings with one order of precedence: flag, then environment variable, then default; `--help` prints all three.
 */
import { InvalidArgumentError, Option } from 'commander';
import { MINUTES_PER_DAY } from '../core/calendar.ts';
import { decodeTime } from '../core/flight.ts';
import { parseDurationMs } from '../core/duration.ts';

/** A flag whose environment variable is `PUNTUAL_` and its name: `--admin-port` reads PUNTUAL_ADMIN_PORT. */
export const setting = (flags: string, description: string, fallback?: unknown): Option => {
  const option = new Option(flags, description);
  option.env(`PUNTUAL_${option.name().replaceAll('-', '_').toUpperCase()}`);
  return fallback === undefined ? option : option.default(fallback);
};

/** A parser for whole numbers in a range. @throws InvalidArgumentError */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === '' || !Number.isInteger(number) || number < min || number > max) {
      throw new InvalidArgumentError(`A whole number from ${min} to ${max} is expected.`);
    }
    return number;
  };

/** A parser for numbers in a range. @throws InvalidArgumentError */
export const realNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === '' || !(number >= min && number <= max)) {
      throw new InvalidArgumentError(`A number from ${min} to ${max} is expected.`);
    }
    return number;
  };

/** Milliseconds of a duration: `30s`, `500ms`, `1m30s`, `1h`, or plain seconds. @throws InvalidArgumentError */
export const durationMs = (text: string): number => {
  const ms = parseDurationMs(text);
  if (ms === undefined)
    throw new InvalidArgumentError("A duration such as '30s', '500ms' or '1m30s' is expected.");
  return ms;
};

/** The same, of at least so long. @throws InvalidArgumentError */
export const durationFrom =
  (minMs: number) =>
  (text: string): number => {
    const ms = durationMs(text);
    if (ms < minMs) throw new InvalidArgumentError(`At least ${minMs}ms is expected.`);
    return ms;
  };

/*
 * Variables that Kubernetes sets for Services and that look like ours: a Service called `puntual` sets
 * `PUNTUAL_PORT=tcp://10.96.0.7:80` in every pod of its namespace, one called `puntual-admin` PUNTUAL_ADMIN_PORT.
 * Source: Kubernetes, "Environment variables" of Services, compatible with Docker's links.
 */

/** `tcp://10.96.0.7:80`; never the value of a setting of ours, all of which are numbers where the name ends in _PORT. */
const LINK = /^(?:tcp|udp|sctp):\/\//;

/**
 * Takes such variables out of the environment.
 * @returns their names
 */
export const takeServiceLinks = (env: Record<string, string | undefined>): readonly string[] => {
  const names = Object.keys(env).filter(
    (name) => name.startsWith('PUNTUAL_') && name.endsWith('_PORT') && LINK.test(env[name] ?? ''),
  );
  for (const name of names) delete env[name];
  return names;
};

/** Days since 1970-01-01 of a date. @throws InvalidArgumentError */
export const dayOfDate = (text: string): number => {
  const minutes = decodeTime(`${text.trim()}T00:00`);
  if (Number.isNaN(minutes))
    throw new InvalidArgumentError('A date such as 2013-11-01 is expected.');
  return minutes / MINUTES_PER_DAY;
};
