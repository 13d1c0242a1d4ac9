import { afterAll, describe, expect, test } from 'bun:test';
import { buildPlantedModel, PLANTED_FLIGHT, PLANTED_INPUTS } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import type { Input } from '../../core/inputs.ts';

const MODEL_INPUT: Input = {
  name: 'model',
  kind: 'category',
  required: false,
  description: 'Model of the aircraft',
  values: ['A320', 'B738'],
};
const other = {
  ...buildPlantedModel({ seed: 2, name: 'other' }),
  inputs: [...PLANTED_INPUTS, MODEL_INPUT],
};
const service = startPlantedService(
  buildPlantedContext({ named: [buildPlantedContext({ model: other })] }),
);
afterAll(() => service.stop());

const flight = String(new URLSearchParams(PLANTED_FLIGHT));
const get = (path: string) => fetch(service.url + path);
const post = (path: string, accept: string, body = flight) =>
  fetch(service.url + path, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
interface Answer {
  readonly probability: number;
  readonly unknown?: readonly string[];
  readonly model: { readonly name: string };
}
const jsonOf = async (response: Promise<Response>): Promise<Answer> =>
  (await (await response).json()) as Answer;

describe('the model that an address names', () => {
  test('answers a form, as it answers a flight in the address', async () => {
    const asked = await jsonOf(get(`/predict?model=other&${flight}`));
    expect(asked.model.name).toBe('other');
    expect(await jsonOf(post('/result?model=other', 'application/json'))).toEqual(asked);
    expect((await jsonOf(post('/result', 'application/json'))).model.name).toBe('planted');
  });

  test('is that of the page, empty or with an answer, and of all that the page leads to', async () => {
    const pages = [
      get('/?model=other'),
      get(`/?model=other&${flight}`),
      post('/result?model=other', 'text/html'),
    ];
    for (const page of await Promise.all(pages)) {
      const html = await page.text();
      expect(html).toContain(' data-model="other"');
      expect(html).toContain('<strong>other</strong>');
      const addresses = [...html.matchAll(/ (?:href|action)="(\/[^"]*)"/g)].map(([, at]) => at!);
      const own = addresses.filter((at) => /^\/(?:\?|$|result|model)/.test(at));
      expect(own.length).toBeGreaterThan(5);
      for (const at of own)
        expect(
          new URL(at.replaceAll('&amp;', '&'), service.url).searchParams.getAll('model'),
        ).toEqual(['other']);
    }
  });

  test('is not named where it answers unasked', async () => {
    for (const path of ['/', '/?model=planted', `/?${flight}`]) {
      const html = await (await get(path)).text();
      expect(html).toContain('<strong>planted</strong>');
      expect(html).not.toContain('model=');
      expect(html).not.toContain('data-model');
    }
  });

  test('has to be one that is served', async () => {
    for (const response of [get('/?model=nobody'), post('/result?model=nobody', 'text/html')])
      expect((await response).status).toBe(404);
  });

  test('is no value of an input that is called so: that is sent in a body', async () => {
    expect((await jsonOf(get(`/predict?model=other&${flight}`))).unknown).toBeUndefined();
    const sent = post('/result?model=other', 'application/json', `${flight}&model=B747`);
    expect((await jsonOf(sent)).unknown).toEqual(['model']);
  });
});
