/**
 * `npm test`: format, lint, types, then every test; ends with one line, "N passed, N failed".
 * Each check counts as one test. A failed check does not hide the ones after it.
 */
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
const tests = Bun.spawn(
  [process.execPath, 'test', '--timeout', '60000', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'pipe'],
  },
);
let tail = '';
const decoder = new TextDecoder();
for await (const chunk of tests.stderr) {
  process.stderr.write(chunk);
  tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4000);
}
await tests.exited;

/** The last "N pass" or "N fail" that the runner printed. */
const counted = (word: string): number | undefined => {
  const found = [...tail.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, 'gm'))].at(-1)?.[1];
  return found === undefined ? undefined : Number(found);
};
const passed = counted('pass');
const failed = counted('fail') ?? 0;
const broke = passed === undefined || (tests.exitCode !== 0 && failed === 0) ? 1 : 0;
const nFailed = checks.filter((ok) => !ok).length + failed + broke;
console.log(`${checks.filter((ok) => ok).length + (passed ?? 0)} passed, ${nFailed} failed`);
process.exit(nFailed > 0 ? 1 : 0);
