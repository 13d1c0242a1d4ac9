/**
 * The metric families of `/metrics`: every metric of the service with its help, kind and samples.
 */
import { driftOf, MIN_PSI } from '../../core/distribution.ts';
import { OUTCOMES, RESTART_REASONS, SHED_REASONS, SYSTEM_CALLS } from '../labels.ts';
import { MIN_SEEN } from './drift-counters.ts';
import { INFERENCE_BOUNDS, REQUEST_BOUNDS } from './shared-counters.ts';
import type { RequestSeries, Totals } from './totals.ts';
import type { ServiceView } from './view.ts';

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

const WORKER_STATES = ['starting', 'ready', 'draining'] as const;

export const metricFamiliesOf = (view: ServiceView, version: string): readonly MetricFamily[] => {
  const totals = view.totals();
  return [
    ...requestFamilies(totals, view.scheme),
    ...processFamilies(view),
    ...modelFamilies(view),
    {
      name: 'puntual_build_info',
      help: 'Always 1; the labels say which build this is.',
      kind: 'gauge',
      samples: [{ labels: { version, runtime: `bun ${Bun.version}` }, value: 1 }],
    },
  ];
};

type RequestLabels = Readonly<Record<string, string | number>>;

/** @source https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute */
const OVERFLOW: RequestLabels = { otel_metric_overflow: 'true' };

/** @source OpenTelemetry semantic conventions, http.server.request.duration */
const requestLabels = (
  { route, method, status }: NonNullable<RequestSeries['request']>,
  scheme: ServiceView['scheme'],
): RequestLabels => ({
  http_request_method: method,
  http_route: route,
  http_response_status_code: status,
  url_scheme: scheme,
  ...(status >= 500 ? { error_type: status } : {}),
});

const requestFamilies = (
  totals: Totals,
  scheme: ServiceView['scheme'],
): readonly MetricFamily[] => [
  {
    name: 'http_server_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer, by route, method and status.',
    kind: 'histogram',
    samples: [...totals.series.values()].flatMap(({ request, cells }) =>
      histogram(REQUEST_BOUNDS, cells, request ? requestLabels(request, scheme) : OVERFLOW),
    ),
  },
  {
    name: 'puntual_inference_duration_seconds',
    help: 'Time of one call of the predictor.',
    kind: 'histogram',
    samples: histogram(INFERENCE_BOUNDS, totals.inference, {}),
  },
  {
    name: 'puntual_predictions_total',
    help: 'Flights answered, by what the answer was.',
    kind: 'counter',
    samples: OUTCOMES.map((outcome, i) => ({
      labels: { outcome },
      value: totals.outcomes[i]!,
    })),
  },
  {
    name: 'puntual_shed_total',
    help: 'Requests refused although nothing was wrong with them, by reason.',
    kind: 'counter',
    samples: SHED_REASONS.map((reason, i) => ({ labels: { reason }, value: totals.shed[i]! })),
  },
  {
    name: 'puntual_log_lines_dropped_total',
    help: 'Log lines of workers that were dropped because whoever reads stderr had stalled.',
    kind: 'counter',
    samples: [{ labels: {}, value: totals.droppedLines[0]! }],
  },
  {
    name: 'puntual_system_call_failures_total',
    help: 'Calls that the operating system refused: without them a draining worker cannot hold new connections back.',
    kind: 'counter',
    samples: SYSTEM_CALLS.map((call, i) => ({
      labels: { call },
      value: totals.systemFailures[i]!,
    })),
  },
];

const processFamilies = (view: ServiceView): readonly MetricFamily[] => [
  {
    name: 'puntual_workers',
    help: 'Worker processes, by state.',
    kind: 'gauge',
    samples: WORKER_STATES.map((state) => ({
      labels: { state },
      value: view.workers.filter((worker) => worker.state === state).length,
    })),
  },
  {
    name: 'puntual_worker_restarts_total',
    help: 'Workers replaced, by reason.',
    kind: 'counter',
    samples: RESTART_REASONS.map((reason) => ({
      labels: { reason },
      value: view.restarts[reason],
    })),
  },
  {
    name: 'puntual_worker_memory_bytes',
    help: 'Resident memory of a worker.',
    kind: 'gauge',
    samples: view.workers.map(({ id, rssMb }) => ({
      labels: { worker: id },
      value: rssMb * 2 ** 20,
    })),
  },
  {
    name: 'puntual_requests_in_hand',
    help: 'Requests being worked on now.',
    kind: 'gauge',
    samples: [{ labels: {}, value: view.workers.reduce((sum, { inHand }) => sum + inHand, 0) }],
  },
  {
    name: 'puntual_reloads_total',
    help: 'New models asked for, by outcome; after a refusal the old model goes on serving.',
    kind: 'counter',
    samples: [
      { labels: { outcome: 'ok' }, value: view.reloads.ok },
      { labels: { outcome: 'refused' }, value: view.reloads.refused },
    ],
  },
  {
    name: 'puntual_ready',
    help: '1 when the service is ready.',
    kind: 'gauge',
    samples: [{ labels: {}, value: view.ready ? 1 : 0 }],
  },
  {
    name: 'process_start_time_seconds',
    help: 'Start of the supervisor, in seconds since 1970.',
    kind: 'gauge',
    samples: [{ labels: {}, value: view.startedSeconds }],
  },
];

const modelFamilies = ({ model, drift }: ServiceView): readonly MetricFamily[] =>
  model === undefined
    ? []
    : [
        {
          name: 'puntual_input_drift_psi',
          help: `Population stability index of live inputs against training, less what samples differ by anyhow; from ${MIN_PSI.moderate} they have moved, from ${MIN_PSI.strong} strongly.`,
          kind: 'gauge',
          samples: driftOf(model.shares, drift(), MIN_SEEN).map(({ input, psi }) => ({
            labels: { input },
            value: psi,
          })),
        },
        {
          name: 'puntual_model_info',
          help: 'Always 1; the labels say which model serves.',
          kind: 'gauge',
          samples: [
            {
              labels: { name: model.name, version: model.version, sha256: model.sha256 },
              value: 1,
            },
          ],
        },
      ];

/** `cells` is sum, counts per bound, count above. */
const histogram = (
  bounds: readonly number[],
  cells: Float64Array,
  labels: Readonly<Record<string, string | number>>,
): Sample[] => {
  let seen = 0;
  const buckets = bounds.map((bound, i): Sample => {
    seen += cells[1 + i]!;
    return { suffix: '_bucket', labels: { ...labels, le: bound }, value: seen };
  });
  seen += cells[1 + bounds.length]!;
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: seen },
    { suffix: '_sum', labels, value: cells[0]! },
    { suffix: '_count', labels, value: seen },
  ];
};
