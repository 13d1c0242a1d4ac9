/**
 * The typed client against the real HTTP layer, in Bun and in Node, and its types against the OpenAPI document.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  type APIError,
  APIUserAbortError,
  InternalServerError,
  Puntual,
  UnprocessableEntityError,
} from 'puntual/client';
import { PLANTED_FLIGHT } from '../test/planted.ts';
import { startPlantedService } from '../test/planted-service.ts';

const service = startPlantedService();
const client = new Puntual({ baseURL: service.url });

/** Answers in turn, the last one for ever; counts what was asked. */
const answering = (...answers: (() => Response | Promise<Response>)[]) => {
  let nAsked = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => answers[Math.min(nAsked++, answers.length - 1)]!(),
  });
  stops.push(() => server.stop(true));
  return { baseURL: server.url.href, nAsked: () => nAsked };
};
const stops: (() => unknown)[] = [() => service.stop()];
afterAll(() => Promise.all(stops.map((stop) => stop())));

const busy = (headers: Record<string, string> = {}): Response =>
  Response.json({ code: 'overloaded', detail: 'busy' }, { status: 503, headers });
const good = (): Response => Response.json({ probability: 0.5 });

describe('the client', () => {
  test('predicts one flight, with reasons when asked', async () => {
    const plain = await client.predict(PLANTED_FLIGHT);
    expect(plain.probability).toBeWithin(0, 1);
    const { base, reasons } = await client.predict(PLANTED_FLIGHT, { explain: true });
    expect(reasons!.reduce((sum, { points }) => sum + points, base!)).toBeCloseTo(
      plain.probability,
      9,
    );
  });

  test('throws what the problem document says', async () => {
    const failure = await client
      .predict({ ...PLANTED_FLIGHT, origin: 'ZZZ' }, { strict: true })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnprocessableEntityError);
    expect(failure).toMatchObject({ status: 422, code: 'value-invalid' });
    expect((failure as APIError).errors[0]!.pointer).toBe('/origin');
  });

  test('predicts many in order, takes no more flights than are read, and goes on after a bad one', async () => {
    let nTaken = 0;
    const flights = function* () {
      for (; nTaken < 1000; nTaken++)
        yield nTaken === 1 ? { airline: 'DL' } : { ...PLANTED_FLIGHT, distanceMiles: nTaken };
    };
    const answers = [];
    for await (const answer of client.predictMany(flights(), { batchSize: 10 })) {
      answers.push(answer);
      if (answers.length === 25) break;
    }
    expect(nTaken).toBeLessThanOrEqual(30);
    expect(answers[1]).toMatchObject({ code: 'value-invalid', line: 2 });
    expect(answers[2]).toEqual(await client.predict({ ...PLANTED_FLIGHT, distanceMiles: 2 }));
  });

  test('tells of the model, of readiness, and speaks the Open Inference Protocol', async () => {
    const { name } = await client.model();
    expect(name).toBe('planted');
    expect(await client.isReady()).toBeTrue();
    const { outputs } = await client.infer('planted', {
      inputs: Object.entries(PLANTED_FLIGHT).map(([input, value]) => ({
        name: input,
        shape: [1],
        datatype: 'BYTES',
        data: [value],
      })),
    });
    expect(outputs[0]!.data[0]).toBe((await client.predict(PLANTED_FLIGHT)).probability);
  });

  test('asks again after a passing failure, as soon as it is told', async () => {
    const server = answering(
      () => busy({ 'retry-after': '0' }),
      () => busy({ 'retry-after': new Date(0).toUTCString() }),
      good,
    );
    expect(await new Puntual(server).predict({})).toMatchObject({ probability: 0.5 });
    expect(server.nAsked()).toBe(3);
  });

  test.each([
    ['after as many retries as it may', { maxRetries: 1 }, { 'retry-after': '0' }, 2],
    ['at once when it is told not to ask again', {}, { 'x-should-retry': 'false' }, 1],
  ] as const)('gives up %s', async (_, options, headers, nAsked) => {
    const server = answering(() => busy(headers));
    const failure = new Puntual({ ...server, ...options }).predict({});
    await expect(failure).rejects.toBeInstanceOf(InternalServerError);
    expect(server.nAsked()).toBe(nAsked);
  });

  test('tells a timeout, a stop by the caller and an absent service apart', async () => {
    const never = answering(() => new Promise<Response>(() => {}));
    const once = new Puntual({ ...never, maxRetries: 0 });
    await expect(once.predict({}, { timeoutMs: 20 })).rejects.toBeInstanceOf(
      APIConnectionTimeoutError,
    );
    const abort = new AbortController();
    const stopped = once.predict({}, { signal: abort.signal });
    abort.abort();
    await expect(stopped).rejects.toBeInstanceOf(APIUserAbortError);
    const absent = new Puntual({ baseURL: 'http://127.0.0.1:9', maxRetries: 0 });
    await expect(absent.predict({})).rejects.toBeInstanceOf(APIConnectionError);
  });

  test('runs in Node, by the name that the package gives it', async () => {
    const script = `
      import { Puntual } from 'puntual/client';
      const client = new Puntual({ baseURL: '${service.url}' });
      const answers = [];
      for await (const answer of client.predictMany([${JSON.stringify(PLANTED_FLIGHT)}])) answers.push(answer);
      console.log(JSON.stringify([await client.predict(${JSON.stringify(PLANTED_FLIGHT)}), ...answers]));`;
    const child = Bun.spawn(['node', '--input-type=module', '-e', script], {
      cwd: join(import.meta.dir, '..'),
      stderr: 'inherit',
    });
    const [one, many] = JSON.parse(await new Response(child.stdout).text());
    expect(one).toEqual(await client.predict(PLANTED_FLIGHT));
    expect(many).toEqual(one);
  });
});

describe('the types', () => {
  const types = readFileSync(join(import.meta.dir, 'client.d.ts'), 'utf8');
  /** Members of an interface: names, and whether each may be absent. */
  const membersOf = (name: string): Record<string, boolean> => {
    const body = new RegExp(`export interface ${name}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(
      types,
    )![1]!;
    return Object.fromEntries(
      [...body.matchAll(/^ {2}readonly (\w+)(\??):/gm)].map(([, member, mark]) => [
        member!,
        mark === '?',
      ]),
    );
  };

  test('name what the OpenAPI document names, and what may be absent', async () => {
    const { components } = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
      components: {
        schemas: Record<string, { properties: Record<string, object>; required: string[] }>;
      };
    };
    for (const name of ['Prediction', 'Problem', 'InferenceRequest']) {
      const { properties, required } = components.schemas[name]!;
      const described = Object.fromEntries(
        Object.keys(properties).map((member) => [member, !required.includes(member)]),
      );
      // Only models that answer in minutes do so; the planted one does not.
      const { minutes, ...others } = membersOf(name);
      expect(others).toEqual(described);
      if (name === 'Prediction') expect(minutes).toBeTrue();
    }
  });
});
