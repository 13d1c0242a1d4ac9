/**
 * How many predictions a second in batches of 1,000, as JSON, as binary tensors, and as a stream of lines?
 * What does a stream of a gigabyte hold in memory? `npx bun bench/batches.ts [SECONDS]`; needs wrk.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildRandom } from '../src/core/random.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntual, scratchDir } from './lib/http-peers.ts';
import { alternate, printFigures, printMachine, versionLine } from './lib/measure.ts';
import { runWrk } from './lib/wrk.ts';

const N_ROWS = 1000;
const STREAM_BYTES = 2 ** 30;
const seconds = Number(process.argv[2] ?? 4);
printMachine({ wrk: versionLine('wrk', '-v').replace(/^wrk (\S+).*/, '$1') });

const random = buildRandom(7);
const oneOf = (values: readonly string[]): string => values[Math.floor(random() * values.length)]!;
const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
const flights = Array.from({ length: N_ROWS }, () => ({
  airline: oneOf(['AA', 'B6', 'DL', 'EV', 'UA']),
  origin: oneOf(['EWR', 'JFK', 'LGA']),
  destination: oneOf(['ATL', 'BOS', 'LAX', 'MIA', 'ORD', 'SFO']),
  scheduledDeparture: `2013-${two(1 + random() * 12)}-${two(1 + random() * 28)}T${two(random() * 24)}:${two(random() * 60)}`,
  distanceMiles: Math.floor(100 + random() * 2500),
}));

/** A body as the binary tensor extension has it, and the length of its head. */
const binaryBody = (): { body: Buffer; headBytes: number } => {
  const names = ['airline', 'origin', 'destination', 'scheduledDeparture'] as const;
  const tensors = names.map((name) =>
    Buffer.concat(
      flights.flatMap((flight) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(flight[name].length);
        return [length, Buffer.from(flight[name])];
      }),
    ),
  );
  tensors.push(
    Buffer.from(Float64Array.from(flights, ({ distanceMiles }) => distanceMiles).buffer),
  );
  const head = Buffer.from(
    JSON.stringify({
      inputs: [...names, 'distanceMiles'].map((name, i) => ({
        name,
        shape: [N_ROWS],
        datatype: i < names.length ? 'BYTES' : 'FP64',
        parameters: { binary_data_size: tensors[i]!.length },
      })),
      parameters: { binary_data_output: true },
    }),
  );
  return { body: Buffer.concat([head, ...tensors]), headBytes: head.length };
};

/** A wrk script that sends one body again and again. */
const scriptOf = (name: string, body: Buffer | string, headers: Record<string, string>): string => {
  const bodyPath = join(scratchDir, `${name}.body`);
  const path = join(scratchDir, `${name}.lua`);
  writeFileSync(bodyPath, body);
  const lines = Object.entries(headers).map(([key, value]) => `wrk.headers['${key}'] = '${value}'`);
  writeFileSync(
    path,
    `wrk.method = 'POST'\n${lines.join('\n')}\nlocal file = io.open('${bodyPath}', 'rb')\nwrk.body = file:read('*a')\nfile:close()\n`,
  );
  return path;
};

const { body, headBytes } = binaryBody();
const lines = flights.map((flight) => `${JSON.stringify(flight)}\n`).join('');
const forms = [
  {
    name: 'JSON, {"flights":[...]}',
    path: '/predict',
    script: scriptOf('json', JSON.stringify({ flights }), { 'Content-Type': 'application/json' }),
  },
  {
    name: 'V2, binary tensors',
    path: '/v2/models/bench/infer',
    script: scriptOf('binary', body, {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(headBytes),
    }),
  },
  {
    name: 'lines, application/x-ndjson',
    path: '/predict',
    script: scriptOf('lines', lines, { 'Content-Type': 'application/x-ndjson' }),
  },
];

storeModel(scratchDir, buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench' }), new Date());
const service = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');
let nRefused = 0;
const figures = await alternate(
  forms.map(({ name, path, script }) => ({
    name,
    run: async () => {
      const run = await runWrk(service.port, { connections: 4, seconds, path, script });
      nRefused += run.refused;
      return run.perSecond * N_ROWS;
    },
  })),
);
console.log(`\nwrk -t2 -c4 -d${seconds}s, ${N_ROWS} flights a request, two workers\n`);
printFigures(figures, 'predictions/s');
console.log(`\nrefused: ${nRefused}`);

/** Sends STREAM_BYTES of lines, reads every answer, and watches what the workers hold. */
const stream = async (): Promise<void> => {
  const { workers } = (await (
    await fetch(`http://127.0.0.1:${service.port + 1}/workers`)
  ).json()) as {
    workers: { pid: number }[];
  };
  let mostKb = 0;
  const watch = setInterval(() => {
    for (const { pid } of workers) {
      const held = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      mostKb = Math.max(mostKb, Number(held));
    }
  }, 50);
  const chunk = Buffer.from(lines);
  let nSent = 0;
  let nAnswers = 0;
  const startMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${service.port}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (nSent >= STREAM_BYTES) return controller.close();
        nSent += chunk.length;
        controller.enqueue(chunk);
      },
    }),
  });
  for await (const part of response.body!) for (const byte of part) if (byte === 10) nAnswers++;
  const took = (performance.now() - startMs) / 1000;
  clearInterval(watch);
  console.log(
    `\na stream of ${(nSent / 2 ** 30).toFixed(2)} GiB: ${nAnswers.toLocaleString('en')} answers in ${took.toFixed(1)} s, the worker holding at most ${Math.round(mostKb / 1024)} MB`,
  );
};
await stream();
await service.stop();
