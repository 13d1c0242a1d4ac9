/** More work than there is time for: what is refused, how, and what goes on beside it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { PLANTED_FLIGHT } from '../planted.ts';
import { metricOf, type Running, startService } from './running.ts';

let service: Running;
beforeAll(async () => {
  service = await startService(['--workers', '1']);
});
afterAll(() => service.stop());

const BATCH = JSON.stringify({ flights: Array.from({ length: 8000 }, () => PLANTED_FLIGHT) });

const post = (body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${service.url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

describe('a service with too much to do', () => {
  test('refuses batches beyond its bound with 503 and Retry-After, and answers single flights meanwhile', async () => {
    const batches = Array.from({ length: 80 }, async () => {
      const response = await post(BATCH);
      await response.arrayBuffer();
      return { status: response.status, retryAfter: response.headers.get('retry-after') };
    });
    for (let i = 0; i < 20; i++) expect((await service.predict()).status).toBe(200);
    expect((await service.admin('/readyz')).status).toBe(200);
    const answers = await Promise.all(batches);
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(answers.length - refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
    const shed =
      (await metricOf(service, 'puntual_shed_total{reason="queue-full"}')) +
      (await metricOf(service, 'puntual_shed_total{reason="overload"}')) +
      (await metricOf(service, 'puntual_shed_total{reason="caller-busy"}'));
    expect(shed).toBe(refused.length);
    expect((await post(BATCH)).status).toBe(200);
  }, 180_000);

  test('gives up a batch whose deadline has passed', async () => {
    const response = await post(BATCH, { 'request-timeout': '0.0001' });
    expect(response.status).toBe(503);
    expect(((await response.json()) as { code: string }).code).toBe('deadline-passed');
    expect(await metricOf(service, 'puntual_shed_total{reason="deadline"}')).toBe(1);
  }, 180_000);

  test('drops a batch whose caller has gone', async () => {
    const caller = new AbortController();
    const answer = fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: BATCH,
      signal: caller.signal,
    }).catch(() => undefined);
    setTimeout(() => caller.abort(), 5);
    await answer;
    expect((await service.predict()).status).toBe(200);
  }, 180_000);

  test('takes no pickle as a request', async () => {
    const response = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from(
        '80049528000000000000008c05706f736978948c0673797374656d9493948c026964948594',
        'hex',
      ),
    });
    expect(response.status).toBe(415);
  });
});
