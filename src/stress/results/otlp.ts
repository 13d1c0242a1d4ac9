/**
 * The seconds of a run as metrics of OpenTelemetry (OTLP in JSON): counts that only grow, a histogram of response times,
 * and how it stands. Sent every second while the run goes on; Prometheus takes them too.
 * @source OpenTelemetry protocol 1.3, metrics.proto; JSON Protobuf encoding
 */
import { decodeCounts, lowOf } from '../../core/latency.ts';
import { VERSION } from '../../core/version.ts';
import { COARSE_SCALE, type Window } from '../coordinator/window.ts';

/** Adds windows up to the metrics that a collector is sent. */
interface OtlpMetrics {
  /** The request's body after one more window. @param nowMs since 1970 */
  readonly add: (window: Window, nowMs: number) => object;
}

const OUTCOME_KEYS = [
  'ok',
  'httpError',
  'wrong',
  'socketError',
  'timeout',
  'unanswered',
  'dropped',
] as const;
const OUTCOME_NAMES: Readonly<Record<(typeof OUTCOME_KEYS)[number], string>> = {
  ok: 'ok',
  httpError: 'http_error',
  wrong: 'wrong',
  socketError: 'socket_error',
  timeout: 'timeout',
  unanswered: 'unanswered',
  dropped: 'dropped',
};

/** Bounds that are also those of the coarse buckets, so that counts are exact: powers of two, 128 us to 67 s. */
const BOUND_BITS = Array.from({ length: 20 }, (_, i) => i + 7);
const BOUNDS_S = BOUND_BITS.map((bits) => 2 ** bits / 1e6);
const CUMULATIVE = 2;

/** @param url of the service under stress; @param startMs since 1970, when counting began */
export const buildOtlpMetrics = (url: string, startMs: number): OtlpMetrics => {
  const outcomes = new Map(OUTCOME_KEYS.map((key) => [key, 0]));
  const buckets = new Array<number>(BOUNDS_S.length + 1).fill(0);
  let planned = 0;
  let sent = 0;
  let sumS = 0;
  return {
    add: (window, nowMs) => {
      planned += window.planned;
      sent += window.sent;
      for (const key of OUTCOME_KEYS) outcomes.set(key, outcomes.get(key)! + window[key]);
      const counts = decodeCounts(COARSE_SCALE, window.heat);
      for (let bucket = 0; bucket < counts.length; bucket++) {
        const count = counts[bucket]!;
        if (count === 0) continue;
        buckets[boundAbove(lowOf(COARSE_SCALE, bucket))]! += count;
        sumS += (count * (lowOf(COARSE_SCALE, bucket) + lowOf(COARSE_SCALE, bucket + 1))) / 2 / 1e6;
      }
      const time = { timeUnixNano: nanoseconds(nowMs) };
      const since = { startTimeUnixNano: nanoseconds(startMs), ...time };
      const total = (name: string, description: string, points: readonly Point[]) => ({
        name,
        description,
        unit: '{request}',
        sum: {
          aggregationTemporality: CUMULATIVE,
          isMonotonic: true,
          dataPoints: points.map(({ count, attributes = [] }) => ({
            ...since,
            asInt: String(count),
            attributes,
          })),
        },
      });
      const now = (name: string, unit: string, value: number | null, description: string) =>
        value === null
          ? []
          : [
              {
                name,
                description,
                unit,
                gauge: { dataPoints: [{ ...time, asDouble: value, attributes: [] }] },
              },
            ];
      return {
        resourceMetrics: [
          {
            resource: {
              attributes: [text('service.name', 'puntual-stress'), text('server.address', url)],
            },
            scopeMetrics: [
              {
                scope: { name: 'puntual.stress', version: VERSION },
                metrics: [
                  total('puntual.stress.planned', 'Requests that were planned', [
                    { count: planned },
                  ]),
                  total('puntual.stress.sent', 'Requests that were sent', [{ count: sent }]),
                  total(
                    'puntual.stress.requests',
                    'Requests that have ended, by how',
                    OUTCOME_KEYS.map((key) => ({
                      count: outcomes.get(key)!,
                      attributes: [text('outcome', OUTCOME_NAMES[key])],
                    })),
                  ),
                  {
                    name: 'puntual.stress.response_time',
                    description: 'From the planned moment to the end of the answer',
                    unit: 's',
                    histogram: {
                      aggregationTemporality: CUMULATIVE,
                      dataPoints: [
                        {
                          ...since,
                          count: String(buckets.reduce((sum, count) => sum + count, 0)),
                          sum: sumS,
                          bucketCounts: buckets.map(String),
                          explicitBounds: BOUNDS_S,
                          attributes: [],
                        },
                      ],
                    },
                  },
                  ...now(
                    'puntual.stress.response_time.p50',
                    's',
                    inSeconds(window.p50Ms),
                    'Of the last second',
                  ),
                  ...now(
                    'puntual.stress.response_time.p99',
                    's',
                    inSeconds(window.p99Ms),
                    'Of the last second',
                  ),
                  ...now('puntual.stress.connections', '{connection}', window.nOpen, 'Open now'),
                  ...now(
                    'puntual.stress.in_flight',
                    '{request}',
                    window.inFlight,
                    'Mean of the last second',
                  ),
                  ...now(
                    'puntual.stress.generator.busy',
                    '1',
                    window.busy,
                    'Share of the time that its busiest process ran',
                  ),
                ],
              },
            ],
          },
        ],
      };
    },
  };
};

interface Point {
  readonly count: number;
  readonly attributes?: readonly object[];
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;

const inSeconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** Place of the first bound that a bucket does not reach past. */
const boundAbove = (lowUs: number): number => {
  const at = BOUND_BITS.findIndex((bits) => lowUs < 2 ** bits);
  return at < 0 ? BOUND_BITS.length : at;
};
