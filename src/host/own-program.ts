/**
 * This program, started again: as it was, or as another of its processes.
 *
 * From its sources a process is the runtime with a file; compiled (`npm run compile`) there are no files, and the one
 * executable is told by its first argument which of its processes it is to be: see `cli/compiled.ts`.
 */
import { join } from 'node:path';

/** The processes beside the command line, and the file that each one runs, from `src/`. */
const ENTRIES = {
  worker: 'serve/worker/worker.ts',
  generator: 'stress/generator/shard-process.ts',
} as const;

type ProcessName = keyof typeof ENTRIES;

const FLAG = '--as-process=';

/** Files inside a compiled executable have paths that begin so. */
export const isCompiled = Bun.main.startsWith('/$bunfs/');

/** The command that starts another process of this program. */
export const commandOf = (name: ProcessName): readonly [string, string] => [
  process.execPath,
  isCompiled ? `${FLAG}${name}` : join(import.meta.dir, '..', ENTRIES[name]),
];

/** The command that started this one, to start it once more. */
export const ownCommand = (): readonly string[] => [
  process.execPath,
  ...process.argv.slice(isCompiled ? 2 : 1),
];

/** Which process a compiled executable is to be; undefined: the command line. */
export const processAskedFor = (argv: readonly string[]): ProcessName | undefined => {
  const name = argv[2]?.startsWith(FLAG) ? argv[2].slice(FLAG.length) : '';
  return Object.hasOwn(ENTRIES, name) ? (name as ProcessName) : undefined;
};
