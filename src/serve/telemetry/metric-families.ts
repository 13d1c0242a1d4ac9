/**
 * The metric families of `/metrics`: every metric of the service with its help, kind and samples.
 */
import { driftOf, MIN_PSI, MIN_SEEN } from '../../core/distribution.ts';
import { versionMadeMs } from '../../core/model-store.ts';
import {
  CANARY_OUTCOMES,
  OUTCOMES,
  RESTART_REASONS,
  SHADOW_SKIPS,
  SHED_REASONS,
  SYSTEM_CALLS,
} from '../labels.ts';
import type { Exemplar } from './exemplars.ts';
import { comparisonOf } from './shadow-comparison.ts';
import { INFERENCE_BOUNDS, REQUEST_BOUNDS } from './shared-counters.ts';
import type { RequestSeries, Totals } from './totals.ts';
import type { ServiceView } from './view.ts';

/** As Prometheus names it: with its unit, and `_total` where it counts. */
export type MetricFamily = SampleFamily | HistogramFamily;

export interface SampleFamily {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

export interface HistogramFamily {
  readonly name: string;
  readonly help: string;
  readonly kind: 'histogram';
  readonly bounds: readonly number[];
  readonly points: readonly HistogramPoint[];
}

export type Labels = Readonly<Record<string, string | number>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export interface HistogramPoint {
  readonly labels: Labels;
  /** float64: the sum, a count per bound, the count above the last. */
  readonly cells: Float64Array;
  /** Sampled requests that were counted here, the newest last. */
  readonly exemplars: readonly Exemplar[];
}

const WORKER_STATES = ['starting', 'ready', 'draining'] as const;

export const metricFamiliesOf = (view: ServiceView, version: string): readonly MetricFamily[] => {
  const totals = view.totals();
  return [
    ...requestFamilies(totals, view.scheme),
    ...processFamilies(view),
    ...modelFamilies(view, totals),
    {
      name: 'puntual_build_info',
      help: 'Always 1; the labels say which build this is.',
      kind: 'gauge',
      samples: [{ labels: { version, runtime: `bun ${Bun.version}` }, value: 1 }],
    },
  ];
};

/** @source https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute */
const OVERFLOW: Labels = { otel_metric_overflow: 'true' };

/** @source OpenTelemetry semantic conventions, http.server.request.duration */
const requestLabels = (
  { route, method, status }: NonNullable<RequestSeries['request']>,
  scheme: ServiceView['scheme'],
): Labels => ({
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
    bounds: REQUEST_BOUNDS,
    points: [...totals.series].map(([key, { request, cells }]) => ({
      labels: request ? requestLabels(request, scheme) : OVERFLOW,
      cells,
      exemplars: totals.exemplars.filter((exemplar) => exemplar.key === key),
    })),
  },
  {
    name: 'puntual_inference_duration_seconds',
    help: 'Time of one call of the predictor.',
    kind: 'histogram',
    bounds: INFERENCE_BOUNDS,
    points: [{ labels: {}, cells: totals.inference, exemplars: [] }],
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
    name: 'puntual_canary_total',
    help: "Flights of the model's self-test that each worker asks itself, by what came of it.",
    kind: 'counter',
    samples: CANARY_OUTCOMES.map((outcome, i) => ({
      labels: { outcome },
      value: totals.canaries[i]!,
    })),
  },
  {
    name: 'puntual_log_lines_dropped_total',
    help: 'Log lines of workers that were dropped because whoever reads stderr had stalled.',
    kind: 'counter',
    samples: [{ labels: {}, value: totals.droppedLines[0]! }],
  },
  {
    name: 'puntual_system_call_failures_total',
    help: 'Calls that the operating system refused: what was done without them is in the log.',
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
      value:
        view.workers.filter((worker) => worker.state === state).length +
        (state === 'draining' ? view.leaving.length : 0),
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
  ...connectionFamilies(view.connections),
  {
    name: 'puntual_requests_in_hand',
    help: 'Requests being worked on now.',
    kind: 'gauge',
    samples: [
      {
        labels: {},
        value: [...view.workers, ...view.leaving].reduce((sum, { inHand }) => sum + inHand, 0),
      },
    ],
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

const connectionFamilies = ({
  kept,
  limit,
  adopted,
  reset,
}: ServiceView['connections']): readonly MetricFamily[] => {
  const family = (name: string, help: string, kind: 'gauge' | 'counter', value: number) => ({
    name: `puntual_connections_${name}`,
    help,
    kind,
    samples: [{ labels: {}, value }],
  });
  return [
    family(
      'kept',
      'Connections of which the supervisor has a duplicate: at rest, they outlive their worker.',
      'gauge',
      kept,
    ),
    family('kept_limit', 'So many can be kept; 0 where none can.', 'gauge', limit),
    family(
      'adopted_total',
      'Connections of dead workers that another worker has taken over.',
      'counter',
      adopted,
    ),
    family(
      'reset_total',
      'Kept connections that were closed because their worker died while busy with them, or nobody took them over.',
      'counter',
      reset,
    ),
  ];
};

const modelFamilies = (view: ServiceView, totals: Totals): readonly MetricFamily[] => {
  const { model, drift } = view;
  return model === undefined
    ? []
    : [
        {
          name: 'puntual_model_predictions_total',
          help: 'Flights answered, by the name of the model.',
          kind: 'counter',
          samples: [model, ...model.others.filter(({ role }) => role === 'named')].map(
            ({ name }, place) => ({ labels: { model: name }, value: totals.models[place]! }),
          ),
        },
        ...shadowFamilies(view, totals),
        {
          name: 'puntual_input_drift_psi',
          help: `Population stability index of live inputs against training, less what samples differ by anyhow; from ${MIN_PSI.moderate} they have moved, from ${MIN_PSI.strong} strongly.`,
          kind: 'gauge',
          samples: driftOf(model.shares, drift(), MIN_SEEN).map(({ input, psi }) => ({
            labels: { input },
            value: psi,
          })),
        },
        ...createdFamily(model.version),
        {
          name: 'puntual_model_info',
          help: 'Always 1; the labels say which model serves.',
          kind: 'gauge',
          samples: [
            {
              labels: { name: model.name, version: model.version, sha256: model.sha256 },
              value: 1,
            },
            ...model.others.map(({ name, version, sha256, role }) => ({
              labels: { name, version, sha256, role },
              value: 1,
            })),
          ],
        },
      ];
};

/** Nothing without a shadow. */
const shadowFamilies = (view: ServiceView, totals: Totals): readonly MetricFamily[] => {
  const comparison = comparisonOf(view, totals);
  if (comparison === undefined) return [];
  const { meanDifference, meanAbsoluteDifference } = comparison;
  const gauge = (name: string, help: string, value: number | null): MetricFamily => ({
    name,
    help,
    kind: 'gauge',
    samples: value === null ? [] : [{ labels: {}, value }],
  });
  return [
    {
      name: 'puntual_shadow_compared_total',
      help: 'Answers compared with what the shadow would have answered, by whether both call the flight delayed or both do not.',
      kind: 'counter',
      samples: (['same', 'other'] as const).map((decision, at) => ({
        labels: { decision },
        value: totals.shadow[at]!,
      })),
    },
    {
      name: 'puntual_shadow_skipped_total',
      help: 'Answers that were not compared with the shadow, by reason.',
      kind: 'counter',
      samples: SHADOW_SKIPS.map((reason, at) => ({
        labels: { reason },
        value: totals.shadowSkips[at]!,
      })),
    },
    gauge(
      'puntual_shadow_mean_difference',
      'Probability of the shadow less that of the answer, mean since these models serve.',
      meanDifference,
    ),
    gauge(
      'puntual_shadow_mean_absolute_difference',
      'The same without its sign.',
      meanAbsoluteDifference,
    ),
    {
      name: 'puntual_shadow_inference_duration_seconds',
      help: 'Time of the shadow for one flight.',
      kind: 'histogram',
      bounds: INFERENCE_BOUNDS,
      points: [{ labels: {}, cells: totals.shadowInference, exemplars: [] }],
    },
  ];
};

/** Empty for a model that lies elsewhere than in a folder of versions, whose names say when they were made. */
const createdFamily = (version: string): readonly MetricFamily[] => {
  const made = versionMadeMs(version);
  return made === undefined
    ? []
    : [
        {
          name: 'puntual_model_created_timestamp_seconds',
          help: 'When the model that serves was stored, in seconds since 1970.',
          kind: 'gauge',
          samples: [{ labels: {}, value: made / 1000 }],
        },
      ];
};
