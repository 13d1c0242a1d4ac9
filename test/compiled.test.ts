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
      ...['serve', '--models', makeModelsDir(), '--workers', '2', '--json'],
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

  test('says which of its commands need more than it holds', async () => {
    const profile = run('profile', join(ROOT, 'data/flights.parquet'));
    expect(await new Response(profile.stderr).text()).toContain('no reader of flight files');
    expect(await profile.exited).toBe(2);
  });
});
