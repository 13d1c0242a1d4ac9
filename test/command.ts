/** A command of the program, run to its end in a folder of the test. */
import { join } from 'node:path';

const MAIN = join(import.meta.dir, '../src/cli/main.ts');

/** For tests that train: a machine may be busy. */
export const BUSY_TIMEOUT_MS = 240_000;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const commandIn =
  (folder: string) =>
  (...words: string[]): Ended => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...words], {
      cwd: folder,
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  };
