/**
 * What every bench shares: the machine's line, alternating runs, medians with their spread, a plain table.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { VERSION } from '../../src/core/version.ts';

/** Prints processor, memory, runtime and the versions of the peers that a bench names. */
export const printMachine = (peers: Readonly<Record<string, string>> = {}): void => {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memoryGiB = (totalmem() / 2 ** 30).toFixed(0);
  const versions = Object.entries({ puntual: VERSION, bun: Bun.version, ...peers });
  console.log(`machine: ${cpus().length} x ${model}, ${memoryGiB} GiB, Linux ${kernel()}`);
  console.log(`versions: ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}`);
};

const kernel = (): string => readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();

/** The first line that a command prints, "absent" when it cannot be run. */
export const versionLine = (command: string, ...args: string[]): string => {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return error ? 'absent' : `${stdout}${stderr}`.trim().split('\n')[0]!;
};

/** Before a command: it does not wait for a processor that others have, if we may say so. */
export const FIRST: readonly string[] = process.getuid?.() === 0 ? ['nice', '-n', '-15'] : [];

/** Milliseconds that the processors of this machine have worked and rested so far. */
const processorTimes = (): { busy: number; idle: number } =>
  cpus().reduce(
    ({ busy, idle }, { times }) => ({
      busy: busy + times.user + times.nice + times.sys + times.irq,
      idle: idle + times.idle,
    }),
    { busy: 0, idle: 0 },
  );

const CALM_SHARE = 0.15;
const LOOK_MS = 200;

/** Waits until the machine rests: a contender may still work on what the last run left in its queues. */
export const calm = async (limitMs = 20_000): Promise<void> => {
  const endMs = performance.now() + limitMs;
  for (let last = processorTimes(); performance.now() < endMs; ) {
    await Bun.sleep(LOOK_MS);
    const now = processorTimes();
    const busy = now.busy - last.busy;
    if (busy < CALM_SHARE * (busy + now.idle - last.idle)) return;
    last = now;
  }
};

/** One of the things that a bench compares: `run` does the work once and returns the figure to compare. */
export interface Contender {
  readonly name: string;
  readonly run: () => number | Promise<number>;
}

interface Figure {
  readonly name: string;
  /** In the order of the runs. */
  readonly figures: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Runs the contenders in turn (A B C, A B C, ...) after one round that is not counted.
 * @param rounds counted rounds, 5 or more for a figure that is quoted
 */
export const alternate = async (
  contenders: readonly Contender[],
  rounds = 5,
  warmUps = 1,
): Promise<Figure[]> => {
  const figures = contenders.map((): number[] => []);
  for (let round = -warmUps; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const figure = await contender.run();
      if (round >= 0) figures[i]!.push(figure);
    }
  }
  return contenders.map(({ name }, i) => summarise(name, figures[i]!));
};

export const summarise = (name: string, figures: readonly number[]): Figure => {
  const sorted = [...figures].sort((a, b) => a - b);
  return { name, figures, median: medianOf(sorted), min: sorted[0]!, max: sorted.at(-1)! };
};

/** Median of ascending numbers. */
export const medianOf = (sorted: readonly number[]): number => {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Median of the ratios a/b, pair by pair: it holds when the machine's speed drifts. */
export const ratioOf = (a: Figure, b: Figure): number =>
  medianOf(a.figures.map((figure, i) => figure / b.figures[i]!).sort((x, y) => x - y));

/** Prints a Markdown table: name, median, min to max, ratio to the contender named `peer`. */
export const printFigures = (figures: readonly Figure[], unit: string, peer?: string): void => {
  const against = figures.find(({ name }) => name === peer);
  const show = (value: number): string =>
    value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
  console.log(`| | median ${unit} | min to max |${against ? ` ratio to ${against.name} |` : ''}`);
  console.log(`|---|---:|---:|${against ? '---:|' : ''}`);
  for (const figure of figures) {
    const ratio = against ? ` ${ratioOf(figure, against).toFixed(2)} |` : '';
    console.log(
      `| ${figure.name} | ${show(figure.median)} | ${show(figure.min)} to ${show(figure.max)} |${ratio}`,
    );
  }
};
