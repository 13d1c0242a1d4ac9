/**
 * Service level objectives as OpenSLO has them: a share of good events over a window, each event counted in Prometheus.
 * @source OpenSLO v1, kind SLO with a ratioMetric
 */
import { AppError } from '../core/errors.ts';
import { readRegularFile } from '../core/files/regular-file.ts';

export interface Objective {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly service: string;
  /** Share of events that must be good, between 0 and 1. */
  readonly target: number;
  readonly windowDays: number;
  /**
   * Share of bad events as PromQL, for a window as Prometheus writes it: `5m`. Without events there is no share: 0 / 0
   * would stay in the average of the whole window.
   */
  readonly errorRatio: (window: string) => string;
  /** Answers within so many milliseconds are good; undefined: those without an error are. */
  readonly quickMs: number | undefined;
  /** Whether its events are requests, so that a stress run can be held to it. */
  readonly isOfRequests: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const WINDOW = '{{.window}}';

const LIMIT_BYTES = 1024 * 1024;

/** @throws AppError file-missing, file-unreadable, file-broken, value-invalid */
export const readObjectives = (path: string): readonly Objective[] =>
  parseObjectives(readRegularFile(path, LIMIT_BYTES).toString(), path);

/**
 * Every SLO of an OpenSLO file; other kinds are passed over.
 * @throws AppError file-broken, value-invalid
 */
const parseObjectives = (text: string, path: string): readonly Objective[] => {
  let documents: unknown;
  try {
    documents = Bun.YAML.parse(text);
  } catch (error) {
    throw new AppError('file-broken', `${path} is not YAML: ${(error as Error).message}`);
  }
  const objectives = (Array.isArray(documents) ? documents : [documents])
    .filter((document): document is Fields => isFields(document) && document['kind'] === 'SLO')
    .map((document) => objectiveOf(document, path));
  if (objectives.length === 0)
    throw new AppError('value-invalid', `${path} holds no document of kind SLO (OpenSLO v1)`);
  return objectives;
};

const objectiveOf = (document: Fields, path: string): Objective => {
  const name = textAt(document, ['metadata', 'name'], path);
  const place = `${path}, SLO '${name}'`;
  if (document['apiVersion'] !== 'openslo/v1')
    throw wrong(place, 'apiVersion', document['apiVersion'], "'openslo/v1'");
  const spec = fieldsAt(document, ['spec'], place);
  const method = spec['budgetingMethod'];
  if (method !== 'Occurrences') throw wrong(place, 'budgetingMethod', method, "'Occurrences'");
  const objectives = spec['objectives'];
  if (!Array.isArray(objectives) || objectives.length !== 1)
    throw new AppError('value-invalid', `${place}: objectives must be a list of one`);
  const { target } = objectives[0] as { target?: unknown };
  if (typeof target !== 'number' || !(target > 0 && target < 1))
    throw wrong(place, 'target', target, 'a share between 0 and 1, such as 0.999');
  const ratio = fieldsAt(spec, ['indicator', 'spec', 'ratioMetric'], place);
  if (ratio['counter'] !== true)
    throw wrong(place, 'ratioMetric.counter', ratio['counter'], 'true');
  const total = queryAt(ratio, 'total', place);
  const isBad = ratio['bad'] !== undefined;
  const part = queryAt(ratio, isBad ? 'bad' : 'good', place);
  const edge = isBad ? undefined : /\ble="([\d.]+)"/.exec(part)?.[1];
  return {
    name,
    displayName: textAt(document, ['metadata', 'displayName'], place),
    description: textAt(spec, ['description'], place),
    service: textAt(spec, ['service'], place),
    target,
    windowDays: windowDaysOf(spec, place),
    errorRatio: (window) => {
      const of = (query: string): string => query.replaceAll(WINDOW, window);
      return isBad
        ? `(${of(part)})\n/\n((${of(total)}) > 0)`
        : `1 - (\n  (${of(part)})\n  /\n  ((${of(total)}) > 0)\n)`;
    },
    quickMs: edge === undefined ? undefined : Number(edge) * 1000,
    isOfRequests: /\bhttp_server_request_duration_seconds_/.test(total),
  };
};

const windowDaysOf = (spec: Fields, place: string): number => {
  const [window] = Array.isArray(spec['timeWindow']) ? (spec['timeWindow'] as unknown[]) : [];
  const { duration, isRolling } = isFields(window) ? window : ({} as Fields);
  const days = /^([1-9]\d*)d$/.exec(String(duration))?.[1];
  if (days === undefined || isRolling !== true)
    throw wrong(place, 'timeWindow', duration, "a rolling window of days, such as '30d'");
  return Number(days);
};

const queryAt = (ratio: Fields, part: string, place: string): string => {
  const query = textAt(ratio, [part, 'metricSource', 'spec', 'query'], place).trim();
  if (!query.includes(WINDOW))
    throw wrong(place, `the query of '${part}'`, query, `a query with [${WINDOW}]`);
  return query;
};

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const fieldsAt = (from: Fields, path: readonly string[], place: string): Fields => {
  let at: unknown = from;
  for (const key of path) at = isFields(at) ? at[key] : undefined;
  if (!isFields(at)) throw new AppError('value-invalid', `${place}: ${path.join('.')} is missing`);
  return at;
};

const textAt = (from: Fields, path: readonly string[], place: string): string => {
  const parent = path.length > 1 ? fieldsAt(from, path.slice(0, -1), place) : from;
  const text = parent[path.at(-1)!];
  if (typeof text !== 'string' || text === '')
    throw new AppError('value-invalid', `${place}: ${path.join('.')} is missing, or no text`);
  return text;
};

const wrong = (place: string, field: string, value: unknown, expected: string): AppError =>
  new AppError(
    'value-invalid',
    `${place}: ${field} is ${JSON.stringify(value) ?? 'missing'}; ${expected} is expected`,
  );
