/**
 * The package as npm publishes it, unpacked in an empty folder beside the packages that it depends on: it starts from a
 * shell and from Node, without the install script of Bun having run, serves, and gives its client away.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '../src/core/version.ts';
import type { Started } from '../src/serve/supervisor/supervisor.ts';
import { makeModelsDir } from './service/running.ts';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-package-'));
const modules = join(folder, 'node_modules');
const command = join(modules, '.bin/puntual');
afterAll(() => rmSync(folder, { recursive: true }));

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

beforeAll(() => {
  const pack = Bun.spawnSync(['npm', 'pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
  });
  [packed] = JSON.parse(pack.stdout.toString()) as [Packed];
  const place = join(modules, 'puntual');
  mkdirSync(place, { recursive: true });
  const archive = join(folder, packed.filename);
  const untar = ['tar', '-xzf', archive, '-C', place, '--strip-components=1'];
  expect(Bun.spawnSync(untar).exitCode).toBe(0);
  // What npm would install: all that is there but the links of commands, of which Bun's is made by a script.
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  mkdirSync(join(modules, '.bin'));
  symlinkSync('../puntual/bin/puntual', command);
}, 180_000);

const run = (...words: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(words, {
    cwd: folder,
    // No other Bun is found.
    env: { HOME: folder, PATH: process.env['PATH']!.replaceAll(/[^:]*node_modules[^:]*:?/g, '') },
  });
  return { exitCode, out: stdout.toString(), error: stderr.toString() };
};

test('holds what the program needs, and neither tests nor their fixtures', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toContain('bin/puntual');
  expect(paths).toContain('client/client.js');
  expect(paths).toContain('data/flights.parquet');
  expect(paths.filter((path) => /\.test\.|fixtures|^(?:test|bench)\//.test(path))).toEqual([]);
  expect(packed.size).toBeLessThan(10e6);
});

test('starts from a shell and from Node, passes words on and exit codes back', () => {
  const line = { exitCode: 0, out: `${VERSION}\n`, error: '' };
  expect(run(command, '--version')).toEqual(line);
  expect(run('node', command, '--version')).toEqual(line);
  for (const words of [[command], ['node', command]]) {
    const { exitCode, error } = run(...words, 'nonsense');
    expect(error).toContain("unknown command 'nonsense'");
    expect(exitCode).toBe(2);
  }
});

test('serves, and Node passes a signal on', async () => {
  const service = Bun.spawn(
    [
      ...['node', command, 'serve', '--json', '--models', makeModelsDir(), '--workers', '1'],
      ...['--port', '0', '--admin-port', '0', '--drain-delay', '10ms'],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { value } = await service.stdout.getReader().read();
  const { url } = JSON.parse(Buffer.from(value!).toString()) as Started;
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  expect(page.status).toBe(200);
  const html = await page.text();
  expect(html).toContain('</html>');
  const loads = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  expect(loads).toContain('/assets/page.js');
  for (const path of [...loads, '/docs', '/assets/docs.js']) {
    const loaded = await fetch(new URL(path, url));
    expect([path, loaded.status]).toEqual([path, 200]);
    expect((await loaded.bytes()).length).toBeGreaterThan(100);
  }
  service.kill('SIGTERM');
  expect(await service.exited).toBe(0);
}, 180_000);

test('gives its client to programs of Node', () => {
  const script = "import('puntual/client').then(({ Puntual }) => console.log(typeof Puntual))";
  expect(run('node', '-e', script)).toMatchObject({ exitCode: 0, out: 'function\n' });
  const { exports } = JSON.parse(readFileSync(join(modules, 'puntual/package.json'), 'utf8')) as {
    exports: Record<string, { types?: string }>;
  };
  expect(packed.files.map(({ path }) => `./${path}`)).toContain(exports['./client']!.types!);
});
