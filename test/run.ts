/**
 * `npm test`: format, lint, types, then every test; ends with one line, "N passed, N failed".
 * Each check counts as one test. A failed check does not hide the ones after it.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = `${import.meta.dir}/..`;
const tool = (name: string): string => `${root}/node_modules/.bin/${name}`;

/** Runs a command with its output on ours. */
const passes = (title: string, command: readonly string[]): boolean => {
  console.log(`# ${title}`);
  return (
    Bun.spawnSync([...command], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).exitCode ===
    0
  );
};

const checks = [
  passes('format', [tool('biome'), 'format', '.']),
  passes('lint', [tool('biome'), 'lint', '--error-on-warnings', '.']),
  passes('types', [tool('tsc'), '--noEmit']),
];

console.log('# tests');
/** Everything that the tests write and start: gone with the run, however a test ended. */
const scratch = mkdtempSync(join(tmpdir(), 'puntual-tests-'));
chmodSync(scratch, 0o755);
const tests = Bun.spawn(
  [process.execPath, 'test', '--parallel=2', '--timeout', '180000', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, TMPDIR: scratch },
    detached: true,
  },
);
const cleanUp = (): void => {
  try {
    process.kill(-tests.pid, 'SIGKILL');
  } catch {
    // No process of the group is left.
  }
  rmSync(scratch, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    cleanUp();
    process.exit(1);
  });
let output = '';

/** The runner's own count of the tests that ended so; of a run without its end, the lines that say so. */
const counted = (end: 'pass' | 'fail'): number => {
  const total = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${end}$`, 'gm'))].at(-1)?.[1];
  return total === undefined
    ? output.split('\n').filter((line) => line.startsWith(`(${end})`)).length
    : Number(total);
};

const report = (): never => {
  cleanUp();
  const failed = counted('fail');
  const broke = tests.exitCode !== 0 && failed === 0 ? 1 : 0;
  const nFailed = checks.filter((ok) => !ok).length + failed + broke;
  console.log(`${checks.filter((ok) => ok).length + counted('pass')} passed, ${nFailed} failed`);
  process.exit(nFailed > 0 ? 1 : 0);
};

/**
 * The runner's own time limits do not reach a test that holds its thread, as in opening a pipe that nobody writes: a
 * runner that has been silent for longer than any test may take is ended, and that is a failure.
 */
const SILENCE_MS = 300_000;
const giveUp = (): never => {
  console.error(`no test has ended for ${SILENCE_MS / 1000} s: the run is given up`);
  return report();
};
let silence = setTimeout(giveUp, SILENCE_MS);
const decoder = new TextDecoder();
for await (const chunk of tests.stderr) {
  clearTimeout(silence);
  silence = setTimeout(giveUp, SILENCE_MS);
  process.stderr.write(chunk);
  output += decoder.decode(chunk, { stream: true });
}
clearTimeout(silence);
await tests.exited;
report();
