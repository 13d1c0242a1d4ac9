import { afterAll, describe, expect, test } from 'bun:test';
import { buildPlantedModel, PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import type { Model } from '../../core/model.ts';

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
