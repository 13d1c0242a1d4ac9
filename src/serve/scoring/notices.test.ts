import { afterAll, describe, expect, test } from 'bun:test';
import { talk } from '../../../test/http-talk.ts';
import { buildPlantedModel, PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import type { Model } from '../../core/model.ts';
import { buildNotices } from './notices.ts';

const planted = buildPlantedModel();
const model: Model = {
  ...planted,
  inputs: [
    ...planted.inputs,
    { name: 'scheduledArrival', kind: 'time', required: false, description: 'Arrival' },
    { name: 'humidityPercent', kind: 'number', required: false, description: 'Humidity' },
  ],
  provenance: {
    madeBy: 'puntual',
    trainedOn: {
      dialect: 'bts',
      target: 'arrival',
      rows: { read: 1, rejected: 0, used: 1 },
      split: { train: '2013-01-01..2013-08-31', validation: '', calibration: '', test: '' },
      settings: {},
      known: {
        days: '2013-01-01..2013-12-31',
        ranges: ['2013-01-01..2013-02-28', '2013-05-01..2013-12-31'],
        rows: 1,
      },
    },
  },
};
const service = startPlantedService(buildPlantedContext({ model }));
afterAll(() => service.stop());

const json = { 'content-type': 'application/json' };
const send = (path: string, body: unknown, headers: Record<string, string> = json) =>
  fetch(service.url + path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const CASES: readonly [what: string, more: object, pointer: string, detail: string][] = [
  ['a negative distance', { distanceMiles: -5 }, '/distanceMiles', 'cannot be negative'],
  ['a humidity of 140 %', { humidityPercent: 140 }, '/humidityPercent', 'outside 0 to 100'],
  [
    'the year 3000',
    { scheduledDeparture: '3000-01-01T00:00' },
    '/scheduledDeparture',
    '1900 to 2200',
  ],
  ['the year 0', { scheduledDeparture: '0000-01-01T00:00' }, '/scheduledDeparture', '1900 to 2200'],
  [
    'an arrival two days before the departure',
    { scheduledArrival: '2013-07-03T18:00' },
    '/scheduledArrival',
    'more than a day before',
  ],
  [
    'an arrival a month after the departure',
    { scheduledArrival: '2013-08-05T18:00' },
    '/scheduledArrival',
    'more than three days after',
  ],
];
type Prediction = { probability: number; notices?: { pointer: string; detail: string }[] };

describe.each(CASES)('a flight with %s', (_, more, pointer, detail) => {
  const flight = { ...PLANTED_FLIGHT, ...more };
  const notices = [{ pointer, detail: expect.stringContaining(detail) }];

  test('is answered with a notice: alone, in a batch, in a stream, by GET', async () => {
    const alone = (await (await send('/predict', flight)).json()) as Prediction;
    expect(alone.notices as unknown).toEqual(notices);
    const { predictions } = (await (
      await send('/predict', { flights: [PLANTED_FLIGHT, flight] })
    ).json()) as { predictions: Prediction[] };
    expect(predictions[0]).not.toHaveProperty('notices');
    expect(predictions[1]!.notices).toEqual(alone.notices!);
    const line = await send('/predict', JSON.stringify(flight), {
      'content-type': 'application/x-ndjson',
    });
    expect((await line.json()) as Prediction).toEqual(alone);
    const query = new URLSearchParams(flight as Record<string, string>);
    expect((await (await fetch(`${service.url}/predict?${query}`)).json()) as Prediction).toEqual(
      alone,
    );
  });

  test('is told of on the page, without scripts too', async () => {
    const notesOn = async (asked: object): Promise<number> => {
      const response = await fetch(`${service.url}/result`, {
        method: 'POST',
        headers: { accept: 'text/html' },
        body: new URLSearchParams(asked as Record<string, string>),
      });
      expect(response.status).toBe(200);
      return (await response.text()).split('class="note"').length - 1;
    };
    expect(await notesOn(PLANTED_FLIGHT)).toBe(0);
    expect(await notesOn(flight)).toBeGreaterThan(0);
  });

  test('is a 422 for a strict caller, wherever it is', async () => {
    for (const [body, at] of [
      [flight, pointer],
      [{ flights: [PLANTED_FLIGHT, flight] }, `/flights/1${pointer}`],
    ] as const) {
      const response = await send('/predict?strict=true', body);
      expect(response.status).toBe(422);
      const { errors } = (await response.json()) as { errors: { pointer: string }[] };
      expect(errors.map((error) => error.pointer)).toEqual([at]);
    }
    const line = await send('/predict?strict=true', JSON.stringify(flight), {
      'content-type': 'application/x-ndjson',
    });
    expect(((await line.json()) as { code: string }).code).toBe('value-invalid');
  });

  test('is told of in the parameters of an inference, and refused to a strict one', async () => {
    const inputs = Object.entries(flight).map(([name, value]) => ({
      name,
      shape: [1],
      datatype: typeof value === 'number' ? 'FP64' : 'BYTES',
      data: [value],
    }));
    const answer = await send('/v2/models/planted/infer', { inputs });
    expect(
      ((await answer.json()) as { parameters: { notices: string } }).parameters.notices,
    ).toContain(detail);
    const spanish = await send('/v2/models/planted/infer?lang=es', { inputs });
    expect(spanish.headers.get('vary')).toContain('accept-language');
    const told = ((await spanish.json()) as { parameters: { notices: string } }).parameters.notices;
    expect(told).not.toContain(detail);
    expect(told).toMatch(/ no | más de /);
    const strict = await send('/v2/models/planted/infer', { inputs, parameters: { strict: true } });
    expect(strict.status).toBe(422);
  });
});

describe('a day that the model does not know', () => {
  test.each([
    ['2026-07-05T18:30', 'after 2013-12-31'],
    ['2012-12-31T23:59', 'before 2013-01-01'],
    ['2013-03-01T00:00', 'between 2013-01-01 and 2013-12-31 that the model does not know'],
    ['2013-04-30T23:59', 'between 2013-01-01 and 2013-12-31 that the model does not know'],
  ])('%s is told of, also to a strict caller', async (scheduledDeparture, detail) => {
    const response = await send('/predict?strict=true', { ...PLANTED_FLIGHT, scheduledDeparture });
    expect(response.status).toBe(200);
    expect(((await response.json()) as Prediction).notices as unknown).toEqual([
      { pointer: '/scheduledDeparture', detail: expect.stringContaining(detail) },
    ]);
  });

  test('is none up to the last minute that it knows', async () => {
    for (const scheduledDeparture of [
      '2013-12-31T23:59',
      '2013-01-01T00:00',
      '2013-02-28T23:59',
      '2013-05-01T00:00',
    ]) {
      const answer = await (
        await send('/predict', { ...PLANTED_FLIGHT, scheduledDeparture })
      ).json();
      expect(answer).not.toHaveProperty('notices');
    }
  });
});

const LATE = { ...PLANTED_FLIGHT, scheduledDeparture: '2014-01-05T10:00' };
const SAID = {
  en: 'scheduledDeparture is after 2013-12-31, the last day that the model knows',
  es: 'scheduledDeparture es después del 2013-12-31, el último día que el modelo conoce',
};
const head = (more = '') =>
  `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n${more}`;
const request = (body: string, more = '') =>
  `${head(more)}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
/** @param heard byte by byte */
const answersIn = (heard: string) =>
  Buffer.from(heard, 'latin1')
    .toString()
    .split('HTTP/1.1 200 OK\r\n')
    .slice(1)
    .map((answer) => {
      const [fields = '', body = ''] = answer.split('\r\n\r\n');
      return {
        isSpoken: fields.includes('Vary: accept-language'),
        length: Number(/Content-Length: (\d+)/.exec(fields)?.[1]),
        body,
      };
    });

describe.each(['en', 'es'] as const)('an answer with notices in %s', (lang) => {
  const field = `Accept-Language: ${lang}\r\n`;
  const port = Number(new URL(service.url).port);

  test('is the same, byte for byte, however it is asked for', async () => {
    const plain = JSON.stringify(LATE);
    // An escape is left to the parser, and a connection that ends to the writer of texts.
    const escaped = plain.replace('"airline"', '"\\u0061irline"');
    const end = 'Connection: close\r\n';
    const { closed, heard } = talk(
      { port },
      request(plain, field) + request(escaped, field) + request(plain, field + end),
    );
    await closed;
    const answers = answersIn(heard());
    expect(answers).toHaveLength(3);
    const body = answers[0]!.body;
    expect(body).toContain(
      `,"notices":[{"pointer":"/scheduledDeparture","detail":${JSON.stringify(SAID[lang])}}],"model":`,
    );
    for (const answer of answers)
      expect(answer).toEqual({ isSpoken: true, length: Buffer.byteLength(body), body });

    const headers = { 'accept-language': lang };
    const query = new URLSearchParams(Object.entries(LATE).map(([name, v]) => [name, String(v)]));
    const got = await fetch(`${service.url}/predict?${query}`, { headers });
    expect(await got.text()).toBe(body);
    const batch = await send('/predict', { flights: [LATE] }, { ...json, ...headers });
    expect(await batch.text()).toContain(body.slice(0, body.indexOf(',"model"')));
    const { notices, ...rest } = JSON.parse(body) as Prediction;
    expect(notices).toHaveLength(1);
    const explained = await send('/predict?explain=true', LATE, { ...json, ...headers });
    expect(await explained.json()).toMatchObject({ ...rest, notices: notices! });
  });
});

test('plain and spoken answers on one connection have each their own head and language', async () => {
  const port = Number(new URL(service.url).port);
  const known = JSON.stringify(PLANTED_FLIGHT);
  const late = JSON.stringify(LATE);
  const asked = [
    [known, ''],
    [late, 'Accept-Language: es\r\n'],
    [late, 'Accept-Language: es\r\n'],
    [late, 'Accept-Language: en\r\n'],
    [known, 'Accept-Language: es\r\n'],
    [late, ''],
    [known, ''],
    [late, 'Accept-Language: es\r\n'],
  ] as const;
  const all = asked.map(([body, more]) => request(body, more)).join('');
  const last = request(known, 'Connection: close\r\n');
  const { closed, heard } = talk({ port }, all + all + last);
  await closed;
  const answers = answersIn(heard());
  expect(answers).toHaveLength(2 * asked.length + 1);
  for (const [i, { isSpoken, length, body }] of answers.entries()) {
    const [flight, more] = asked[i % asked.length]!;
    expect(length).toBe(Buffer.byteLength(body));
    expect(isSpoken).toBe(flight === late);
    const { notices } = JSON.parse(body) as Prediction;
    const detail = more.includes('es') ? SAID.es : SAID.en;
    expect(notices?.map((notice) => notice.detail)).toEqual(flight === late ? [detail] : undefined);
  }
});

test('more combinations of notices than are kept are told rightly, again and again', () => {
  const inputs = Array.from({ length: 12 }, (_, i) => ({
    name: `n${i}`,
    kind: 'number' as const,
    unit: '%',
    required: false,
    description: '',
  }));
  const notices = buildNotices({ ...planted, inputs });
  const raw = new Float64Array(inputs.length);
  for (let round = 0; round < 2; round++)
    for (let set = 0; set < 2 ** inputs.length; set++) {
      for (let i = 0; i < inputs.length; i++) raw[i] = set & (1 << i) ? 200 : 50;
      const due = inputs.filter((_, i) => set & (1 << i)).map(({ name }) => `/${name}`);
      const faults = notices.find(raw, 0)?.faults('en') ?? [];
      if (faults.map(({ pointer }) => pointer).join() !== due.join())
        throw new Error(`${set}: ${JSON.stringify(faults)}`);
    }
});
