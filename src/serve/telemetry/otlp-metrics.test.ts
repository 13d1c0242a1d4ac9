import { describe, expect, test } from 'bun:test';
import type { Temporality } from '../labels.ts';
import type { MetricFamily } from './metric-families.ts';
import { encodeMetrics } from './otlp-metrics.ts';
import { encodeResource } from './otlp.ts';

const families = (requests: number, inHand = 2): readonly MetricFamily[] => [
  {
    name: 'http_server_request_duration_seconds',
    help: 'times',
    kind: 'histogram',
    bounds: [0.1, 1],
    points: [
      {
        labels: { http_request_method: 'POST', http_response_status_code: 503, error_type: 503 },
        cells: Float64Array.of(requests / 2, requests - 1, 1, 0),
        exemplars: [
          { key: 1, seconds: 0.05, atMs: 1500, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) },
        ],
      },
    ],
  },
  {
    name: 'puntual_shed_total',
    help: 'refused',
    kind: 'counter',
    samples: [{ labels: { reason: 'quota' }, value: 10 * requests }],
  },
  {
    name: 'puntual_worker_memory_bytes',
    help: 'memory',
    kind: 'gauge',
    samples: [{ labels: { worker: 1 }, value: inHand }],
  },
];

const metricsOf = (
  temporality: Temporality,
  before: { atMs: number; counts: ReadonlyMap<string, Float64Array> },
) => {
  const { resourceMetrics } = encodeMetrics(families(7), {
    temporality,
    before,
    nowMs: 2000,
  }) as { resourceMetrics: { scopeMetrics: { metrics: Record<string, unknown>[] }[] }[] };
  return resourceMetrics[0]!.scopeMetrics[0]!.metrics;
};

describe('metrics for a collector', () => {
  test('have the names, units and attributes of OpenTelemetry, and lead to a trace', () => {
    const [times, shed, memory] = metricsOf('cumulative', { atMs: 1000, counts: new Map() });
    expect(times).toEqual({
      name: 'http.server.request.duration',
      unit: 's',
      description: 'times',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            attributes: [
              { key: 'http.request.method', value: { stringValue: 'POST' } },
              { key: 'http.response.status_code', value: { intValue: '503' } },
              { key: 'error.type', value: { stringValue: '503' } },
            ],
            startTimeUnixNano: '1000000000',
            timeUnixNano: '2000000000',
            count: '7',
            sum: 3.5,
            bucketCounts: ['6', '1', '0'],
            explicitBounds: [0.1, 1],
            exemplars: [
              {
                timeUnixNano: '1500000000',
                asDouble: 0.05,
                traceId: 'a'.repeat(32),
                spanId: 'b'.repeat(16),
              },
            ],
          },
        ],
      },
    });
    expect(shed).toMatchObject({
      name: 'puntual.shed',
      sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asDouble: 70 }] },
    });
    expect(memory).toMatchObject({
      name: 'puntual.worker_memory',
      unit: 'By',
      gauge: { dataPoints: [{ asDouble: 2, timeUnixNano: '2000000000' }] },
    });
  });

  test('hold as deltas only what has come since, and a gauge as it is', () => {
    const counts = new Map([
      [
        'http_server_request_duration_seconds {"http_request_method":"POST","http_response_status_code":503,"error_type":503}',
        Float64Array.of(2.5, 4, 1, 0),
      ],
      ['puntual_shed_total {"reason":"quota"}', Float64Array.of(50)],
    ]);
    const [times, shed, memory] = metricsOf('delta', { atMs: 1600, counts });
    expect(times!['histogram']).toMatchObject({
      aggregationTemporality: 1,
      dataPoints: [
        {
          startTimeUnixNano: '1600000000',
          count: '2',
          sum: 1,
          bucketCounts: ['2', '0', '0'],
          // It was told before.
          exemplars: [],
        },
      ],
    });
    expect(shed!['sum']).toMatchObject({
      aggregationTemporality: 1,
      dataPoints: [{ asDouble: 20 }],
    });
    expect(memory!['gauge']).toMatchObject({ dataPoints: [{ asDouble: 2 }] });
  });

  test('say who sends them, as the environment of OpenTelemetry has it', () => {
    const text = JSON.stringify(
      encodeResource({
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20b,service.name=no,broken',
        OTEL_SERVICE_NAME: 'flights',
        PUNTUAL_INSTANCE_ID: 'one',
      }),
    );
    for (const part of ['"a b"', '"flights"', '"one"']) expect(text).toContain(part);
    expect(text).not.toContain('"no"');
  });
});
