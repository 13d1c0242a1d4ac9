/**
 * The closed tables of names that metrics carry: routes, reasons for refusing, reasons for a new worker.
 */

/** Templates, never raw paths; `other` is every path that is not here. New ones go before `other`. */
export const ROUTES = [
  '/predict',
  '/result',
  '/',
  '/model',
  '/livez',
  '/readyz',
  '/openapi.json',
  '/postman.json',
  '/docs',
  '/assets/{file}',
  '/service',
  '/service/events',
  '/service/reports',
  '/v2',
  '/v2/health/live',
  '/v2/health/ready',
  '/v2/models/{model}',
  '/v2/models/{model}/ready',
  '/v2/models/{model}/infer',
  '/v2/repository/index',
  'other',
] as const;
export type Route = (typeof ROUTES)[number];

/** Known methods; anything else counts as `_OTHER`. @source OpenTelemetry HTTP semantic conventions */
export const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', '_OTHER'] as const;

/** Why a request was refused although nothing was wrong with it. */
export const SHED_REASONS = [
  'overload',
  'queue-full',
  'deadline',
  'client-gone',
  'quota',
  'slow',
  'memory',
  'caller-busy',
] as const;
export type ShedReason = (typeof SHED_REASONS)[number];

/** Calls of the operating system whose refusal is counted. */
export const SYSTEM_CALLS = ['setsockopt', 'getsockopt', 'close_range', 'sendmsg'] as const;
export type SystemCall = (typeof SYSTEM_CALLS)[number];

/** Models that one service can answer with, the first one included. */
export const MODELS_LIMIT = 16;

/** Why an answer was not compared with the shadow's. */
export const SHADOW_SKIPS = ['busy', 'unknown-value'] as const;

/** What a prediction said. */
export const OUTCOMES = ['on-time', 'delayed'] as const;

/** What came of a flight that a worker asks itself: `failed` is no answer at all. */
export const CANARY_OUTCOMES = ['right', 'wrong', 'failed'] as const;
export type CanaryOutcome = (typeof CANARY_OUTCOMES)[number];

/** Why a worker was replaced. */
export const RESTART_REASONS = [
  'crashed',
  'killed',
  'hung',
  'memory',
  'start-failed',
  'asked',
] as const;
export type RestartReason = (typeof RESTART_REASONS)[number];

/** What a pushed count is of: all since the start, or what is new. @source OpenTelemetry metrics data model */
export const TEMPORALITIES = ['cumulative', 'delta'] as const;
export type Temporality = (typeof TEMPORALITIES)[number];
