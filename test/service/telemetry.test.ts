/**
 * What a running service tells of itself without being asked: metrics to a collector; and its canary.
 */
import { expect, test } from 'bun:test';
import { startService, until } from './running.ts';

interface Point {
  readonly count?: string;
  readonly attributes: readonly { readonly value: { readonly stringValue?: string } }[];
}
interface Metrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly histogram?: { readonly dataPoints: readonly Point[] };
      }[];
    }[];
  }[];
}

/** How many predictions a push counts. */
const predictionsIn = ({ resourceMetrics }: Metrics): number =>
  resourceMetrics[0]!.scopeMetrics[0]!.metrics.filter(
    ({ name }) => name === 'http.server.request.duration',
  )
    .flatMap(({ histogram }) => histogram!.dataPoints)
    .filter(({ attributes }) => attributes.some(({ value }) => value.stringValue === '/predict'))
    .reduce((sum, { count }) => sum + Number(count), 0);

test('deltas add up to what was answered: a push that was refused is in the next', async () => {
  const taken: Metrics[] = [];
  let nRefused = 0;
  const collector = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const body = (await request.json()) as Metrics;
      if (new URL(request.url).pathname !== '/v1/metrics') return new Response();
      // The first that counts something does not arrive.
      if (nRefused === 0 && predictionsIn(body) > 0) {
        nRefused++;
        return new Response('full', { status: 503 });
      }
      taken.push(body);
      return new Response('{}');
    },
  });
  const service = await startService([
    ...['--workers', '1', '--otlp-metrics', 'delta', '--otlp-interval', '100ms'],
    ...['--otlp-endpoint', `http://127.0.0.1:${collector.port}`],
  ]);
  for (let i = 0; i < 5; i++) expect((await service.predict()).status).toBe(200);
  await until(() => nRefused === 1);
  const told = (): number => taken.reduce((sum, push) => sum + predictionsIn(push), 0);
  await until(() => told() === 5);
  for (let i = 0; i < 3; i++) await service.predict();
  await until(() => told() === 8);
  await service.logs('metrics were not taken');
  expect(await service.stop()).toBe(0);
  expect(told()).toBe(8);
  await collector.stop(true);
}, 180_000);

test('the last counts are sent at the end, though the time for them has not come', async () => {
  const taken: Metrics[] = [];
  const collector = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const body = (await request.json()) as Metrics;
      if (new URL(request.url).pathname === '/v1/metrics') taken.push(body);
      return new Response('{}');
    },
  });
  const service = await startService([
    ...['--workers', '1', '--otlp-metrics', 'cumulative', '--otlp-interval', '1h'],
    ...['--otlp-endpoint', `http://127.0.0.1:${collector.port}`],
  ]);
  for (let i = 0; i < 3; i++) await service.predict();
  expect(await service.stop()).toBe(0);
  expect(taken.map(predictionsIn)).toEqual([3]);
  await collector.stop(true);
}, 180_000);

test('each worker asks itself for a flight it knows, and says that the answer was right', async () => {
  const service = await startService(['--workers', '1']);
  const metrics = async (): Promise<string> => (await service.admin('/metrics')).text();
  await until(async () => /puntual_canary_total\{outcome="right"\} [1-9]/.test(await metrics()));
  const text = await metrics();
  expect(text).toContain('puntual_canary_total{outcome="wrong"} 0');
  expect(text).toContain('puntual_canary_total{outcome="failed"} 0');
  expect(text).toMatch(/^puntual_model_created_timestamp_seconds 1\d{9}$/m);
  // It is no request of a caller.
  expect(text).not.toContain('http_route="/predict"');
  await service.stop();
}, 180_000);
