/** What others see of a run while it goes on: the page of `--ui`, the collector of `--otlp`. */
import { afterAll, expect, test } from 'bun:test';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, '..', 'main.ts');

interface Metric {
  readonly name: string;
  readonly sum?: {
    readonly dataPoints: readonly { asInt: string; attributes: readonly unknown[] }[];
  };
  readonly histogram?: {
    readonly dataPoints: readonly {
      count: string;
      bucketCounts: string[];
      explicitBounds: number[];
    }[];
  };
}

const received: Metric[][] = [];
const collector = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: async (request) => {
    expect(new URL(request.url).pathname).toBe('/v1/metrics');
    const { resourceMetrics } = (await request.json()) as {
      resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[];
    };
    received.push(resourceMetrics[0]!.scopeMetrics[0]!.metrics);
    return Response.json({});
  },
});
let n = 0;
const service = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => new Response('hello', { status: n++ % 10 === 5 ? 503 : 200 }),
});
afterAll(() => {
  collector.stop(true);
  service.stop(true);
});

const start = (...args: string[]) =>
  Bun.spawn(
    [process.execPath, MAIN, 'stress', `${service.url}`, '--rate', '50', '-t', '1', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HTTP_PROXY: 'http://127.0.0.1:1' },
    },
  );

/** Reads a stream to its end, so that its writer is never stopped; the text once it holds what is looked for. */
const readUntil = (stream: ReadableStream<Uint8Array>, wanted: RegExp): Promise<string> =>
  new Promise((resolve) => {
    const read = async (): Promise<void> => {
      let text = '';
      for await (const chunk of stream) {
        text += Buffer.from(chunk).toString();
        if (wanted.test(text)) resolve(text);
      }
      resolve(text);
    };
    void read();
  });

test('--ui shows the run as it goes on, becomes its report, and ends with it', async () => {
  const run = start('-d', '3s', '--ui');
  const [, url] = /live {4}(\S+)/.exec(await readUntil(run.stderr, /live {4}\S+\n/))!;
  const page = await fetch(url!, { proxy: '' });
  expect(await page.text()).toContain("connect-src 'self'");
  // A name that somebody else lets lead to this machine is not answered.
  const foreign = await fetch(url!, { headers: { host: 'elsewhere.example' }, proxy: '' });
  expect(foreign.status).toBe(421);
  const events = await (await fetch(`${url}events`, { proxy: '' })).text();
  const bodies = [...events.matchAll(/^event: page\ndata: (.*)$/gm)].map(
    ([, data]) => JSON.parse(data!) as { body: string; drawings: { title: string }[] },
  );
  const last = bodies.at(-1)!;
  expect(last.body).toContain('status 503');
  expect(last.drawings.map(({ title }) => title)).toContain('Answers per second');
  const report = JSON.parse(/^event: end\ndata: (.*)$/m.exec(events)![1]!) as string;
  expect(report).toContain('Every planned request');
  // 3: a machine that is too noisy says so.
  expect([0, 3]).toContain(await run.exited);
});

test('--otlp sends every second: in the end the counts are those of the run', async () => {
  const run = start('-d', '1500ms', '--otlp', `${collector.url}`, '--json');
  const document = JSON.parse(await new Response(run.stdout).text()) as {
    planned: number;
    outcomes: Record<string, number>;
  };
  expect(await new Response(run.stderr).text()).toBe('');
  await run.exited;
  expect(received.length).toBeGreaterThanOrEqual(2);
  const metric = (name: string): Metric =>
    received.at(-1)!.find((entry) => entry.name === `puntual.stress.${name}`)!;
  const countOf = (outcome: string): number =>
    Number(
      metric('requests').sum!.dataPoints.find(({ attributes }) =>
        JSON.stringify(attributes).includes(`"${outcome}"`),
      )!.asInt,
    );
  expect(Number(metric('planned').sum!.dataPoints[0]!.asInt)).toBe(document.planned);
  expect(countOf('ok')).toBe(document.outcomes['ok']!);
  expect(countOf('http_error')).toBe(document.outcomes['httpError']!);
  const [histogram] = metric('response_time').histogram!.dataPoints;
  expect(Number(histogram!.count)).toBe(document.outcomes['ok']!);
  expect(histogram!.bucketCounts.length).toBe(histogram!.explicitBounds.length + 1);
});

test('a collector that does not take them is told, and disturbs nothing', async () => {
  const run = start('-d', '300ms', '--otlp', 'http://127.0.0.1:1', '--json');
  const document = JSON.parse(await new Response(run.stdout).text()) as { planned: number };
  expect(document.planned).toBe(15);
  expect(await new Response(run.stderr).text()).toMatch(
    /exports to http:\/\/127.0.0.1:1\/v1\/metrics failed/,
  );
});
