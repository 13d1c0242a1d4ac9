/**
 * The table of commands.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { AppError, ERRORS, PROPOSAL } from '../core/errors.ts';
import { VERSION } from '../core/version.ts';
import { beginWithPatientEngine } from '../host/engine.ts';
import { visibleText } from '../host/shown-text.ts';
import { askDirectly } from '../host/proxies.ts';
import { namesLargeFiles } from './training/input-size.ts';
import { printText, programName, shellWord } from './output.ts';

const COMMANDS = {
  start: { summary: 'train if there is no model, then serve', load: () => import('./start.ts') },
  profile: { summary: 'show what flight files contain', load: () => import('./profile.ts') },
  train: { summary: 'train a delay model on flight files', load: () => import('./train.ts') },
  evaluate: { summary: 'measure a model on other flights', load: () => import('./evaluate.ts') },
  predict: { summary: 'score files of flights', load: () => import('./predict.ts') },
  features: {
    summary: 'write the training matrix of flight files, for learners elsewhere',
    load: () => import('./features.ts'),
  },
  serve: { summary: 'serve predictions over HTTP', load: () => import('./serve.ts') },
  health: { summary: 'ask a service whether it is ready', load: () => import('./health.ts') },
  stress: {
    summary: 'find how many requests per second a service sustains, and where it breaks',
    load: () => import('./stress.ts'),
  },
  columns: {
    summary: 'show the columns of a file, and propose how to read them',
    load: () => import('./columns.ts'),
  },
  slo: {
    summary: 'turn objectives into alerts, a dashboard and thresholds',
    load: () => import('./slo.ts'),
  },
  completion: {
    summary: 'print what a shell needs to complete commands and flags',
    load: () => import('./completion.ts'),
  },
  model: {
    summary: 'list, show, verify, import and export models',
    load: () => import('./model/model.ts'),
  },
} as const;

type CommandName = keyof typeof COMMANDS;

const isCommand = (word: string | undefined): word is CommandName =>
  word !== undefined && Object.hasOwn(COMMANDS, word);

const run = async (argv: readonly string[]): Promise<void> => {
  askDirectly();
  const program = new Command('puntual')
    .description(
      'Learns how likely a flight is to be late, serves the prediction, and measures how many requests per second the service sustains.',
    )
    .version(VERSION, '-V, --version')
    .configureOutput({
      writeOut: printText,
      outputError: (text, write) => write(oneLine(text)),
    })
    .exitOverride();
  const named = argv.find((word) => !word.startsWith('-'));
  if (named === 'train' && !namesLargeFiles(argv)) beginWithPatientEngine();
  for (const [name, { summary }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary).exitOverride();
    if (isCommand(name) && (name === named || named === 'completion'))
      (await COMMANDS[name].load()).describe(command);
    else command.description(summary);
  }
  await program.parseAsync(argv, { from: 'user' });
};

/** What commander says of bad usage, in our form: its suggestion goes on the same line. */
const oneLine = (text: string): string =>
  `puntual: ${visibleText(
    text
      .replace(/^error: /, '')
      .trim()
      .replace(/\s*\n\s*/g, ' '),
  )}\n`;

/** The command that was given, with the mapping that was proposed, to be copied. */
const commandWith = (map: string): string =>
  [programName(), ...[...process.argv.slice(2), '--map', map].map(shellWord)].join(' ');

/** Turns a failure into one line on stderr and its exit code. A bug keeps its stack and exits 1. */
const exitCodeOf = (error: unknown): number => {
  // Thrown by a command itself; what the parser finds is printed by it.
  if (error instanceof InvalidArgumentError) process.stderr.write(oneLine(error.message));
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERRORS.usage.exit;
  if (error instanceof AppError) {
    process.stderr.write(`puntual: ${visibleText(error.message)}\n`);
    for (const fault of error.faults.slice(0, 10))
      process.stderr.write(
        fault.pointer === PROPOSAL
          ? `  Going by names and content, this command reads it; check it before you run it:\n  ${commandWith(fault.detail)}\n`
          : `  ${visibleText(fault.detail)}\n`,
      );
    return ERRORS[error.code].exit;
  }
  process.stderr.write(
    `puntual: a bug, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
};

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
