/**
 * Does a good caller notice an attack that keeps to the protocol? Each attack goes on for a while beside a caller who
 * asks 500 flights a second: every one of its requests is to be answered, no worker replaced, memory bounded, and the
 * work over within 2 s of the attackers' leaving. The attackers keep to half a processor.
 * `npx bun bench/attacks.ts [SECONDS] [MEMORY-MB] [ATTACK...]`; with a size, by root, the whole service runs in a control
 * group that holds no more; 0: without a limit.
 */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntualIn, FLIGHT, scratchDir } from './lib/http-peers.ts';
import { printMachine } from './lib/measure.ts';
import { makeMemoryGroup } from './lib/memory-group.ts';
import { buildTurnTimes } from './lib/turn-times.ts';

const [seconds = '20', memoryMb = '0', ...wanted] = process.argv.slice(2);
const durationMs = Number(seconds) * 1000;
const WORKERS = 2;
const GOOD_RATE = 500;
const IDLE_LIMIT_MS = 30_000;
/** Of one processor: with more, the attackers would be felt for the processors that they take, not for what they send. */
const CPU_SHARE = 0.5;

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench' }), new Date());
const turns = buildTurnTimes(scratchDir);

interface Attack {
  readonly name: string;
  /** How many do it at once. */
  readonly nAtOnce: number;
  readonly attacker: (attacker: Attacker) => Promise<void>;
}

interface Attacker {
  readonly port: number;
  readonly goesOn: () => boolean;
  /** Resolves when the attackers may take more of the processor. */
  readonly breath: () => Promise<void>;
}

interface Peer {
  readonly send: (bytes: string | Uint8Array) => void;
  readonly end: () => void;
  readonly pause: () => void;
  readonly isClosed: () => boolean;
  readonly nUnsent: () => number;
  /** Resolves when something has come back, or the connection has ended. */
  readonly heard: () => Promise<void>;
}

const connect = async (port: number): Promise<Peer> => {
  let isClosed = false;
  let answered = Promise.withResolvers<void>();
  let unsent: Uint8Array = new Uint8Array(0);
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data: () => answered.resolve(),
      drain: (own) => {
        unsent = unsent.subarray(Math.max(0, own.write(unsent)));
      },
      close: () => {
        isClosed = true;
        answered.resolve();
      },
      error: () => {},
    },
  });
  return {
    send: (bytes) => {
      const all = Buffer.concat([unsent, Buffer.from(bytes as Uint8Array)]);
      unsent = all.subarray(Math.max(0, socket.write(all)));
    },
    end: () => socket.terminate(),
    pause: () => socket.pause(),
    isClosed: () => isClosed,
    nUnsent: () => unsent.length,
    heard: async () => {
      await answered.promise;
      answered = Promise.withResolvers<void>();
    },
  };
};

const request = (path: string, type: string, body: string | Uint8Array, more = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n`,
    ),
    Buffer.from(body as Uint8Array),
  ]);
const batch = (nRows: number): string =>
  `{"flights":[${Array.from({ length: nRows }, () => FLIGHT).join()}]}`;

/** The tensors of 10,000 flights, and every output 12,500 times. */
const manyOutputs = (): Buffer => {
  const flight = JSON.parse(FLIGHT) as Record<string, unknown>;
  const texts = Object.entries(flight).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const columns = texts.map(([name, value]) => {
    const one = Buffer.alloc(4 + value.length);
    one.writeUInt32LE(value.length);
    one.write(value, 4);
    return { name, bytes: Buffer.concat(Array.from({ length: 10_000 }, () => one)) };
  });
  const head = JSON.stringify({
    inputs: columns.map(({ name, bytes }) => ({
      name,
      shape: [10_000],
      datatype: 'BYTES',
      parameters: { binary_data_size: bytes.length },
    })),
    outputs: Array.from({ length: 12_500 }, () => ({ name: 'probability' })),
  });
  const body = Buffer.concat([Buffer.from(head), ...columns.map(({ bytes }) => bytes)]);
  const length = `Inference-Header-Content-Length: ${head.length}\r\n`;
  return request('/v2/models/bench/infer', 'application/octet-stream', body, length);
};

/** Asks again and again, waiting for each answer, or for `ms`. */
const again =
  (bytes: Uint8Array, ms?: number): Attack['attacker'] =>
  async ({ port, goesOn, breath }) => {
    while (goesOn()) {
      await breath();
      const peer = await connect(port);
      peer.send(bytes);
      await (ms === undefined ? peer.heard() : Bun.sleep(ms));
      peer.end();
    }
  };

const STREAM =
  'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Opens a stream and sends something now and then. */
const stream =
  (piece: string): Attack['attacker'] =>
  async ({ port, goesOn }) => {
    while (goesOn()) {
      const peer = await connect(port);
      peer.send(STREAM);
      while (goesOn() && !peer.isClosed()) {
        if (piece !== '') peer.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        await Bun.sleep(1000);
      }
      peer.end();
    }
  };

/** Sends the same piece of a stream for ever, as fast as it is taken. */
const flood =
  (piece: string): Attack['attacker'] =>
  async ({ port, goesOn, breath }) => {
    const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;
    while (goesOn()) {
      const peer = await connect(port);
      peer.send(STREAM);
      while (goesOn() && !peer.isClosed()) {
        await breath();
        if (peer.nUnsent() < chunk.length) peer.send(chunk);
        await Bun.sleep(1);
      }
      peer.end();
    }
  };

/** A value of about `nBytes` that no flight is: many small lists. */
const lists = (nBytes: number): string =>
  `[${Array(Math.floor(nBytes / 5))
    .fill('[{}]')
    .join()}]`;

const EXPLAINED = '/predict?explain=true';
const ATTACKS: readonly Attack[] = [
  { name: 'an output named 12,500 times', nAtOnce: 8, attacker: again(manyOutputs()) },
  {
    name: '10,000 flights explained, gone after 3 s',
    nAtOnce: 40,
    attacker: again(request(EXPLAINED, 'application/json', batch(10_000)), 3000),
  },
  {
    name: '2,000 flights explained, never read',
    nAtOnce: 100,
    attacker: async ({ port, goesOn }) => {
      while (goesOn()) {
        const peer = await connect(port);
        peer.pause();
        peer.send(request(EXPLAINED, 'application/json', batch(2000)));
        for (let s = 0; s < 10 && goesOn(); s++) await Bun.sleep(1000);
        peer.end();
      }
    },
  },
  { name: 'silent streams', nAtOnce: 300, attacker: stream('') },
  { name: 'streams with an empty line a second', nAtOnce: 300, attacker: stream('\n') },
  { name: 'streams with a flight a second', nAtOnce: 300, attacker: stream(`${FLIGHT}\n`) },
  {
    name: 'bodies of 1 MiB that do not end',
    nAtOnce: 1500,
    attacker: async ({ port, goesOn, breath }) => {
      const whole = request('/predict', 'application/json', ' '.repeat(2 ** 20));
      while (goesOn()) {
        await breath();
        const peer = await connect(port);
        peer.send(whole.subarray(0, 1_040_000));
        for (let s = 0; s < 60 && goesOn() && !peer.isClosed(); s++) await Bun.sleep(200);
        peer.end();
      }
    },
  },
  {
    name: 'gzip that unpacks to 64 MiB',
    nAtOnce: 16,
    attacker: again(
      request(
        '/predict',
        'application/json',
        gzipSync(Buffer.alloc(64 * 2 ** 20, ' ')),
        'Content-Encoding: gzip\r\n',
      ),
    ),
  },
  {
    name: 'bodies of 910 KB to no route',
    nAtOnce: 16,
    attacker: again(request('/nope', 'application/json', ' '.repeat(910_000))),
  },
  {
    name: '1 MB of lists that are no flight',
    nAtOnce: 16,
    attacker: again(request('/predict', 'application/json', lists(1_000_000))),
  },
  {
    name: 'forms of 60 KB',
    nAtOnce: 16,
    attacker: again(request('/result', 'application/x-www-form-urlencoded', 'a&'.repeat(30_000))),
  },
  {
    name: 'empty lines as fast as they are taken',
    nAtOnce: 16,
    attacker: flood('\n'.repeat(60_000)),
  },
  {
    name: 'broken lines as fast as they are taken',
    nAtOnce: 16,
    attacker: flood('{\n'.repeat(30_000)),
  },
  {
    name: 'explained batches behind each other, then gone',
    nAtOnce: 40,
    attacker: again(
      Buffer.concat(
        Array.from({ length: 8 }, () => request(EXPLAINED, 'application/json', batch(300))),
      ),
      1000,
    ),
  },
];

interface Workers {
  readonly workers: readonly {
    readonly pid: number;
    readonly state: string;
    readonly restarts: number;
    readonly rssMb: number;
    readonly inHand: number;
  }[];
}

interface Report {
  readonly outcomes: { readonly ok: number };
  readonly planned: number;
  readonly serviceTime: { readonly p50Ms: number; readonly p99Ms: number };
}

/** The good caller, in a process of its own. */
const goodCaller = async (port: number, ms: number): Promise<Report> => {
  const { stdout } = Bun.spawn(
    [
      ...[process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress'],
      ...[`http://127.0.0.1:${port}/predict`, '--rate', `${GOOD_RATE}`, '-c', '8', '-t', '1'],
      ...['-d', `${Math.round(ms / 1000)}s`, '--no-check', '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return (await new Response(stdout).json()) as Report;
};

/** Fills half a processor at most. */
const buildBreath = (): (() => Promise<void>) => {
  const startMs = performance.now();
  const before = process.cpuUsage();
  return async () => {
    for (;;) {
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 <= CPU_SHARE * (performance.now() - startMs)) return;
      await Bun.sleep(5);
    }
  };
};

console.log(
  `\n${seconds} s each, ${memoryMb === '0' ? 'no limit of memory' : `all in ${memoryMb} MB`}, ${WORKERS} workers, ${GOOD_RATE} flights/s by the good caller\n`,
);
console.log(
  '| attack | attackers | answered to the good caller | p50 ms | p99 ms | workers replaced | ended by the kernel | all together, most MB | work over after ms | longest turn, ms of processor | turns above 10 ms |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
);
const rounds: readonly Attack[] = [
  { name: '(none)', nAtOnce: 0, attacker: async () => {} },
  ...ATTACKS.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  ),
];
for (const { name, nAtOnce, attacker } of rounds) {
  const group = memoryMb === '0' ? undefined : makeMemoryGroup(Number(memoryMb));
  const service = await beginPuntualIn(
    [...(turns?.prefix ?? []), ...(group?.prefix ?? [])],
    scratchDir,
    'puntual serve',
    ...['--workers', `${WORKERS}`],
  );
  const { port } = service;
  const read = async (): Promise<Workers['workers']> =>
    ((await (await fetch(`http://127.0.0.1:${port + 1}/workers`)).json()) as Workers).workers;
  let isOver = false;
  let mostMb = 0;
  const watching = (async () => {
    while (!isOver) {
      const workers = await read();
      turns?.watch(workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid));
      mostMb = Math.max(
        mostMb,
        workers.reduce((sum, { rssMb }) => sum + rssMb, 0),
      );
      await Bun.sleep(100);
    }
  })();
  const endMs = performance.now() + durationMs;
  const self: Attacker = { port, goesOn: () => performance.now() < endMs, breath: buildBreath() };
  const attackers = Array.from({ length: nAtOnce }, () => attacker(self).catch(() => {}));
  const report = await goodCaller(port, durationMs);
  await Promise.all(attackers);
  const leftMs = performance.now();
  while (
    (await read()).some(({ inHand }) => inHand > 0) &&
    performance.now() - leftMs < IDLE_LIMIT_MS
  )
    await Bun.sleep(20);
  const busyMs = performance.now() - leftMs;
  isOver = true;
  await watching;
  const restarts = (await read()).reduce((sum, worker) => sum + worker.restarts, 0);
  const turn = turns?.read();
  const { outcomes, planned, serviceTime } = report;
  console.log(
    `| ${name} | ${nAtOnce} | ${outcomes.ok} of ${planned} | ${serviceTime.p50Ms.toFixed(1)} | ${serviceTime.p99Ms.toFixed(1)} | ${restarts} | ${group?.nKills() ?? ''} | ${(group?.mostMb() ?? mostMb).toFixed(0)} | ${busyMs.toFixed(0)} | ${turn?.longestMs ?? ''} | ${turn ? `${turn.nLong} of ${turn.n}` : ''} |`,
  );
  await service.stop();
  group?.remove();
}
process.exit(0);
