/** Several models on one service, by name; and a shadow, whose answers are only compared. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { storeModel } from '../../src/core/model-store.ts';
import { buildPlantedModel, PLANTED_FLIGHT } from '../planted.ts';
import { makeModelsDir, metricOf, type Running, runServe, startService, until } from './running.ts';

const json = { 'content-type': 'application/json' };
const N_FLIGHTS = 60;
const flights = Array.from({ length: N_FLIGHTS }, (_, i) => ({
  ...PLANTED_FLIGHT,
  distanceMiles: 50 * i,
}));

interface Answer {
  readonly probability: number;
  readonly delayed: boolean;
  readonly model: { readonly name: string; readonly version: string };
}
interface Comparison {
  readonly compared: number;
  readonly agreement: number;
  readonly meanDifference: number;
  readonly meanAbsoluteDifference: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly shadow: { readonly name: string };
}

describe('a service with three models, one of them the shadow', () => {
  const modelsDir = makeModelsDir(buildPlantedModel({ nTrees: 10 }));
  const other = storeModel(
    modelsDir,
    buildPlantedModel({ nTrees: 10, seed: 2, name: 'other' }),
    new Date(1e9),
  );
  let service: Running;
  beforeAll(async () => {
    const models = ['--model', 'planted', '--also', 'other', '--shadow', 'other'];
    service = await startService([...models, '--workers', '1'], modelsDir);
  });
  afterAll(() => service.stop());

  test('says at its start which models it serves, and which is compared', async () => {
    expect(service.others).toEqual([
      { name: 'other', version: other.version, role: 'named' },
      { name: 'other', version: other.version, role: 'shadow' },
    ]);
    await service.logs(`"also":"other ${other.version}","shadow":"other ${other.version}"`);
  });

  const post = (path: string, body: unknown) =>
    fetch(service.url + path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const batchOf = async (query: string): Promise<readonly Answer[]> =>
    ((await (await post(`/predict${query}`, { flights })).json()) as { predictions: Answer[] })
      .predictions;
  const comparison = async (): Promise<Comparison> =>
    (await (await service.admin('/shadow')).json()) as Comparison;
  const versionOf = async (query: string): Promise<string> =>
    ((await (await post(`/predict${query}`, PLANTED_FLIGHT)).json()) as Answer).model.version;

  test('compares what was answered with the shadow, as a recomputation has it', async () => {
    const [first, shadow] = [await batchOf(''), await batchOf('?model=other')];
    await post('/predict', { ...PLANTED_FLIGHT, destination: 'XXX' });
    await until(async () => (await comparison()).compared === N_FLIGHTS);
    const differences = shadow.map(({ probability }, i) => probability - first[i]!.probability);
    const nSame = shadow.filter(({ delayed }, i) => delayed === first[i]!.delayed).length;
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const found = await comparison();
    expect(found.shadow.name).toBe('other');
    expect(found.agreement).toBe(nSame / N_FLIGHTS);
    expect(found.meanDifference).toBeCloseTo(sum(differences) / N_FLIGHTS, 10);
    expect(found.meanAbsoluteDifference).toBeCloseTo(
      sum(differences.map(Math.abs)) / N_FLIGHTS,
      10,
    );
    expect(found.skipped).toEqual({ busy: 0, 'unknown-value': 1 });
    expect(await metricOf(service, 'puntual_shadow_compared_total{decision="same"}')).toBe(nSame);
    expect(await metricOf(service, 'puntual_shadow_mean_difference')).toBe(found.meanDifference);
    expect(await metricOf(service, 'puntual_shadow_inference_duration_seconds_count')).toBe(
      N_FLIGHTS,
    );
  });

  test('answers by name: alone, as a batch, as lines, by GET and by V2, and says who answered', async () => {
    const [direct] = await batchOf('?model=other');
    const alone = (await (await post('/predict?model=other', flights[0])).json()) as Answer;
    expect(alone).toEqual({ ...direct!, model: { name: 'other', version: other.version } });
    const query = new URLSearchParams({ ...PLANTED_FLIGHT, distanceMiles: '0', model: 'other' });
    expect((await (await fetch(`${service.url}/predict?${query}`)).json()) as Answer).toEqual(
      alone,
    );
    const line = await fetch(`${service.url}/predict?model=other`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: JSON.stringify(flights[0]),
    });
    expect((await line.json()) as Answer).toEqual(alone);
    const inputs = Object.entries(flights[0]!).map(([name, value]) => ({
      name,
      shape: [1],
      datatype: typeof value === 'number' ? 'FP64' : 'BYTES',
      data: [value],
    }));
    const inferred = (await (await post('/v2/models/other/infer', { inputs })).json()) as {
      model_name: string;
      outputs: { data: number[] }[];
    };
    expect([inferred.model_name, inferred.outputs[0]!.data[0]]).toEqual([
      'other',
      alone.probability,
    ]);
    const described = (await (await fetch(`${service.url}/model?model=other`)).json()) as object;
    expect(described).toMatchObject({ name: 'other', version: other.version });
    expect(await metricOf(service, 'puntual_model_predictions_total{model="other"}')).toBe(
      2 * N_FLIGHTS + 4,
    );
  });

  test('tells its models in the index, the interface and the metrics', async () => {
    const index = (await (await post('/v2/repository/index', {})).json()) as { name: string }[];
    expect(index.map(({ name }) => name)).toEqual(['planted', 'other']);
    const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
      paths: Record<string, { post?: { operationId: string; parameters?: { name: string }[] } }>;
    };
    expect(paths['/predict']!.post!.parameters!.map(({ name }) => name)).toContain('model');
    expect(paths['/v2/models/other/infer']!.post!.operationId).toBe('v2Infer2');
    const { sha256, version } = other;
    for (const role of ['named', 'shadow'])
      expect(
        await metricOf(
          service,
          `puntual_model_info{name="other",version="${version}",sha256="${sha256}",role="${role}"}`,
        ),
      ).toBe(1);
  });

  test('knows no other name, and never answers with another model instead', async () => {
    for (const path of ['/predict?model=nobody', '/predict?model=', '/predict?model'])
      expect((await post(path, PLANTED_FLIGHT)).status).toBe(404);
    expect((await fetch(`${service.url}/model?model=nobody`)).status).toBe(404);
    expect((await post('/predict?model=other&model=planted', PLANTED_FLIGHT)).status).toBe(422);
  });

  test('knows a name in an address however it is written there', async () => {
    for (const query of ['?model=other', '?%6dodel=oth%65r', '?m%6Fdel=other'])
      expect({ query, version: await versionOf(query) }).toEqual({ query, version: other.version });
  });

  test('takes another version of the one that is named, leaves the others, and goes back', async () => {
    const first = await versionOf('');
    const next = storeModel(
      modelsDir,
      buildPlantedModel({ nTrees: 10, seed: 3, name: 'other' }),
      new Date(2e9),
      false,
    );
    const answer = await service.admin('/reload', { model: `other/${next.version}` });
    expect(answer.status).toBe(200);
    expect([await versionOf(''), await versionOf('?model=other')]).toEqual([first, next.version]);
    expect((await comparison()).compared).toBeLessThan(N_FLIGHTS);
    expect((await service.admin('/rollback', {})).status).toBe(200);
    expect([await versionOf(''), await versionOf('?model=other')]).toEqual([first, other.version]);
  }, 180_000);
});

test('models that cannot be served together are refused at the start, and by a reload', async () => {
  const modelsDir = makeModelsDir(buildPlantedModel({ nTrees: 10 }));
  const asking = buildPlantedModel({ nTrees: 10, name: 'asking' });
  const inputs = [
    ...asking.inputs,
    { name: 'terminal', kind: 'category', required: true, description: '', values: ['1'] } as const,
  ];
  storeModel(modelsDir, { ...asking, inputs }, new Date());
  const flags = ['--models', modelsDir, '--port', '0', '--admin-port', '0', '--model', 'planted'];
  const twice = await runServe(...flags, '--also', 'planted');
  expect([twice.exitCode, twice.stderr]).toEqual([
    2,
    expect.stringContaining('two models are named planted'),
  ]);
  const needy = await runServe(...flags, '--shadow', 'asking');
  expect([needy.exitCode, needy.stderr]).toEqual([2, expect.stringContaining('it needs terminal')]);
}, 180_000);
