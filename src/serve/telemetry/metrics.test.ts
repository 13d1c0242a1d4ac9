import { describe, expect, test } from 'bun:test';
import { RESTART_REASONS } from '../labels.ts';
import { buildCounters, keyOf, methodAt, routeAt } from './counters.ts';
import { buildExemplarWriter } from './exemplars.ts';
import { formatFor, renderMetrics } from './metrics.ts';
import { COUNTER_CELLS, SERIES_LIMIT, viewCounters } from './shared-counters.ts';
import { retireInto, sumCounters } from './totals.ts';
import type { ServiceView } from './view.ts';

const buildView = (over: Partial<ServiceView> = {}): ServiceView => {
  const cells = new Float64Array(COUNTER_CELLS);
  const counters = buildCounters(cells, new Float64Array(1), () => cells);
  for (const durationNs of [50_000, 400_000, 30e9])
    counters.requestDone(routeAt('/predict'), methodAt('POST'), 200, durationNs);
  counters.predictionsDone(3, 1);
  return {
    ready: true,
    draining: false,
    reasons: [],
    workers: [{ id: 1, pid: 7, state: 'ready', restarts: 0, rssMb: 50, inHand: 2, model: 'v' }],
    leaving: [{ inHand: 3 }, { inHand: 0 }],
    totals: () => sumCounters([cells]),
    restarts: Object.fromEntries(
      RESTART_REASONS.map((reason) => [reason, 0]),
    ) as ServiceView['restarts'],
    connections: { kept: 5, limit: 100, adopted: 3, reset: 1 },
    reloads: { ok: 0, refused: 0 },
    model: { name: 'a"b', version: 'v\\1', path: 'p', sha256: 'f', shares: [], others: [] },
    drift: () => new Float64Array(0),
    startedSeconds: 1,
    scheme: 'http',
    ...over,
  };
};

const lines = renderMetrics(buildView()).split('\n');
const sampleOf = (start: string): number =>
  Number(
    lines
      .find((line) => line.startsWith(start))
      ?.split(' ')
      .at(-1),
  );

describe('/metrics', () => {
  test('gives each histogram cumulative buckets that end in its count', () => {
    const name = 'http_server_request_duration_seconds';
    const labels =
      'http_request_method="POST",http_route="/predict",http_response_status_code="200",url_scheme="http"';
    expect(sampleOf(`${name}_bucket{${labels},le="0.0001"}`)).toBe(1);
    expect(sampleOf(`${name}_bucket{${labels},le="0.0005"}`)).toBe(2);
    expect(sampleOf(`${name}_bucket{${labels},le="10"}`)).toBe(2);
    expect(sampleOf(`${name}_bucket{${labels},le="+Inf"}`)).toBe(3);
    expect(sampleOf(`${name}_count{${labels}}`)).toBe(3);
    expect(sampleOf(`${name}_sum{${labels}}`)).toBeCloseTo(30.00045, 6);
  });

  test('names the scheme, an unknown method as _OTHER, and what kind of error a failure was', () => {
    const cells = new Float64Array(COUNTER_CELLS);
    const counters = buildCounters(cells, new Float64Array(1), () => cells);
    counters.requestDone(routeAt('other'), methodAt('BREW'), 503, 1000);
    const text = renderMetrics(buildView({ scheme: 'https', totals: () => sumCounters([cells]) }));
    expect(text).toContain(
      '_count{http_request_method="_OTHER",http_route="other",http_response_status_code="503",url_scheme="https",error_type="503"} 1',
    );
  });

  test('counts what has no series of its own under the label of overflow, and no other request there', () => {
    const cells = new Float64Array(COUNTER_CELLS);
    const counters = buildCounters(cells, new Float64Array(1), () => cells);
    const nKinds = SERIES_LIMIT + 20;
    for (let i = 0; i < nKinds; i++) counters.requestDone(i % 18, methodAt('GET'), 200 + i, 1000);
    const retired: Float64Array[] = [];
    retireInto(retired, cells);
    counters.requestDone(routeAt('/predict'), methodAt('POST'), 599, 1000);
    retireInto(retired, cells);
    for (const sum of [sumCounters([cells]), sumCounters(retired)]) {
      const counts = [...sum.series.values()].map(({ request, cells: histogram }) => ({
        request,
        count: histogram.slice(1).reduce((all, n) => all + n, 0),
      }));
      expect(counts.filter(({ request }) => request === undefined)).toHaveLength(1);
      expect(counts).toHaveLength(SERIES_LIMIT);
    }
    const text = renderMetrics(buildView({ totals: () => sumCounters([cells]) }));
    expect(text).toContain('_count{otel_metric_overflow="true"} 22');
  });

  test('counts processes that have given up their places, and what they still have in hand', () => {
    expect(sampleOf('puntual_workers{state="ready"}')).toBe(1);
    expect(sampleOf('puntual_workers{state="draining"}')).toBe(2);
    expect(sampleOf('puntual_requests_in_hand')).toBe(5);
  });

  test('says what is zero, so that a rate exists from the start', () => {
    expect(sampleOf('puntual_shed_total{reason="overload"}')).toBe(0);
    expect(sampleOf('puntual_worker_restarts_total{reason="killed"}')).toBe(0);
  });

  test('quotes what would break a label', () => {
    expect(lines).toContain('puntual_model_info{name="a\\"b",version="v\\\\1",sha256="f"} 1');
  });

  test('has one HELP and one TYPE per name, and every line is a comment or a sample', () => {
    const helps = lines.filter((line) => line.startsWith('# HELP')).map((l) => l.split(' ')[2]);
    expect(new Set(helps).size).toBe(helps.length);
    for (const line of lines.filter((text) => text !== ''))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? -?[\d.e+-]+)$/);
  });

  test('says when the model was stored, where its version says it', () => {
    const model = { name: 'a', path: 'p', sha256: 'f', shares: [], others: [] };
    const at = (version: string): string =>
      renderMetrics(buildView({ model: { ...model, version } }));
    expect(at('20261122T101500Z-1a2b3c4d')).toContain(
      `puntual_model_created_timestamp_seconds ${Date.UTC(2026, 10, 22, 10, 15) / 1000}\n`,
    );
    expect(at('models')).not.toContain('puntual_model_created');
  });

  test('is OpenMetrics for those who name it, with the newest exemplar in the bucket of its value', () => {
    expect(formatFor(null)).toBe('prometheus');
    expect(formatFor('*/*')).toBe('prometheus');
    expect(formatFor('application/openmetrics-text;q=0, text/plain')).toBe('prometheus');
    expect(
      formatFor('application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'),
    ).toBe('openmetrics');
    const cells = new Float64Array(COUNTER_CELLS);
    const counters = buildCounters(cells, new Float64Array(1), () => cells);
    const [route, method] = [routeAt('/predict'), methodAt('POST')];
    const add = buildExemplarWriter(viewCounters(cells).exemplars);
    for (const [seconds, trace] of [
      [0.0003, 'a'],
      [0.0004, 'b'],
      [2, 'c'],
    ] as const) {
      // Of the last nothing was counted: it has no bucket to stand beside.
      if (trace !== 'c') counters.requestDone(route, method, 200, seconds * 1e9);
      add({
        key: keyOf(route, method, 200),
        seconds,
        atMs: 1_700_000_000_123 + seconds,
        traceId: `0${trace.repeat(31)}`,
        spanId: '00000000deadbeef',
      });
    }
    const text = renderMetrics(buildView({ totals: () => sumCounters([cells]) }), 'openmetrics');
    const exemplars = text.split('\n').filter((line) => line.includes(' # {'));
    expect(exemplars).toEqual([
      `http_server_request_duration_seconds_bucket{http_request_method="POST",http_route="/predict",http_response_status_code="200",url_scheme="http",le="0.0005"} 2 # {trace_id="0${'b'.repeat(31)}",span_id="00000000deadbeef"} 0.0004 1700000000.123`,
    ]);
    expect(text).toContain(
      '# TYPE puntual_shed counter\npuntual_shed_total{reason="overload"} 0\n',
    );
    expect(text).toContain('le="1.0"}');
    expect(text).toEndWith('\n# EOF\n');
  });

  test('answers before the first model is checked', () => {
    expect(renderMetrics(buildView({ model: undefined }))).toContain('puntual_workers');
  });
});
