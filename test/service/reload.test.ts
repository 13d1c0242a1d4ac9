/** Another model in a service that runs: rolled in, rolled back, refused. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Model } from '../../src/core/model.ts';
import { writeModel } from '../../src/core/model-file.ts';
import { currentOf, storeModel } from '../../src/core/model-store.ts';
import { buildPlantedModel, PLANTED_INPUTS } from '../planted.ts';
import { startCallers } from './callers.ts';
import { makeModelsDir, metricOf, RIGHTS, type Running, startService, until } from './running.ts';

describe.each(RIGHTS)('a running service, with rights: %s,', (rights) => {
  let service: Running;
  let first: string;
  let second: { path: string; version: string };

  beforeAll(async () => {
    const modelsDir = makeModelsDir();
    first = currentOf(modelsDir, 'planted')!;
    service = await startService([], modelsDir, rights);
    second = storeModel(modelsDir, buildPlantedModel({ nTrees: 10, seed: 2 }), new Date());
  });
  afterAll(() => service.stop());

  const served = async (): Promise<string> =>
    ((await (await service.predict()).json()) as { model: { version: string } }).model.version;

  /** Both workers have it. */
  const allServe = async (version: string): Promise<void> => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) seen.add(await served());
    expect([...seen]).toEqual([version]);
  };

  const refusalOf = async (): Promise<string> =>
    (
      (await (await service.admin('/readyz?verbose')).json()) as { reasons: string[] }
    ).reasons.join();

  test('takes a new model and gives it back without losing a request', async () => {
    const callers = startCallers(service.url, 8);
    const strangers = startCallers(service.url, 4, 'close');
    await until(() => callers.outcomes.ok > 100 && strangers.outcomes.ok > 100);
    for (let turn = 0; turn < 3; turn++) {
      expect((await service.admin('/reload', { model: second.path })).status).toBe(200);
      await allServe(second.version);
      expect((await service.admin('/rollback', {})).status).toBe(200);
      await allServe(first);
    }
    for (const { stop } of [callers, strangers]) {
      const { lost, refused, notTaken } = await stop();
      expect({ lost, refused, notTaken }).toEqual({ lost: 0, refused: {}, notTaken: 0 });
    }
    expect(await metricOf(service, 'puntual_reloads_total{outcome="ok"}')).toBe(6);
  }, 180_000);

  test('records the version that serves, so that a restart serves the same', async () => {
    expect(currentOf(service.modelsDir, 'planted')).toBe(first);
  });

  const broken: readonly [what: string, make: (path: string) => void, says: string][] = [
    ['a directory', (path) => mkdirSync(path), 'is a directory, a file is expected'],
    ['a FIFO, without waiting for it,', (path) => void Bun.spawnSync(['mkfifo', path]), 'regular'],
    [
      'a file with one flipped bit',
      (path) => {
        const bytes = readFileSync(second.path);
        bytes[bytes.length - 9]! ^= 1;
        writeFileSync(path, bytes);
      },
      'checksum',
    ],
    [
      'a file cut short',
      (path) => writeFileSync(path, readFileSync(second.path).subarray(0, 5000)),
      'damaged',
    ],
    ['a pickle', (path) => writeFileSync(path, Buffer.from('80049500000000', 'hex')), 'damaged'],
    ['a model that fails its self-test', (path) => writeModel(wrongSelfTest(), path), 'self-test'],
  ];
  for (const [index, [what, make, says]] of broken.entries()) {
    test(`refuses ${what}, says why, and goes on with the old model`, async () => {
      const path = join(dirname(second.path), `broken-${index}.safetensors`);
      make(path);
      const before = await metricOf(service, 'puntual_reloads_total{outcome="refused"}');
      const response = await service.admin('/reload', { model: path });
      expect(response.status).toBe(422);
      expect(((await response.json()) as { detail: string }).detail).toContain(says);
      expect(await refusalOf()).toContain(says);
      await service.logs(says);
      expect(await metricOf(service, 'puntual_reloads_total{outcome="refused"}')).toBe(before + 1);
      await allServe(first);
      expect((await service.admin('/readyz')).status).toBe(200);
    }, 180_000);
  }

  test('refuses a model whose worker has no room for its counters, says why, and goes on with the old one', async () => {
    const name = readdirSync('/dev/shm').find((dir) => dir.includes(`-${service.process.pid}-`))!;
    const shared = join('/dev/shm', name);
    const before = await metricOf(service, 'puntual_reloads_total{outcome="refused"}');
    // What a full disk refuses, a folder refuses too whose place something else has taken.
    renameSync(shared, `${shared}away`);
    writeFileSync(shared, '');
    try {
      const response = await service.admin('/reload', { model: second.path });
      expect(((await response.json()) as { code: string }).code).toBe('file-unwritable');
    } finally {
      rmSync(shared, { recursive: true });
      renameSync(`${shared}away`, shared);
    }
    expect(await refusalOf()).toContain('cannot be written');
    await service.logs('cannot be written');
    expect(await metricOf(service, 'puntual_reloads_total{outcome="refused"}')).toBe(before + 1);
    await allServe(first);
    expect((await service.admin('/readyz')).status).toBe(200);
  }, 180_000);

  test('names the models there are when asked for one that is not there', async () => {
    const response = await service.admin('/reload', { model: 'nobody' });
    expect(response.status).toBe(404);
    expect(((await response.json()) as { detail: string }).detail).toContain('planted');
  });

  test('goes on when the file of its model vanishes, also in a worker that is started later', async () => {
    const path = join(service.modelsDir, 'planted', first, 'model.safetensors');
    copyFileSync(path, `${path}.kept`);
    rmSync(path);
    const [worker] = await service.workerList();
    process.kill(worker!.pid, 'SIGKILL');
    await until(async () =>
      (await service.workerList()).every(
        ({ pid, state }) => state === 'ready' && pid !== worker!.pid,
      ),
    );
    await allServe(first);
    copyFileSync(`${path}.kept`, path);
  }, 180_000);

  test('keeps at most two models in memory however often it changes', async () => {
    for (let turn = 0; turn < 3; turn++)
      expect((await service.admin('/reload', { model: second.path })).status).toBe(200);
    const [shared] = readdirSync('/dev/shm').filter((name) =>
      name.includes(`-${service.process.pid}-`),
    );
    await until(
      () =>
        readdirSync(join('/dev/shm', shared!)).filter((name) => name.startsWith('model-')).length <=
        2,
    );
    await until(
      () =>
        readdirSync(join('/dev/shm', shared!)).filter((name) => name.startsWith('counters-'))
          .length <= 3,
    );
  }, 180_000);
});

/** A model that says of itself what it does not answer. */
const wrongSelfTest = (): Model => ({
  ...buildPlantedModel({ nTrees: 10 }),
  selfTest: {
    nRows: 1,
    raw: new Float64Array(PLANTED_INPUTS.length),
    answers: Float64Array.of(0.999),
  },
});
