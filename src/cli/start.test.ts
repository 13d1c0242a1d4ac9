import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('start says that the port is taken before it trains', async () => {
  const models = mkdtempSync(join(tmpdir(), 'puntual-start-'));
  const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
  const main = join(import.meta.dir, 'main.ts');
  const child = Bun.spawn(
    [
      process.execPath,
      main,
      'start',
      '--models',
      models,
      '--port',
      String(other.port),
      '--admin-port',
      '0',
    ],
    { stdout: 'ignore', stderr: 'pipe' },
  );
  const said = await new Response(child.stderr).text();
  expect(await child.exited).toBe(2);
  expect(said).toContain(`port ${other.port}`);
  expect(said).not.toContain('training');
  expect(readdirSync(models)).toEqual([]);
  await other.stop(true);
  rmSync(models, { recursive: true });
});
