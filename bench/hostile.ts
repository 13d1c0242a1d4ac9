/**
 * Does a service survive callers who mean harm? 100,000 requests that are broken on purpose, 5,000 senders who never
 * finish, and one well-behaved caller beside them, whose p99 is compared with that of a quiet service. The hostile side
 * keeps to half a processor. By root the good caller goes before the others: what it waits for is the service.
 * `npx bun bench/hostile.ts [REQUESTS]`
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildRandom } from '../src/core/random.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, FLIGHT, scratchDir } from './lib/http-peers.ts';
import { FIRST, medianOf, printMachine } from './lib/measure.ts';

const nRequests = Number(process.argv[2] ?? 100_000);
const SEED = 7;
const AT_ONCE = 64;
/** Of one processor: with more, the hostile callers would be felt for the processors that they take, not for what they send. */
const CPU_SHARE = 0.5;
const SLOW_SENDERS = 5000;
const ANSWER_LIMIT_MS = 3000;

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench' }), new Date());
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');
const random = buildRandom(SEED);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const below = (n: number): number => Math.floor(random() * n);

const framed = (body: string, type = 'application/json', path = '/predict'): string =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;

const BAD_VALUES = [
  'null',
  '[]',
  '{}',
  '""',
  '1e999',
  '-0',
  'true',
  '"\\ud800"',
  '"\\u0000"',
  '"2013-02-30T25:61"',
  `"${'A'.repeat(5000)}"`,
  '{"$ne":1}',
  '[["DL"]]',
  '99999999999999999999',
  '"../../etc/passwd"',
] as const;
const FIELDS = [
  'airline',
  'origin',
  'destination',
  'scheduledDeparture',
  'distanceMiles',
  '__proto__',
  'constructor',
  'toString',
] as const;

/** A kind of harm, and one request of it. */
const KINDS: Readonly<Record<string, () => string>> = {
  'random bytes': () =>
    Array.from({ length: 1 + below(300) }, () => String.fromCharCode(below(256))).join(''),
  'a damaged request': () => {
    const bytes = [...framed(FLIGHT)];
    for (let n = 1 + below(8); n > 0; n--)
      bytes[below(bytes.length)] = String.fromCharCode(below(256));
    return bytes.join('');
  },
  'a damaged body': () => {
    const bytes = [...FLIGHT];
    for (let n = 1 + below(5); n > 0; n--)
      bytes[below(bytes.length)] = String.fromCharCode(32 + below(95));
    return framed(bytes.join(''));
  },
  'values of the wrong kind': () =>
    framed(
      `{${Array.from({ length: 1 + below(8) }, () => `"${pick(FIELDS)}":${pick(BAD_VALUES)}`).join(',')}}`,
    ),
  'deep nesting': () => {
    const depth = 1 + below(50_000);
    return framed('['.repeat(depth) + (random() < 0.5 ? ']'.repeat(depth) : ''));
  },
  'two lengths': () =>
    `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: ${below(9)}\r\n\r\nhello`,
  'a length and chunks': () =>
    'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\nGET / HTTP/1.1\r\n\r\n0\r\n\r\n',
  'a length that is none': () =>
    `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: ${pick(['-1', '+5', '0x10', '1e3', '18446744073709551616', ' ', '5,5'])}\r\n\r\nhello`,
  'chunks that lie': () =>
    `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${pick(['ffffffffffffffff', '-1', 'zz', '5;a=b'])}\r\nhello\r\n0\r\n\r\n`,
  'huge headers': () =>
    `GET / HTTP/1.1\r\nHost: t\r\nX-A: ${'a'.repeat(below(40_000))}\r\nConnection: close\r\n\r\n`,
  'odd paths': () =>
    `GET ${pick(['/../../etc/passwd', '/%00', '//', '/predict?%', `/${'a'.repeat(8000)}`, '*', 'http://x/predict', '/v2/models/%2e%2e/infer', '/predict?airline=%ff'])} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`,
  'odd methods': () =>
    `${pick(['BREW', 'get', 'CONNECT', 'TRACE', 'PRI', 'DELETE'])} /predict HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`,
  'broken tensors': () =>
    framed(
      pick([
        '{"inputs":[]}',
        '{"inputs":[{"name":"airline","shape":[-1],"datatype":"BYTES","data":["a"]}]}',
        '{"inputs":[{"name":"airline","shape":[9999999999],"datatype":"BYTES","data":[]}]}',
        '{"inputs":1}',
      ]),
      'application/json',
      '/v2/models/bench/infer',
    ),
  'many flights that are none': () =>
    framed(
      `{"flights":[${Array.from({ length: below(2000) }, () => pick(BAD_VALUES)).join(',')}]}`,
    ),
};

/** Sends bytes and waits for an answer, the end, or the limit. @returns the status, 0 for an end without one, -1 for silence */
const send = (bytes: string): Promise<number> =>
  new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => finish(-1), ANSWER_LIMIT_MS);
    let socket: { end: () => void; terminate: () => void } | undefined;
    const finish = (status: number): void => {
      clearTimeout(timer);
      resolve(status);
      socket?.terminate();
    };
    Bun.connect({
      hostname: '127.0.0.1',
      port: service.port,
      socket: {
        open: (own) => {
          socket = own;
          own.write(Buffer.from(bytes, 'latin1'));
        },
        data: (_, part) => {
          text += part.toString('latin1');
          const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
          if (status) finish(Number(status));
        },
        close: () => finish(0),
        error: () => finish(0),
      },
    }).catch(() => finish(0));
  });

const seen = new Map<string, Map<number, number>>();
const attack = async (n: number): Promise<void> => {
  let left = n;
  const startMs = performance.now();
  const before = process.cpuUsage();
  const isPastShare = (): boolean => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 > CPU_SHARE * (performance.now() - startMs);
  };
  const kinds = Object.keys(KINDS);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        while (isPastShare()) await Bun.sleep(5);
        const kind = pick(kinds);
        const status = await send(KINDS[kind]!());
        const counts = seen.get(kind) ?? new Map<number, number>();
        seen.set(kind, counts.set(status, (counts.get(status) ?? 0) + 1));
      }
    }),
  );
};

interface Report {
  readonly outcomes: { readonly ok: number };
  readonly planned: number;
  readonly serviceTime: { readonly p99Ms: number };
}

/** A caller in a process of its own asks 200 flights a second while `work` goes on, in rounds of 2 s. */
const during = async (work: () => Promise<unknown>): Promise<{ p99Ms: number; failed: number }> => {
  let going = true;
  const done = work().finally(() => {
    going = false;
  });
  const p99Ms: number[] = [];
  let failed = 0;
  while (going) {
    const { stdout } = Bun.spawn(
      [
        ...[...FIRST, process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'],
        ...[`http://127.0.0.1:${service.port}/predict`, '--rate', '200', '-c', '4', '-d', '2s'],
        ...['--no-check', '--json'],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const { outcomes, planned, serviceTime } = (await new Response(stdout).json()) as Report;
    failed += planned - outcomes.ok;
    p99Ms.push(serviceTime.p99Ms);
  }
  await done;
  return { p99Ms: medianOf(p99Ms.sort((a, b) => a - b)), failed };
};

const quiet = await during(() => Bun.sleep(6000));
const attacked = await during(() => attack(nRequests));

const senders: { terminate: () => void }[] = [];
const beside = await during(async () => {
  for (let i = 0; i < SLOW_SENDERS; i++)
    senders.push(
      await Bun.connect({
        hostname: '127.0.0.1',
        port: service.port,
        socket: { data: () => {}, open: (own) => void own.write('POST /predict HTTP/1.1\r\nX: ') },
      }),
    );
  for (let round = 0; round < 20; round++) {
    for (const sender of senders) (sender as unknown as { write: (s: string) => void }).write('a');
    await Bun.sleep(100);
  }
});
for (const sender of senders) sender.terminate();

console.log(`\n${nRequests} hostile requests, ${AT_ONCE} at once, seed ${SEED}\n`);
console.log('| kind | answers: how many |\n|---|---|');
for (const [kind, counts] of [...seen].sort()) {
  const words = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([status, n]) => `${status === 0 ? 'closed' : status === -1 ? 'waiting' : status}: ${n}`);
  console.log(`| ${kind} | ${words.join(', ')} |`);
}
const metrics = await (await fetch(`http://127.0.0.1:${service.port + 1}/metrics`)).text();
const restarts = [...metrics.matchAll(/^puntual_worker_restarts_total\{.*\} (\d+)$/gm)].reduce(
  (sum, [, n]) => sum + Number(n),
  0,
);
const serverErrors = [...seen.values()]
  .flatMap((counts) => [...counts])
  .filter(([status]) => status >= 500 && status !== 503)
  .reduce((sum, [, n]) => sum + n, 0);
console.log(`\nanswers of 5xx but 503: ${serverErrors}; workers replaced: ${restarts}`);
console.log(
  `a well-behaved caller: median p99 ${quiet.p99Ms.toFixed(1)} ms alone, ${attacked.p99Ms.toFixed(1)} ms beside the hostile ones (${attacked.failed} failed), ${beside.p99Ms.toFixed(1)} ms beside ${SLOW_SENDERS} slow senders (${beside.failed} failed)`,
);
await service.stop();
