/**
 * The compiled executable, alone in an empty folder: it serves, it stresses, and says what it does not hold.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Started } from '../src/serve/supervisor/supervisor.ts';
import { makeModelsDir } from './service/running.ts';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-compiled-'));
const empty = join(folder, 'empty');
const executable = join(folder, 'puntual');
const FLIGHTS = join(ROOT, 'data/flights.parquet');
const modelsDir = makeModelsDir();
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  mkdirSync(empty);
  const { exitCode, stderr } = Bun.spawnSync([
    process.execPath,
    join(ROOT, 'scripts/compile.ts'),
    executable,
  ]);
  expect(stderr.toString()).toBe('');
  expect(exitCode).toBe(0);
}, 180_000);

/** No variable of this process, no file beside it. */
const run = (...words: string[]) =>
  Bun.spawn([executable, ...words], {
    cwd: empty,
    env: { HOME: empty },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

describe('the compiled executable', () => {
  test('serves with its workers, stresses itself with its generators, and ends in order', async () => {
    const service = run(
      ...['serve', '--models', modelsDir, '--workers', '2', '--json'],
      ...['--port', '0', '--admin-port', '0', '--drain-delay', '10ms'],
    );
    const { value } = await service.stdout.getReader().read();
    const { url } = JSON.parse(Buffer.from(value!).toString()) as Started;
    expect(await (await fetch(url)).text()).toContain('</html>');
    expect(await (await fetch(`${url}/assets/page.js`)).text()).toContain('combobox');
    const stress = run('stress', url, '--rate', '200', '-d', '1s', '--warm-up', '0s', '--json');
    const [report, problems] = await Promise.all([
      new Response(stress.stdout).text(),
      new Response(stress.stderr).text(),
    ]);
    // On a starved machine the generator may say that it was held up; errors it must not see.
    expect(`${await stress.exited} ${problems}`).toMatch(/^[03] /);
    expect(JSON.parse(report)).toMatchObject({ errorShare: 0, checked: 1 });
    service.kill('SIGTERM');
    expect(await service.exited).toBe(0);
  }, 180_000);

  test.each([
    [['profile', FLIGHTS]],
    [['columns', FLIGHTS]],
    [['train', FLIGHTS]],
    [['train', FLIGHTS, '--weather', join(ROOT, 'data/weather.parquet')]],
    [['evaluate', 'planted', FLIGHTS, '--models', modelsDir]],
    [['predict', 'planted', FLIGHTS, '--models', modelsDir, '-o', join(folder, 'scored.csv')]],
    [['features', FLIGHTS, '--output', join(folder, 'features')]],
    [['serve', '--models', modelsDir, '--schedule', FLIGHTS, '--port', '0', '--admin-port', '0']],
    [['start', '--port', '0', '--admin-port', '0']],
  ])('says that it holds no reader of flight files: %j', async (words) => {
    const command = run(...words);
    const said = await new Response(command.stderr).text();
    expect(said.trimEnd().split('\n').at(-1)).toContain('it holds no reader of flight files');
    expect(await command.exited).toBe(2);
  });

  test('completes all its commands', async () => {
    const completion = run('completion', 'bash');
    expect(await new Response(completion.stdout).text()).toContain('--weather');
    expect(await completion.exited).toBe(0);
  });
});
