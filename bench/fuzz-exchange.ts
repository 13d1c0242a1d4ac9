/**
 * Does any file break the readers of foreign models? Damages the fixtures again and again, for a given time, and asks
 * of each file that it is read or refused within 2 s and in bounded memory, and that a model that was read answers
 * with probabilities. What breaks is kept in `bench/out/finds`, to become a case of `test/hostile-files`.
 * `npx bun bench/fuzz-exchange.ts [SECONDS] [SEED]`
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import { importModel } from '../src/exchange/import.ts';
import { compilePredictor } from '../src/predict/compile.ts';
import { printMachine } from './lib/measure.ts';
import { mutate, type Seed } from './lib/mutate.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const SEED = Number(process.argv[3] ?? 1);
const SLOW_MS = 2000;
const FIXTURES = join(import.meta.dir, '../src/exchange/fixtures');
const FINDS = join(import.meta.dir, 'out/finds');
const PROGRESS = join(tmpdir(), `puntual-fuzz-${process.env['FUZZ_PROGRESS'] ?? process.pid}`);

const seeds = (readdirSync(FIXTURES, { recursive: true }) as string[])
  .filter((name) => /\.(pkl|joblib|txt|ubj|onnx|json|cbm|bz2|xz|lzma|lz4|zlib|gzip)$/.test(name))
  // Rows and answers of fixtures are no models, and a bomb takes its full time whatever is changed in it.
  .filter((name) => !/\.\w+\.json$|requirements|bomb|mixed\.(?!check-0|linked)/.test(name))
  .sort()
  .map((name): Seed => ({ name, bytes: readFileSync(join(FIXTURES, name)) }));

/** Labels that do not tell which class is late ask for it: then the second one is. */
const importEither = (bytes: Uint8Array): ReturnType<typeof importModel> => {
  try {
    return importModel(bytes, {}, 'fuzz');
  } catch (error) {
    const label = /or --positive '(.*)'$/s.exec((error as Error).message)?.[1];
    if (!(error instanceof AppError) || label === undefined) throw error;
    return importModel(bytes, { positive: label }, 'fuzz');
  }
};

/** What became of one file, or what is wrong with that. */
const outcomeOf = (bytes: Uint8Array): { readonly outcome: string; readonly fault?: string } => {
  try {
    const model = importEither(bytes);
    const predictor = compilePredictor(model);
    const out = new Float64Array(model.heads.length);
    const rows = [Number.NaN, 0, 1, -1, 1e9].map((x) =>
      new Float64Array(model.inputs.length).fill(x),
    );
    for (const row of rows) {
      predictor.predictInto(row, 1, out);
      if (!(out[0]! >= 0 && out[0]! <= 1)) return { outcome: 'read', fault: `answers ${out[0]}` };
    }
    return { outcome: 'read' };
  } catch (error) {
    if (error instanceof AppError) return { outcome: error.code };
    return { outcome: 'crashed', fault: `${(error as Error).stack}` };
  }
};

interface Report {
  readonly nFiles: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly finds: readonly string[];
  readonly slowestMs: number;
  readonly slowest: string;
  readonly peakMb: number;
}

/** Runs files `from`, `from + 1`, ... for a time; each number is written down before its file is read. */
const runChild = (from: number, seconds: number): Report => {
  writeFileSync(PROGRESS, new Uint8Array(8));
  const progress = new Float64Array(Bun.mmap(PROGRESS).buffer);
  const outcomes: Record<string, number> = {};
  const finds: string[] = [];
  let [slowestMs, slowest, i] = [0, '', from];
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs; i++) {
    const file = mutate(seeds, SEED, i);
    progress[0] = i;
    const startMs = performance.now();
    const { outcome, fault } = outcomeOf(file.bytes);
    const tookMs = performance.now() - startMs;
    const reader = extname(file.name.split(' ')[0]!).slice(1);
    outcomes[`${reader} ${outcome}`] = (outcomes[`${reader} ${outcome}`] ?? 0) + 1;
    if (tookMs > slowestMs) [slowestMs, slowest] = [tookMs, file.name];
    const wrong = fault ?? (tookMs > SLOW_MS ? `took ${Math.round(tookMs)} ms` : undefined);
    if (wrong !== undefined) finds.push(keep(i, file, wrong));
  }
  const peakMb =
    Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  return { nFiles: i - from, outcomes, finds, slowestMs, slowest, peakMb };
};

const keep = (i: number, file: Seed, wrong: string): string => {
  mkdirSync(FINDS, { recursive: true });
  writeFileSync(join(FINDS, `${SEED}-${i}${extname(file.name.split(' ')[0]!)}`), file.bytes);
  return `${SEED}-${i} ${file.name}: ${wrong}`;
};

if (process.argv[4] !== undefined) {
  console.log(JSON.stringify(runChild(Number(process.argv[4]), SECONDS)));
} else {
  printMachine();
  const child = Bun.spawn(
    [
      process.execPath,
      import.meta.path,
      `${SECONDS}`,
      `${SEED}`,
      `${process.env['FUZZ_FROM'] ?? 0}`,
    ],
    {
      env: { ...process.env, FUZZ_PROGRESS: `${process.pid}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  // A file that never comes back: its number is the last that was written down.
  const watch = setTimeout(() => child.kill('SIGKILL'), (SECONDS + 30) * 1000);
  const text = await new Response(child.stdout).text();
  clearTimeout(watch);
  if (text === '') {
    const i = new Float64Array(readFileSync(PROGRESS).buffer.slice(0, 8))[0]!;
    console.log(
      `did not come back: ${keep(i, mutate(seeds, SEED, i), 'hangs, or ends the process')}`,
    );
    process.exit(1);
  }
  const { nFiles, outcomes, finds, slowestMs, slowest, peakMb } = JSON.parse(text) as Report;
  console.log(`${nFiles} files of ${seeds.length} seeds in ${SECONDS} s, seed ${SEED}`);
  for (const key of Object.keys(outcomes).sort())
    console.log(`  ${key.padEnd(28)} ${outcomes[key]}`);
  console.log(`slowest ${slowestMs.toFixed(0)} ms: ${slowest}`);
  console.log(`peak memory of the whole run ${peakMb.toFixed(0)} MB`);
  for (const find of finds) console.log(`FOUND ${find}`);
  if (finds.length > 0) process.exit(1);
}
