/**
 * How soon does a service that has too much to do say so?
 * `npx bun bench/refusals.ts [SECONDS] [ROUNDS]`: a crowd asks for batches at 2 and 10 times what the service sustains; beside it
 * a patient caller asks for batches of one flight, and takes the time of every 503 from its planned moment. The service
 * has one processor, its callers have the other: what they take of it is none of the service's doing. The patient caller
 * is a small program in C (`lib/patient.c`, needs `cc`), which by root goes before all others there: it measures the
 * service, not itself, and says how late it was.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginPuntualIn, FLIGHT, scratchDir } from './lib/http-peers.ts';
import { medianOf, printMachine } from './lib/measure.ts';
import { buildPatientCaller } from './lib/patient.ts';

const seconds = Number(process.argv[2] ?? 4);
const ROUNDS = Number(process.argv[3] ?? 5);
const CROWD = 128;
const PATIENT_PER_SECOND = 200;

/** Little to read and much to do, and the other way round: the crowd's own processor time is the service's. */
const CROWDS = [
  { name: '64 flights, explained', nRows: 64, query: '?explain=true' },
  { name: '1,000 flights', nRows: 1000, query: '' },
];

printMachine();
storeModel(scratchDir, buildPlantedModel({ name: 'bench' }), new Date());
const onProcessor = (n: 0 | 1): readonly string[] => ['taskset', '-c', `${n}`];
const service = await beginPuntualIn(
  onProcessor(0),
  scratchDir,
  'puntual serve',
  ...['--workers', '1'],
);

interface Report {
  readonly throughputPerSecond: number;
  readonly outcomes: Readonly<Record<'ok' | 'httpError' | 'socketError' | 'timeout', number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly errorTime: { readonly p50Ms: number; readonly p99Ms: number };
}

const batchOf = (nRows: number): string =>
  `{"flights":[${Array.from({ length: nRows }, () => FLIGHT).join(',')}]}`;

const ask = async (
  query: string,
  body: string,
  forSeconds: number,
  load: readonly string[],
): Promise<Report> => {
  const url = `http://127.0.0.1:${service.port}/predict${query}`;
  const { stdout } = Bun.spawn(
    [
      ...onProcessor(1),
      ...[process.execPath, join(import.meta.dir, '../src/cli/main.ts'), 'stress', url, '-t', '1'],
      ...['-d', `${forSeconds}s`, '--method', 'POST', '--body', body, '--no-check', '--json'],
      ...['--header', 'content-type: application/json', ...load],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return (await new Response(stdout).json()) as Report;
};

const refusedOf = ({ statuses }: Report): number => statuses['503'] ?? 0;
const refusedShare = (report: Report): number =>
  refusedOf(report) / (report.outcomes.ok + report.outcomes.httpError);
const otherFailures = (report: Report): number => {
  const { httpError, socketError, timeout } = report.outcomes;
  return httpError - refusedOf(report) + socketError + timeout;
};
/** What the patient caller learned in one round. */
interface Patience {
  readonly refusedShare: number;
  readonly nOther: number;
  /** Of the answers 503, in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Its own part of them. */
  readonly lateP99: number;
}

const patientCaller = buildPatientCaller(scratchDir);
const askPatiently = async (bodyFile: string, forSeconds: number): Promise<Patience> => {
  const asked = await patientCaller({
    port: service.port,
    path: '/predict',
    bodyFile,
    perSecond: PATIENT_PER_SECOND,
    seconds: forSeconds,
    prefix: onProcessor(1),
  });
  const refused = asked.filter(({ status }) => status === 503);
  const answered = asked.filter(({ status }) => status === 200);
  const at = (share: number, values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;
  const ms = refused.map((one) => one.ms);
  return {
    refusedShare: refused.length / asked.length,
    nOther: asked.length - refused.length - answered.length,
    p50: at(0.5, ms),
    p99: at(0.99, ms),
    longest: at(1, ms),
    lateP99: at(
      0.99,
      refused.map(({ lateMs, unreadMs }) => lateMs + unreadMs),
    ),
  };
};

const sorted = <T>(rounds: readonly T[], read: (round: T) => number): number[] =>
  // A caller who was never refused has no time of refusals.
  rounds.map((round) => read(round) ?? Number.NaN).sort((a, b) => a - b);
const middle = <T>(rounds: readonly T[], read: (round: T) => number): number =>
  medianOf(sorted(rounds, read));
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

const oneFile = join(scratchDir, '1.json');
await Bun.write(oneFile, batchOf(1));
for (const { name, nRows, query } of CROWDS) {
  const bodyFile = join(scratchDir, `${nRows}.json`);
  await Bun.write(bodyFile, batchOf(nRows));
  const rush = (forSeconds: number, ...load: string[]): Promise<Report> =>
    ask(query, `@${bodyFile}`, forSeconds, load);
  const capacity = Math.round((await rush(3, '-c', '16')).throughputPerSecond);
  console.log(`\nbatches of ${name}: ${capacity} a second by 16 callers in a closed loop\n`);
  console.log(
    '| planned | answered/s | refused | patient caller refused | 503 p50 ms | p99 ms (min to max) | longest ms | of it its own, p99 ms | crowd: 503 p50 ms | p99 ms | other failures |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
  );
  for (const factor of [2, 10]) {
    const crowd: Report[] = [];
    const patient: Patience[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const rushing = rush(seconds, '--rate', `${factor * capacity}`, '-c', `${CROWD}`);
      // The patient caller begins when the crowd is there, and ends before it leaves.
      await Bun.sleep(1000);
      patient.push(await askPatiently(oneFile, seconds - 2));
      crowd.push(await rushing);
    }
    const p99s = sorted(patient, ({ p99 }) => p99);
    const failures = [...crowd.map(otherFailures), ...patient.map(({ nOther }) => nOther)].reduce(
      (sum, n) => sum + n,
      0,
    );
    console.log(
      `| ${factor}x | ${Math.round(middle(crowd, (report) => report.throughputPerSecond))} | ${percent(middle(crowd, refusedShare))} | ` +
        `${percent(middle(patient, (round) => round.refusedShare))} | ${middle(patient, ({ p50 }) => p50).toFixed(2)} | ` +
        `${medianOf(p99s).toFixed(1)} (${p99s[0]!.toFixed(1)} to ${p99s.at(-1)!.toFixed(1)}) | ` +
        `${Math.max(...patient.map(({ longest }) => longest)).toFixed(1)} | ` +
        `${middle(patient, ({ lateP99 }) => lateP99).toFixed(2)} | ${middle(crowd, ({ errorTime }) => errorTime.p50Ms).toFixed(1)} | ` +
        `${middle(crowd, ({ errorTime }) => errorTime.p99Ms).toFixed(1)} | ${failures} |`,
    );
  }
}
await service.stop();
