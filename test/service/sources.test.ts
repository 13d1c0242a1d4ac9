/** Models from elsewhere: an address with a checksum, and a folder that is watched. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentOf, storeModel } from '../../src/core/model-store.ts';
import { buildPlantedModel } from '../planted.ts';
import { makeModelsDir, runServe, startService, until } from './running.ts';

const modelsDir = makeModelsDir();
const current = currentOf(modelsDir, 'planted')!;
const bytes = readFileSync(join(modelsDir, 'planted', current, 'model.safetensors'));
const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
const server: Bun.Server<undefined> = Bun.serve({
  port: 0,
  fetch: (request): Response => {
    const { pathname } = new URL(request.url);
    if (pathname === '/moved') return Response.redirect(`${server.url}model?key=secret`);
    const packing = /^\/packed-(\w+)$/.exec(pathname)?.[1];
    if (packing !== undefined)
      return new Response(Bun.gzipSync(bytes), { headers: { 'content-encoding': packing } });
    return pathname === '/model' ? new Response(bytes) : new Response('no', { status: 404 });
  },
});
afterAll(() => server.stop(true));
const at = (path: string, sum = sha256): string =>
  `http://localhost:${server.port}${path}#sha256=${sum}`;

describe('a model from an address', () => {
  test('serves when its checksum is right, at the start and in a reload, and shows no secret of its address', async () => {
    const service = await startService(['--workers', '1', '--model', at('/moved?key=secret')]);
    expect(service.model.path).toBe(`http://localhost:${server.port}/moved`);
    expect((await service.predict()).status).toBe(200);
    const refused = await service.admin('/reload', {
      model: at('/model?key=secret', '0'.repeat(64)),
    });
    expect(refused.status).toBe(422);
    expect(((await refused.json()) as { detail: string }).detail).toContain('was expected');
    for (const path of ['/model', '/packed-gzip'])
      expect((await service.admin('/reload', { model: at(path) })).status).toBe(200);
    expect((await service.predict()).status).toBe(200);
    expect(service.logged()).not.toContain('secret');
    expect(await service.stop()).toBe(0);
  }, 180_000);

  test.each([
    [
      'without a checksum',
      `http://localhost:${server.port}/model`,
      'needs the SHA-256 of the file',
    ],
    ['that is not there', at('/other'), 'there is no model at'],
    [
      'with other bytes',
      at('/model', 'f'.repeat(64)),
      `has the SHA-256 ${sha256}, but ${'f'.repeat(64)} was expected`,
    ],
    ['that comes packed in another way', at('/packed-other'), 'it comes packed as other'],
    ['where nobody listens', `http://localhost:1/m#sha256=${sha256}`, 'cannot be fetched'],
  ])(
    '%s does not start a service, which says why in one line',
    async (_, model, says) => {
      const { exitCode, stderr } = await runServe(
        ...['--model', model, '--port', '0', '--admin-port', '0'],
      );
      expect(stderr).toContain(says);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(exitCode).toBe(2);
    },
    180_000,
  );
});

test('a watched folder: another version serves once it is current, a damaged one is refused, a reload by hand is left alone', async () => {
  const dir = makeModelsDir();
  const first = currentOf(dir, 'planted')!;
  const service = await startService(['--workers', '1', '--watch'], dir);
  const served = async (): Promise<string> =>
    ((await (await service.predict()).json()) as { model: { version: string } }).model.version;
  expect(await served()).toBe(first);
  const second = storeModel(dir, buildPlantedModel({ nTrees: 10, seed: 2 }), new Date());
  await until(async () => (await served()) === second.version);
  const third = storeModel(dir, buildPlantedModel({ nTrees: 10, seed: 3 }), new Date());
  writeFileSync(third.path, 'not a model');
  await service.logs('was refused');
  expect(await served()).toBe(second.version);
  const isReady = (await service.admin('/readyz')).status === 200;
  expect(isReady).toBe(true);
  expect((await service.admin('/reload', { model: `planted/${first}` })).status).toBe(200);
  expect(currentOf(dir, 'planted')).toBe(first);
  const nChanges = (): number => service.logged().split('another model serves').length - 1;
  await until(() => nChanges() === 2);
  const looks = performance.now() + 5000;
  await until(() => performance.now() > looks);
  expect(nChanges()).toBe(2);
  expect(await service.stop()).toBe(0);
}, 180_000);

test('a watched file that is half written, a folder or gone leaves its model in use and says why, until a good one is there', async () => {
  const dir = makeModelsDir();
  const path = join(dir, 'planted', currentOf(dir, 'planted')!, 'model.safetensors');
  const whole = readFileSync(path);
  const file = join(dir, 'm.safetensors');
  writeFileSync(file, whole);
  const service = await startService(['--workers', '1', '--watch', '--model', file], dir);
  const reasons = async (): Promise<string> =>
    (
      (await (await service.admin('/readyz?verbose')).json()) as { reasons: string[] }
    ).reasons.join();
  writeFileSync(file, whole.subarray(0, whole.length / 2));
  await until(async () => (await reasons()).includes('was refused'));
  rmSync(file);
  await until(async () => (await reasons()).includes(`there is no model '${file}'`));
  await service.logs('what is watched cannot be taken over');
  mkdirSync(file);
  await until(async () => (await reasons()).includes('m.safetensors is a directory'));
  expect((await service.predict()).status).toBe(200);
  rmSync(file, { recursive: true });
  writeFileSync(file, whole);
  await service.logs('another model serves');
  expect(await reasons()).toBe('');
  expect(await service.stop()).toBe(0);
}, 180_000);

test('a model by its path is reloaded, and no refusal is left, where the folder of the models cannot be listed', async () => {
  const dir = makeModelsDir();
  const [first, second] = [2, 3].map((seed) =>
    storeModel(dir, buildPlantedModel({ nTrees: 10, seed }), new Date(), false),
  );
  const folder = join(dir, 'link');
  symlinkSync('gone', folder);
  const service = await startService(
    ['--workers', '1', '--model', first!.path, '--models', folder],
    dir,
  );
  expect((await service.admin('/reload', { model: second!.path })).status).toBe(200);
  const { reasons } = (await (await service.admin('/readyz?verbose')).json()) as {
    reasons: string[];
  };
  expect(reasons).toEqual([]);
  await service.logs('the current version could not be recorded');
  expect(await service.stop()).toBe(0);
}, 180_000);
