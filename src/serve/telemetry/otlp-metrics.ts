/**
 * Pushes the metrics to a collector, for where nothing scrapes: the same families as `/metrics`, in OTLP's JSON form,
 * every few seconds and once more at the end. Names are those of OpenTelemetry; a collector that turns them into
 * Prometheus' gives those of `/metrics` again.
 *
 * Cumulative: each push holds all since the start. Delta: what came since the last push that was taken, so that a push
 * that was lost is in the next one.
 * @source https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality
 */
import { VERSION } from '../../core/version.ts';
import type { Temporality } from '../labels.ts';
import type { Log } from '../log.ts';
import { exemplarsByBucket } from './exemplars.ts';
import {
  type HistogramFamily,
  type HistogramPoint,
  type Labels,
  type MetricFamily,
  metricFamiliesOf,
  type SampleFamily,
} from './metric-families.ts';
import { buildPost, encodeAttributes, encodeResource, nanosOf } from './otlp.ts';
import type { ServiceView } from './view.ts';

interface PushSetting {
  /** Base address; metrics go to `/v1/metrics` under it. */
  readonly endpoint: string;
  readonly temporality: Temporality;
  readonly everyMs: number;
  readonly view: () => ServiceView;
  readonly log: Log;
}

/** @returns ends the pushes with a last one; resolves when that is sent or given up */
export const startMetricsPush = (setting: PushSetting): (() => Promise<void>) => {
  const { endpoint, temporality, everyMs, view, log } = setting;
  const post = buildPost(endpoint, 'metrics', log);
  let before: Snapshot = { atMs: view().startedSeconds * 1000, counts: new Map() };
  let pushing: Promise<void> = Promise.resolve();

  const push = async (): Promise<void> => {
    const families = metricFamiliesOf(view(), VERSION);
    const now: Snapshot = { atMs: Date.now(), counts: countsOf(families) };
    const isTaken = await post.send(
      encodeMetrics(families, { temporality, before, nowMs: now.atMs }),
      families.length,
    );
    if (isTaken && temporality === 'delta') before = now;
  };
  /** One after the other: two deltas at once would hold the same counts. */
  const pushNext = (): Promise<void> => {
    pushing = pushing.then(push);
    return pushing;
  };

  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    void pushNext().finally(() => {
      isBusy = false;
    });
  }, everyMs);
  return () => {
    clearInterval(timer);
    return pushNext();
  };
};

/** What all counts were at a moment, by name and labels. */
interface Snapshot {
  readonly atMs: number;
  readonly counts: ReadonlyMap<string, Float64Array>;
}

interface Period {
  readonly temporality: Temporality;
  /** The last moment that was told; of a cumulative push the start, with no counts. */
  readonly before: Snapshot;
  readonly nowMs: number;
}

const pointKey = (family: MetricFamily, labels: Labels): string =>
  `${family.name} ${JSON.stringify(labels)}`;

const countsOf = (families: readonly MetricFamily[]): ReadonlyMap<string, Float64Array> =>
  new Map(
    families.flatMap((family): [string, Float64Array][] =>
      family.kind === 'histogram'
        ? family.points.map(({ labels, cells }) => [pointKey(family, labels), cells.slice()])
        : family.samples.map(({ labels, value }) => [
            pointKey(family, labels),
            Float64Array.of(value),
          ]),
    ),
  );

const TEMPORALITY_NUMBERS: Readonly<Record<Temporality, number>> = { delta: 1, cumulative: 2 };

/** The ExportMetricsServiceRequest of some families. */
export const encodeMetrics = (families: readonly MetricFamily[], period: Period): unknown => ({
  resourceMetrics: [
    {
      resource: encodeResource(),
      scopeMetrics: [
        {
          scope: { name: 'puntual', version: VERSION },
          metrics: families.map((family) => ({
            ...encodeName(family),
            description: family.help,
            ...(family.kind === 'histogram'
              ? { histogram: encodeHistogram(family, period) }
              : encodeSamples(family, period)),
          })),
        },
      ],
    },
  ],
});

const UNITS: readonly [suffix: RegExp, unit: string][] = [
  [/_seconds$/, 's'],
  [/_bytes$/, 'By'],
];

/** `puntual_shed_total` is `puntual.shed`, `http_server_request_duration_seconds` `http.server.request.duration` in s. */
const encodeName = ({ name, kind }: MetricFamily): { name: string; unit?: string } => {
  const counted = kind === 'counter' ? name.replace(/_total$/, '') : name;
  const [suffix, unit] = UNITS.find(([form]) => form.test(counted)) ?? [];
  const bare = suffix ? counted.replace(suffix, '') : counted;
  return {
    name: bare.startsWith('http_') ? bare.replaceAll('_', '.') : bare.replace('_', '.'),
    ...(unit !== undefined && { unit }),
  };
};

const ATTRIBUTES: Readonly<Record<string, string>> = {
  http_request_method: 'http.request.method',
  http_route: 'http.route',
  http_response_status_code: 'http.response.status_code',
  url_scheme: 'url.scheme',
  error_type: 'error.type',
  otel_metric_overflow: 'otel.metric.overflow',
};

const attributesOf = (labels: Labels): unknown[] =>
  encodeAttributes(
    Object.fromEntries(
      Object.entries(labels).map(([label, value]) => [
        ATTRIBUTES[label] ?? label,
        // A kind of error is a name, also where it is a status.
        label === 'error_type' ? String(value) : value,
      ]),
    ),
  );

const timesOf = ({ before, nowMs }: Period) => ({
  startTimeUnixNano: nanosOf(before.atMs),
  timeUnixNano: nanosOf(nowMs),
});

const encodeSamples = (family: SampleFamily, period: Period): object => {
  if (family.kind === 'gauge')
    return {
      gauge: {
        dataPoints: family.samples.map(({ labels, value }) => ({
          attributes: attributesOf(labels),
          timeUnixNano: nanosOf(period.nowMs),
          asDouble: value,
        })),
      },
    };
  return {
    sum: {
      aggregationTemporality: TEMPORALITY_NUMBERS[period.temporality],
      isMonotonic: true,
      dataPoints: family.samples.map(({ labels, value }) => ({
        attributes: attributesOf(labels),
        ...timesOf(period),
        asDouble: value - (period.before.counts.get(pointKey(family, labels))?.[0] ?? 0),
      })),
    },
  };
};

const encodeHistogram = (family: HistogramFamily, period: Period): object => ({
  aggregationTemporality: TEMPORALITY_NUMBERS[period.temporality],
  dataPoints: family.points.map((point) => encodePoint(family, point, period)),
});

const encodePoint = (
  family: HistogramFamily,
  { labels, cells, exemplars }: HistogramPoint,
  period: Period,
): object => {
  const told = period.before.counts.get(pointKey(family, labels));
  const since = told ? cells.map((value, i) => value - told[i]!) : cells;
  const counts = [...since.subarray(1)];
  const fresh = exemplars.filter(({ atMs }) => atMs >= period.before.atMs);
  return {
    attributes: attributesOf(labels),
    ...timesOf(period),
    count: String(counts.reduce((sum, count) => sum + count, 0)),
    sum: since[0]!,
    bucketCounts: counts.map(String),
    explicitBounds: family.bounds,
    exemplars: exemplarsByBucket(family.bounds, since, fresh).flatMap((exemplar) =>
      exemplar === undefined
        ? []
        : [
            {
              timeUnixNano: nanosOf(exemplar.atMs),
              asDouble: exemplar.seconds,
              traceId: exemplar.traceId,
              spanId: exemplar.spanId,
            },
          ],
    ),
  };
};
