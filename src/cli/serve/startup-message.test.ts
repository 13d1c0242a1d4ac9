import { expect, test } from 'bun:test';
import type { Started } from '../../serve/supervisor/supervisor.ts';
import { startupLines } from './startup-message.ts';

const started = (url: string): Started => ({
  url,
  adminUrl: 'http://localhost:9091',
  workers: 2,
  model: { name: 'nyc', version: '1', path: 'models/nyc/1' },
  readyMs: 812.4,
});

/** Asks a service that answers `/model` so. */
const linesWith = async (answer: Response, more: Partial<Started> = {}): Promise<string> => {
  const service = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => answer });
  try {
    const url = `http://127.0.0.1:${service.port}`;
    return (await Array.fromAsync(startupLines({ ...started(url), ...more }))).join('\n');
  } finally {
    await service.stop(true);
  }
};

test('a person at a terminal reads what is served, where, by how many, and how to ask with the example of the model', async () => {
  const text = await linesWith(Response.json({ example: { origin: 'JFK' } }));
  expect(text).toStartWith('Puntual serves nyc 1\n');
  expect(text).toContain('  admin     http://localhost:9091   /readyz /workers /metrics');
  expect(text).toContain('  workers   2, ready after 812 ms');
  expect(text).toMatch(
    /curl http:\S+\/predict -H 'content-type: application\/json' -d '{"origin":"JFK"}'/,
  );
  expect(text).not.toContain('by name');
  expect(text).not.toContain('health');
});

test('further models, a shadow and a health port are shown where there are some', async () => {
  const text = await linesWith(Response.json({}), {
    healthUrl: 'http://localhost:9092',
    others: [
      { name: 'jfk', version: '2', role: 'named' },
      { name: 'lga', version: '3', role: 'named' },
      { name: 'new', version: '4', role: 'shadow' },
    ],
  });
  expect(text).toContain('  and by name: jfk 2, lga 3\n');
  expect(text).toContain('  compared with the shadow new 4\n');
  expect(text).toContain('  health    http://localhost:9092');
});

test('a service that shows its model to nobody is not asked to predict: what is left to try is shown', async () => {
  const text = await linesWith(new Response('a key is needed', { status: 401 }));
  expect(text).not.toContain('/predict');
  expect(text).toContain('curl http://localhost:9091/workers');
});
