/**
 * Where the way of a request to `/predict` goes, in process and without sockets: the whole and its parts, in turn.
 * `npx bun bench/request.ts [MODEL_FILE]`; without a file a planted model of 100 trees x 31 leaves answers. Then
 * 100,000 sound and broken texts go through the scanner and through `JSON.parse`, its slow twin.
 */
import { heapStats } from 'bun:jsc';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildEncoder } from '../src/core/features.ts';
import { buildInputReader } from '../src/core/inputs.ts';
import { readModel } from '../src/core/model-file.ts';
import { buildRandom } from '../src/core/random.ts';
import type { Call } from '../src/http/call.ts';
import { isWritten } from '../src/http/call.ts';
import { buildAnswerBytes } from '../src/serve/formats/answer.ts';
import { buildFlightScanner } from '../src/serve/formats/flight-scanner.ts';
import { buildScoring } from '../src/serve/scoring/scoring.ts';
import { buildCounters } from '../src/serve/telemetry/counters.ts';
import { COUNTER_CELLS } from '../src/serve/telemetry/shared-counters.ts';
import { buildApp } from '../src/serve/worker/app.ts';
import { FLIGHT_TEXT_INPUTS, flightTextOf } from '../test/flight-texts.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { buildPlantedContext } from '../test/planted-service.ts';
import { printMachine } from './lib/measure.ts';

const N_TEXTS = 100_000;
const ROUNDS = 300;
const PER_ROUND = 10;

/** Compares the scanner with its twin, and with one that has read nothing before. @throws Error where they differ */
const compareTexts = (): void => {
  const inputs = FLIGHT_TEXT_INPUTS;
  const random = buildRandom(3);
  const experienced = buildFlightScanner(inputs);
  const twin = buildInputReader(inputs);
  const raws = Array.from({ length: 3 }, () => new Float64Array(inputs.length));
  const [own, fresh, slow] = raws as [Float64Array, Float64Array, Float64Array];
  let nRead = 0;
  for (let i = 0; i < N_TEXTS; i++) {
    const text = flightTextOf(Math.floor(i / 50), random);
    const bytes = Buffer.from(text);
    const first = buildFlightScanner(inputs);
    const end = experienced.scan(bytes, 0, own, 0);
    const said = (scanner: typeof first, raw: Float64Array): string =>
      JSON.stringify([...raw, ...scanner.unknown()]);
    if (end !== first.scan(bytes, 0, fresh, 0)) throw new Error(`read to ${end}: ${text}`);
    if (end < 0) continue;
    if (said(experienced, own) !== said(first, fresh)) throw new Error(`read otherwise: ${text}`);
    if (end < bytes.length) continue;
    nRead++;
    const { faults, unknown } = twin(JSON.parse(text) as Record<string, unknown>, slow, 0);
    if (faults.length > 0 || said(experienced, own) !== JSON.stringify([...slow, ...unknown]))
      throw new Error(`the twin reads otherwise: ${text}`);
  }
  console.log(`\n${N_TEXTS} texts, ${nRead} of them read by the scanner: no difference`);
};

/** The flights of the load script, each behind the head of a request, one after the other as in a turn of the loop. */
const received = () => {
  const script = readFileSync(join(import.meta.dir, '../scripts/post.lua'), 'utf8');
  const bodies = [...script.matchAll(/^(\S+) (\d+) (\S+) (\S+) (\d{4}-\S+) (\d+)$/gm)].map(
    ([, airline, number, origin, destination, departure, miles]) =>
      `{"airline":"${airline}","flightNumber":"${number}","origin":"${origin}","destination":"${destination}","scheduledDeparture":"${departure}","distanceMiles":${miles}}`,
  );
  const head = 'POST /predict HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 133\r\n\r\n';
  const source = Buffer.from(bodies.map((body) => `${head}${body}\0`).join(''));
  let at = 0;
  const places = bodies.map((body) => {
    const place = { source, at: at + head.length, end: at + head.length + body.length };
    at = place.end + 1;
    return place;
  });
  return { bodies, places };
};

printMachine();
const file = process.argv[2];
const model = file ? readModel(file).model : buildPlantedModel({ nTrees: 100, nLeaves: 31 });
const nInputs = model.inputs.length;
const drift = new Float64Array(model.shares.reduce((sum, { shares }) => sum + shares.length, 0));
const counters = buildCounters(new Float64Array(COUNTER_CELLS), drift, () => drift);
const context = buildPlantedContext({ model, counters });
const app = buildApp(context);
const scoring = buildScoring(context);
const answers = buildAnswerBytes(context.loaded, '}');
const encode = buildEncoder(model.inputs, model.features);
const twin = buildInputReader(model.inputs);
const startMs = performance.now();
const scanner = buildFlightScanner(model.inputs);
const builtMs = performance.now() - startMs;
const { bodies, places } = received();
let here = places[0]!;
const call = {
  method: 'POST',
  path: '/predict',
  query: '',
  headMark: 1,
  header: (name: string) => (name === 'content-type' ? 'application/json' : null),
  inPlace: () => here,
} as unknown as Call;
const rows = places.map(({ source, at }) => {
  const raw = new Float64Array(nInputs);
  scanner.scan(source, at, raw, 0);
  const said = scoring.notices.find(raw, 0)?.bytes('en') ?? new Uint8Array(0);
  return {
    ...{ raw, unknown: scanner.unknown(), said },
    ...{ out: new Float64Array(model.heads.length), outAt: 0 },
  };
});
for (const { raw, out } of rows) context.predictor.predictInto(raw, 1, out);
const raw = new Float64Array(nInputs);
const features = new Float64Array(model.features.length);
const out = new Float64Array(model.heads.length);
const into = Buffer.alloc(65_536);

const parts: Readonly<Record<string, (i: number) => unknown>> = {
  'the whole, from bytes to bytes': (i) => {
    here = places[i]!;
    const answer = app(call);
    if (answer instanceof Promise || !isWritten(answer)) throw new Error('not answered at once');
    return answer.write(into, 0);
  },
  'reading by JSON.parse': (i) => twin(JSON.parse(bodies[i]!) as Record<string, unknown>, raw, 0),
  'reading by the scanner': (i) => scanner.scan(places[i]!.source, places[i]!.at, raw, 0),
  features: (i) => encode(rows[i]!.raw, 0, features, 0),
  'features, trees and calibration': (i) => context.predictor.predictInto(rows[i]!.raw, 1, out),
  'the same with its time, counts and drift': (i) => scoring.predict(rows[i]!.raw, 1, out),
  notices: (i) => (scoring.notices.find(rows[i]!.raw, 0) ? 1 : 0),
  writing: (i) => answers.write(rows[i]!, into, 0),
  'one look at the clock': () => performance.now(),
};
const best = new Map<string, number>();
/** Takes what the parts make, so that none is left out. */
const sink = new Float64Array(1);
const runAll = (): void => {
  for (const [name, part] of Object.entries(parts)) {
    const startNs = Bun.nanoseconds();
    for (let n = 0; n < PER_ROUND; n++)
      for (let i = 0; i < rows.length; i++) sink[0] = Number(part(i) ?? 0);
    const ns = (Bun.nanoseconds() - startNs) / (PER_ROUND * rows.length);
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, ns));
  }
};
for (let round = 0; round < ROUNDS; round++) {
  runAll();
  // The end of a turn.
  await Promise.resolve();
}
const nOdd = rows.filter(({ said }) => said.length > 0).length;
console.log(
  `\n| ${rows.length} flights in turn, ${nOdd} of them with notices | ns, smallest of ${ROUNDS} |\n|---|---:|`,
);
for (const [name, ns] of best) console.log(`| ${name} | ${ns.toFixed(0)} |`);
console.log(`\nthe scanner is built in ${builtMs.toFixed(2)} ms`);

Bun.gc(true);
const before = heapStats().heapCapacity;
for (let n = 0; n < 100_000; n++) {
  const { source, at } = places[n % places.length]!;
  scanner.scan(source, at, raw, 0);
}
console.log(`heap after 100,000 flights: ${heapStats().heapCapacity - before} bytes more`);
compareTexts();
