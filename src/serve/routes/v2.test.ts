import { afterAll, describe, expect, test } from 'bun:test';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import type { Call } from '../../http/call.ts';
import { LOOKS_BYTES } from '../../http/limits.ts';
import { buildV2 } from './v2.ts';

const service = startPlantedService();
afterAll(() => service.stop());

const INFER = '/v2/models/planted/infer';
const COLUMNS = {
  airline: ['DL', 'AA'],
  origin: ['JFK', 'EWR'],
  destination: ['LAX', 'XXX'],
  scheduledDeparture: ['2013-07-05T18:30', '2013-07-06 07:00'],
};
const jsonInputs = (): Record<string, unknown>[] => [
  ...Object.entries(COLUMNS).map(([name, data]) => ({ name, shape: [2], datatype: 'BYTES', data })),
  { name: 'distanceMiles', shape: [2, 1], datatype: 'FP64', data: [[2475], [null]] },
];

const post = (body: unknown, path = INFER) =>
  fetch(service.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** What `/predict` says of the same flights. */
const expected = async (): Promise<number[]> => {
  const flights = [0, 1].map((row) => ({
    ...Object.fromEntries(Object.entries(COLUMNS).map(([name, data]) => [name, data[row]])),
    distanceMiles: row === 0 ? 2475 : null,
  }));
  const answer = (await (await post({ flights }, '/predict')).json()) as {
    predictions: { probability: number }[];
  };
  return answer.predictions.map(({ probability }) => probability);
};

const texts = (values: readonly string[]): Buffer =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );

/** A request as the binary extension has it. */
const binary = (cut = 0): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } => {
  const tensors = [
    ...Object.values(COLUMNS).map(texts),
    Buffer.from(Float64Array.of(2475, Number.NaN).buffer),
  ];
  const names = [...Object.keys(COLUMNS), 'distanceMiles'];
  const head = Buffer.from(
    JSON.stringify({
      id: '42',
      inputs: tensors.map((tensor, i) => ({
        name: names[i],
        shape: [2],
        datatype: i < 4 ? 'BYTES' : 'FP64',
        parameters: { binary_data_size: tensor.length },
      })),
      parameters: { binary_data_output: true },
    }),
  );
  const whole = Buffer.concat([head, ...tensors]);
  return {
    body: new Uint8Array(whole.subarray(0, whole.length - cut)),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    },
  };
};

describe('the Open Inference Protocol', () => {
  test('tells server, model and health', async () => {
    const read = async (path: string) => (await fetch(service.url + path)).json();
    expect(await read('/v2')).toMatchObject({
      name: 'puntual',
      extensions: ['binary_tensor_data', 'model_repository'],
    });
    expect(await read('/v2/health/live')).toEqual({ live: true });
    expect(await read('/v2/health/ready')).toEqual({ ready: true });
    expect(await read('/v2/models/planted/versions/v1')).toMatchObject({
      name: 'planted',
      versions: ['v1'],
      inputs: expect.arrayContaining([{ name: 'distanceMiles', datatype: 'FP64', shape: [-1] }]),
    });
    expect(await read('/v2/models/planted/ready')).toEqual({ name: 'planted', ready: true });
    expect(await (await post({}, '/v2/repository/index')).json()).toEqual([
      { name: 'planted', version: 'v1', state: 'READY', reason: '' },
    ]);
  });

  test('infers what /predict answers, echoes the id and names what was never seen', async () => {
    const answer = (await (await post({ id: 'x7', inputs: jsonInputs() })).json()) as {
      outputs: { name: string; data: unknown }[];
    };
    expect(answer).toMatchObject({
      model_name: 'planted',
      model_version: 'v1',
      id: 'x7',
      parameters: { unknown: 'destination' },
    });
    expect(answer.outputs).toEqual([
      { name: 'probability', datatype: 'FP64', shape: [2], data: await expected() },
      {
        name: 'delayed',
        datatype: 'BOOL',
        shape: [2],
        data: (await expected()).map((probability) => probability >= 0.35),
      },
    ] as never);
  });

  test('infers the same by binary tensors', async () => {
    const response = await fetch(service.url + INFER, { method: 'POST', ...binary() });
    const bytes = Buffer.from(await response.arrayBuffer());
    const headBytes = Number(response.headers.get('inference-header-content-length'));
    const head = JSON.parse(bytes.subarray(0, headBytes).toString());
    expect(head).toMatchObject({
      id: '42',
      outputs: [{ parameters: { binary_data_size: 16 } }, { parameters: { binary_data_size: 2 } }],
    });
    const probabilities = [0, 1].map((row) => bytes.readDoubleLE(headBytes + 8 * row));
    expect(probabilities).toEqual(await expected());
    expect([...bytes.subarray(headBytes + 16)]).toEqual(
      probabilities.map((probability) => (probability >= 0.35 ? 1 : 0)),
    );
  });

  test('answers only the outputs asked for', async () => {
    const answer = (await (
      await post({ inputs: jsonInputs(), outputs: [{ name: 'delayed' }] })
    ).json()) as { outputs: { name: string }[] };
    expect(answer.outputs.map(({ name }) => name)).toEqual(['delayed']);
  });

  test.each([
    ['an empty list', { outputs: [] }],
    ['null', { outputs: null, id: null, parameters: null }],
  ])('answers all outputs to who asks for %s', async (_, more) => {
    const answer = (await (await post({ inputs: jsonInputs(), ...more })).json()) as {
      outputs: { name: string }[];
    };
    expect(answer.outputs.map(({ name }) => name)).toEqual(['probability', 'delayed']);
    expect(answer).not.toHaveProperty('id');
  });

  test.each([
    ['no inputs', { inputs: [] }, 422],
    ['inputs that are no list', { inputs: {} }, 422],
    ['an unknown input', { inputs: [{ ...jsonInputs()[0], name: 'altitude' }] }, 422],
    ['an input twice', { inputs: [jsonInputs()[0], jsonInputs()[0]] }, 422],
    ['a missing input', { inputs: jsonInputs().slice(1) }, 422],
    [
      'a shape that does not fit',
      { inputs: [{ ...jsonInputs()[0], shape: [3] }, ...jsonInputs().slice(1)] },
      422,
    ],
    ['a shape of a billion', { inputs: [{ ...jsonInputs()[0], shape: [1e9] }] }, 413],
    [
      'a strange datatype',
      { inputs: [{ ...jsonInputs()[0], datatype: 'FP8' }, ...jsonInputs().slice(1)] },
      422,
    ],
    [
      'a datatype that cannot be written as a text',
      {
        inputs: [
          { ...jsonInputs()[0], datatype: { toString: 1, valueOf: 1 } },
          ...jsonInputs().slice(1),
        ],
      },
      422,
    ],
    [
      'an output twice',
      { inputs: jsonInputs(), outputs: [{ name: 'delayed' }, { name: 'delayed' }] },
      422,
    ],
    ['an unknown output', { inputs: jsonInputs(), outputs: [{ name: 'x' }] }, 422],
    [
      'more objects than any request has',
      { inputs: jsonInputs(), parameters: { many: Array(1001).fill({}) } },
      422,
    ],
    [
      'a number that is none',
      {
        inputs: [
          ...jsonInputs().slice(0, 4),
          { name: 'distanceMiles', shape: [2], datatype: 'FP64', data: ['a', 1] },
        ],
      },
      422,
    ],
    [
      'what was never seen, to a strict caller',
      { inputs: jsonInputs(), parameters: { strict: true } },
      422,
    ],
  ])('refuses %s and says why in `error`', async (_, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).not.toBe('');
  });

  test('refuses a large document for what it begins with, whatever stands behind', async () => {
    const { decidedBy } = buildV2(buildPlantedContext())[INFER]!.POST!;
    const text = `{${Array.from({ length: 70_000 }, (_, i) => `"n${i}":1`).join()}`;
    const given = (field: string | null): Uint8Array | undefined =>
      decidedBy!({ header: () => field } as unknown as Call)?.(Buffer.from(text));
    expect(given(null)).toHaveLength(LOOKS_BYTES[1]);
    // What stands there may be binary tensors.
    expect(given('100')).toBeUndefined();
    const response = await fetch(service.url + INFER, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    expect(response.status).toBe(422);
    expect(((await response.json()) as { error: string }).error).toBe(
      'an object in the body has more members than any request',
    );
  });

  test('refuses bytes that end too early, wherever they are cut', async () => {
    const whole = binary().body.length;
    for (let cut = 1; cut < whole; cut += 7) {
      const response = await fetch(service.url + INFER, { method: 'POST', ...binary(cut) });
      expect(response.status).toBeOneOf([400, 422]);
    }
  });

  test('knows no other model', async () => {
    const response = await post({ inputs: [] }, '/v2/models/other/infer');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'model-missing' });
  });
});
