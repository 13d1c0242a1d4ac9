/**
 * What a stress run leaves behind: its files, opened before the run so that nothing is lost, and its document on stdout.
 */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, ERRORS } from '../../core/errors.ts';
import { buildStressPage } from '../../report/stress/stress-page.ts';
import type { ComparisonReport } from '../../stress/results/compare.ts';
import { csvOf } from '../../stress/results/csv.ts';
import { junitOf } from '../../stress/results/junit.ts';
import { markdownOf } from '../../stress/results/markdown.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import { printLine } from '../output.ts';

/** A run, and the earlier one that it is compared with. */
export interface Told {
  readonly run: RunFile;
  readonly earlier?: RunFile | undefined;
  readonly comparison?: ComparisonReport | undefined;
}

/** How a file is written, by the end of its name. */
const WRITERS: readonly {
  readonly name: RegExp;
  readonly write: (told: Told) => string;
}[] = [
  { name: /\.json$/, write: ({ run }) => `${JSON.stringify(run)}\n` },
  { name: /\.html?$/, write: (told) => pageOf(told) },
  { name: /\.xml$/, write: ({ run }) => junitOf(run) },
  { name: /\.csv$/, write: ({ run }) => csvOf(run) },
  { name: /\.md$/, write: ({ run }) => markdownOf(run) },
];

/** The summary of a step of GitHub's actions is a file without an ending, to which steps add. */
const isStepSummary = (path: string): boolean => path === process.env['GITHUB_STEP_SUMMARY'];

const writerOf = (path: string): ((told: Told) => string) | undefined =>
  isStepSummary(path)
    ? ({ run }) => markdownOf(run)
    : WRITERS.find(({ name }) => name.test(path))?.write;

/** The report of a run. */
export const pageOf = ({ run, earlier, comparison }: Told): string =>
  buildStressPage(
    run,
    comparison && earlier ? { ...comparison, earlierStartedAt: earlier.startedAt } : undefined,
  );

export interface Outputs {
  readonly paths: readonly string[];
  /** Writes all; what cannot be written is kept elsewhere, and told. */
  readonly write: (told: Told) => void;
  /** There will be no result: files that were not there before are removed. */
  readonly drop: () => void;
}

/** Makes sure that every file can be written. @throws AppError usage, file-unwritable */
export const openOutputs = (paths: readonly string[]): Outputs => {
  const files = paths.filter((path) => path !== '-');
  const odd = files.find((path) => writerOf(path) === undefined);
  if (odd !== undefined) {
    throw new AppError(
      'usage',
      `-o '${odd}': a name that ends with .html, .json, .xml (JUnit), .csv or .md is expected.`,
    );
  }
  const created = files.filter((path) => !existsSync(path));
  const drop = (): void => {
    for (const path of created) rmSync(path, { force: true });
  };
  for (const path of files) {
    try {
      closeSync(openSync(path, 'a'));
    } catch (cause) {
      drop();
      throw new AppError('file-unwritable', `-o '${path}' cannot be written.`, { cause });
    }
  }
  return {
    paths,
    drop,
    write: (told) => {
      if (paths.includes('-')) printLine(JSON.stringify(told.run));
      for (const path of files) writeOr(path, told);
    },
  };
};

/** @throws AppError file-unwritable, after the run is kept in another folder */
const writeOr = (path: string, told: Told): void => {
  const write = writerOf(path)!;
  try {
    writeFileSync(path, write(told), { flag: isStepSummary(path) ? 'a' : 'w' });
  } catch (cause) {
    const kept = join(mkdtempSync(join(tmpdir(), 'puntual-stress-')), 'run.json');
    writeFileSync(kept, `${JSON.stringify(told.run)}\n`);
    throw new AppError(
      'file-unwritable',
      `-o '${path}' cannot be written; the run is kept in ${kept}, and 'puntual stress ${kept} -o FILE' reports on it.`,
      { cause },
    );
  }
};

/** The keys that other programs rely on, then the rest of the run without its raw series. */
export const documentOf = ({ run, comparison }: Told): object => {
  const { main, verdict } = run;
  return {
    result: run.result.kind,
    resultSentence: run.result.sentence,
    verdict: verdict.kind,
    verdictSentence: verdict.sentence,
    model: run.model,
    mode: run.mode,
    url: run.url,
    load: run.load,
    payload: run.payload,
    plan: run.plan,
    notes: run.notes,
    ...(run.cutShort === undefined ? {} : { cutShort: run.cutShort }),
    ...main.summary,
    outage: main.outage,
    ratePerSecond: main.ratePerSecond,
    connections: run.connections,
    generator: verdict,
    thresholds: run.thresholds,
    ...(main.names ? { names: main.names.map(withoutHistogram) } : {}),
    ...(main.stages ? { stages: main.stages.map(withoutHistogram) } : {}),
    steadiness: main.steadiness,
    little: main.little,
    p99RangeMs: main.p99RangeMs,
    ...(run.faults ? { faults: run.faults } : {}),
    ...(run.findMax ? { findMax: run.findMax } : {}),
    ...(run.capacity ? { capacity: run.capacity } : {}),
    ...(run.ramp ? { ramp: run.ramp } : {}),
    ...(comparison ? { comparison } : {}),
  };
};

const withoutHistogram = <T extends { readonly response: unknown }>({
  response: _,
  ...figures
}: T): Omit<T, 'response'> => figures;

export const exitCodeOf = ({ run, comparison }: Told): number => {
  switch (run.result.kind) {
    case 'failed':
      return ERRORS['threshold-failed'].exit;
    case 'unproven':
      return ERRORS['verdict-invalid'].exit;
    default:
      return comparison?.regressed ? ERRORS['threshold-failed'].exit : 0;
  }
};
