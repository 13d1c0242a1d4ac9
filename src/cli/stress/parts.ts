/**
 * `puntual stress --on kubernetes`: the flags that were given, as they are given to the parts of the run, and the run of
 * all of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Command, Option } from 'commander';
import { AppError } from '../../core/errors.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { FILES_FOLDER, type JobSetting } from '../../stress/kubernetes/job.ts';
import { openKubectl } from '../../stress/kubernetes/kubectl.ts';
import { runParts } from '../../stress/kubernetes/run-parts.ts';
import { mergeRuns } from '../../stress/results/merge.ts';
import { type RunFile, readRunFile } from '../../stress/results/run-file.ts';
import { EXIT_CODES, SIGNALS, type StressFlags } from './flags.ts';
import { modeOf, planOf, thresholdTextOf } from './plan.ts';

/** What is done with the merged run, here. */
const LOCAL = new Set([
  ...['--on', '--parts', '--image', '--namespace', '--start-in', '--part-cpu', '--part-memory'],
  ...['--output', '--json', '--compare', '--anyway', '--ui', '--ui-port'],
]);
/** What a run in parts cannot have. */
const REFUSED = ['part', 'startAt', 'merge', 'unixSocket', 'ui'] as const;
/** Flags whose value is a file that the parts need. */
const FILES = new Set([
  ...[
    '--data',
    '--script',
    '--har',
    '--access-log',
    '--openapi',
    '--stages',
    '--cacert',
    '--cert',
    '--key',
  ],
]);
/** A Secret holds 1 MiB, written in base64 on its way. */
const FILES_LIMIT_BYTES = 700_000;

/** What ends a part that hangs, beside the run itself. */
const SPARE_SECONDS = 300;

/** @throws AppError usage, target-unreachable, verdict-invalid */
export const runOnKubernetes = async (
  flags: StressFlags,
  command: Command,
  argv: readonly string[],
): Promise<RunFile> => {
  const { image, parts: nParts } = flags;
  if (image === undefined)
    throw new AppError('usage', '--on kubernetes needs --image, one whose entry point is puntual.');
  for (const name of REFUSED)
    if (flags[name] !== undefined)
      throw new AppError(
        'usage',
        `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} and --on kubernetes exclude each other.`,
      );
  const plan = planOf({ ...flags, part: `0/${nParts}` }, modeOf(flags));
  const { args, env, files } = forParts(command, argv);
  const kubectl = openKubectl(flags.namespace);
  const startAtMs = Date.now() + flags.startIn;
  const job: JobSetting = {
    name: `puntual-stress-${startAtMs.toString(36)}`,
    image,
    nParts,
    args,
    env,
    files,
    startAtMs,
    limitSeconds: Math.ceil(
      (flags.startIn + plan.durationMs + plan.timeoutMs) / 1000 + SPARE_SECONDS,
    ),
    cpu: flags.partCpu,
    memory: flags.partMemory,
  };
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  tell(`job ${job.name}: ${nParts} parts of ${image}, which begin in ${flags.startIn / 1000} s`);
  const interruption = endOnSignal();
  try {
    return merged(await runParts({ kubectl, job, signal: interruption.signal, tell }));
  } finally {
    interruption.unwatch();
  }
};

const merged = (texts: readonly string[]): RunFile => {
  const folder = mkdtempSync(join(tmpdir(), 'puntual-parts-'));
  try {
    const paths = texts.map((text, part) => {
      const path = join(folder, `run-${part}.json`);
      writeFileSync(path, text);
      return path;
    });
    return mergeRuns(paths.map(readRunFile));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Ctrl-C and SIGTERM end the Job; the second time the program, and the cluster takes the Job away in its time. */
const endOnSignal = () => {
  const controller = new AbortController();
  let code = 0;
  const stop = (name: keyof typeof EXIT_CODES): void => {
    code = EXIT_CODES[name];
    if (controller.signal.aborted) process.exit(code);
    process.stderr.write('stopping: the job is taken away\n');
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, stop);
  return {
    signal: controller.signal,
    /** Ends the program with the signal's code, if one came. */
    unwatch: () => {
      for (const name of SIGNALS) process.off(name, stop);
      if (code !== 0) process.exit(code);
    },
  };
};

interface PartsCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * The words of the command line as the parts get them: without what is done here, with files that they find in their pod.
 * @param argv what follows `puntual stress`
 */
export const forParts = (command: Command, argv: readonly string[]): PartsCommand => {
  const { options } = command;
  const files = new Map<string, Uint8Array>();
  let nBytes = 0;
  const shipped = (path: string): string => {
    const bytes = readNamedFile(path, `'${path}'`);
    nBytes += bytes.length;
    if (nBytes > FILES_LIMIT_BYTES)
      throw new AppError(
        'usage',
        `The files of a run on Kubernetes may have ${FILES_LIMIT_BYTES} bytes together, and '${path}' brings them to ${nBytes}: put them into the image.`,
      );
    const name = `${files.size}-${basename(path).replaceAll(/[^\w.-]/g, '_')}`;
    files.set(name, bytes);
    return `${FILES_FOLDER}/${name}`;
  };
  const valueFor = (option: Option, value: string): string => {
    if (FILES.has(option.long!)) return shipped(value);
    if (option.long === '--body' && value.startsWith('@')) return `@${shipped(value.slice(1))}`;
    // The objectives stay here, their thresholds travel.
    return option.long === '--slo' ? thresholdTextOf(value) : value;
  };
  const args: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const option = options.find(({ long, short }) => isNamedBy(word, long, short));
    if (option === undefined) {
      args.push(word);
      continue;
    }
    const takesValue = option.required || option.optional;
    const inWord = takesValue ? valueIn(word) : undefined;
    const value = takesValue ? (inWord ?? argv[++at]) : undefined;
    if (LOCAL.has(option.long!)) continue;
    args.push(value === undefined ? word : `${option.long}=${valueFor(option, value)}`);
  }
  const env = Object.fromEntries(
    options.flatMap(({ envVar, long }) =>
      envVar !== undefined && process.env[envVar] !== undefined && !LOCAL.has(long!)
        ? [[envVar, process.env[envVar]]]
        : [],
    ),
  );
  return { args, env, files };
};

/** `--rate`, `--rate=5`, `-r`, `-r5`. */
const isNamedBy = (word: string, long?: string, short?: string): boolean =>
  word === long ||
  (long !== undefined && word.startsWith(`${long}=`)) ||
  (short !== undefined && word.startsWith(short) && !word.startsWith('--'));

const valueIn = (word: string): string | undefined => {
  if (word.startsWith('--'))
    return word.includes('=') ? word.slice(word.indexOf('=') + 1) : undefined;
  return word.length > 2 ? word.slice(2) : undefined;
};
