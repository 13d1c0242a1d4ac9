/**
 * What the service says to people, in the language that they ask for: every failure that a caller can cause, notices,
 * reasons, the page without a script.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { buildPlantedModel, PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import type { Feature } from '../../core/features.ts';
import type { Model } from '../../core/model.ts';
import { ERRORS } from '../../core/errors.ts';
import { HTTP_CODES } from './problem.ts';
import { SPANISH_TITLES, spanishOf } from './spanish.ts';

/** DL and AA fly from JFK to LAX, AA from EWR to ATL; nobody else goes anywhere. */
const ROUTES: Feature = {
  name: 'lateOfRoute',
  step: 'lookup',
  parts: [
    { of: 'code', input: 'airline', radix: 5 },
    { of: 'code', input: 'origin', radix: 3 },
    { of: 'code', input: 'destination', radix: 6 },
  ],
  keys: Float64Array.of(0, 8, 2 * 18 + 8),
  numbers: Float64Array.of(0, 0, 0),
  otherwise: Number.NaN,
};
const planted = buildPlantedModel({ nTrees: 5 });
const model: Model = {
  ...planted,
  inputs: [
    ...planted.inputs,
    { name: 'scheduledArrival', kind: 'time', required: false, description: 'Arrival' },
  ],
  features: [...planted.features, ROUTES],
};
const service = startPlantedService(
  buildPlantedContext({ model, config: { bodyLimitBytes: 2000, batchLimitRows: 3 } }),
);
const guarded = startPlantedService(buildPlantedContext({ state: () => 'draining' }));
afterAll(() => Promise.all([service.stop(), guarded.stop()]));

interface Problem {
  readonly title: string;
  readonly detail: string;
  readonly code: keyof typeof SPANISH_TITLES;
  readonly errors?: readonly { readonly detail: string }[];
}

const JSON_TYPE = { 'content-type': 'application/json' };
const post = (body: string, headers: Record<string, string> = JSON_TYPE): RequestInit => ({
  method: 'POST',
  body,
  headers,
});
const flight = (more: object): string => JSON.stringify({ ...PLANTED_FLIGHT, ...more });

const FAILURES: readonly (readonly [path: string, request: RequestInit])[] = [
  ['/nowhere', {}],
  ['/v2/models/other', {}],
  ['/service', {}],
  ['/predict', { method: 'DELETE' }],
  ['/predict', post('[]')],
  ['/predict', post('{"a"')],
  ['/predict', post('7')],
  ['/predict', post('{"flights":7}')],
  ['/predict', post('{"flights":[7]}')],
  ['/predict', post('{"flights":[{},{},{},{}]}')],
  ['/predict', post('{"flights":[{},{}]}')],
  ['/predict', post('['.repeat(200))],
  ['/predict', post('a', { 'content-type': 'text/plain' })],
  ['/predict', post('a', { ...JSON_TYPE, 'content-encoding': 'br' })],
  ['/predict', post('a', { ...JSON_TYPE, 'content-encoding': 'gzip' })],
  ['/predict', post(' '.repeat(3000))],
  ['/predict?strict=maybe', post('{}')],
  ['/predict?strict=true&strict=true', post('{}')],
  ['/predict', post(flight({ origin: {} }))],
  ['/predict', post(flight({ distanceMiles: 'far' }))],
  ['/predict', post(flight({ scheduledDeparture: 'soon' }))],
  ['/predict?strict=true', post(flight({ origin: 'ZZZ', distanceMiles: -1 }))],
  ['/predict?strict=true', post(flight({ scheduledArrival: '2013-07-01T10:00' }))],
  ['/predict?strict=true', post(flight({ scheduledArrival: '2013-08-01T10:00' }))],
  ['/predict?strict=true', post(flight({ scheduledDeparture: '3000-01-01T10:00' }))],
];

describe('a failure', () => {
  test.each(
    FAILURES,
  )('at %s is told in Spanish where that is asked for, in English elsewhere', async (path, request) => {
    const [query] = [path.includes('?') ? '&' : '?'];
    const asked = async (more: string, accept?: string): Promise<[Problem, Response]> => {
      const response = await fetch(service.url + path + more, {
        ...request,
        headers: {
          ...(request.headers as Record<string, string>),
          ...(accept === undefined ? {} : { 'accept-language': accept }),
        },
      });
      return [(await response.json()) as Problem, response];
    };
    const [english] = await asked('');
    const [spanish, response] = await asked(`${query}lang=es`);
    expect(response.headers.get('vary')).toContain('accept-language');
    expect(response.headers.get('content-language')).toBe('es');
    expect(spanish.code).toBe(english.code);
    expect(english.title).toBe(ERRORS[english.code].title);
    expect(spanish.title).toBe(SPANISH_TITLES[spanish.code]);
    expect(spanish.detail).not.toBe(english.detail);
    for (const [at, { detail }] of (english.errors ?? []).entries())
      expect(spanish.errors![at]!.detail).not.toBe(detail);
    expect((await asked('', 'es-CL,es;q=0.9,en;q=0.8'))[0]).toEqual(spanish);
    expect((await asked('', 'fr'))[0]).toEqual(english);
  });

  test('has a title in Spanish for every code, and holes for what its sentence takes over', () => {
    expect(Object.keys(SPANISH_TITLES).sort()).toEqual([...HTTP_CODES].sort());
    expect(spanishOf('/flights/1: origin is required, and 3 more faults')).toBe(
      '/flights/1: falta origin, y 3 errores más',
    );
    expect(spanishOf('the batch holds 9 flights; up to 3 are taken')).toBe(
      'el lote tiene 9 vuelos; se aceptan hasta 3',
    );
    expect(
      spanishOf('airline is required; origin is required; distanceMiles must be a number'),
    ).toBe('falta airline; falta origin; distanceMiles debe ser un número');
    expect(spanishOf('something new')).toBe('something new');
  });
});

interface Answer {
  readonly notices?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly reasons?: readonly { readonly text: string }[];
}

describe('an answer', () => {
  const ask = async (body: object, query = ''): Promise<Answer> =>
    (await (await fetch(`${service.url}/predict${query}`, post(flight(body)))).json()) as Answer;

  test('notes a route that nobody flew, and an airline that never flew it', async () => {
    expect((await ask({})).notices).toBeUndefined();
    expect((await ask({ airline: 'AA' })).notices).toBeUndefined();
    expect((await ask({ airline: 'AA', origin: 'EWR', destination: 'BOS' })).notices).toEqual([
      {
        pointer: '/destination',
        detail: 'no flight on this route is among those that the model learned from',
      },
    ]);
    expect((await ask({ airline: 'UA' }, '?lang=es')).notices).toEqual([
      {
        pointer: '/airline',
        detail:
          'entre los vuelos de los que el modelo aprendió no hay ninguno de esta aerolínea en esta ruta',
      },
    ]);
    // What the model has never seen at all is told as unknown, and no route is possible that is not known.
    expect((await ask({ destination: 'SCL' })).notices).toBeUndefined();
    expect((await ask({ airline: 'LA' })).notices).toBeUndefined();
  });

  test('says that it depends on the language where it holds sentences', async () => {
    const varyOf = async (body: object, query = ''): Promise<string | null> =>
      (await fetch(`${service.url}/predict${query}`, post(flight(body)))).headers.get('vary');
    expect(await varyOf({})).toBeNull();
    expect(await varyOf({}, '?explain=true')).toBe('accept-language');
    expect(await varyOf({ airline: 'UA' })).toBe('accept-language');
  });

  test('gives its reasons in Spanish: alone, in a batch, in a stream, by GET', async () => {
    const texts = ({ reasons }: Answer): string => reasons!.map(({ text }) => text).join('; ');
    const alone = texts(await ask({ distanceMiles: 2475 }, '?explain=true&lang=es'));
    expect(alone).toMatch(/sale de JFK: [-+][\d,]+ puntos?/);
    expect(alone).toContain('sale a las 18:30 del viernes 05-07-2013');
    expect(alone).toContain('recorre 2.475 millas');
    const body = JSON.stringify({ flights: [{ ...PLANTED_FLIGHT, distanceMiles: 2475 }] });
    const batch = await fetch(`${service.url}/predict?explain=true&lang=es`, post(body));
    const { predictions } = (await batch.json()) as { predictions: Answer[] };
    expect(texts(predictions[0]!)).toBe(alone);
    const lines = await fetch(
      `${service.url}/predict?explain=true&lang=es`,
      post(flight({ distanceMiles: 2475 }), { 'content-type': 'application/x-ndjson' }),
    );
    expect(texts((await lines.json()) as Answer)).toBe(alone);
    const query = new URLSearchParams({
      ...PLANTED_FLIGHT,
      distanceMiles: '2475',
      explain: 'true',
    });
    const got = await fetch(`${service.url}/predict?${query}`, {
      headers: { 'accept-language': 'es' },
    });
    expect(got.headers.get('vary')).toContain('accept-language');
    expect(texts((await got.json()) as Answer)).toBe(alone);
  });
});

describe('the page without a script', () => {
  const form = async (more: Record<string, string>, lang: string): Promise<string> => {
    const response = await fetch(`${service.url}/result?lang=${lang}`, {
      method: 'POST',
      body: new URLSearchParams({ ...PLANTED_FLIGHT, ...more }),
    });
    return response.text();
  };

  test.each([
    [
      'a route that nobody flew',
      { origin: 'EWR' },
      'No flight on this route is',
      'no hay ninguno en esta ruta',
    ],
    ['a value never seen', { destination: 'SCL' }, 'does not occur', 'no aparece'],
    ['a negative distance', { distanceMiles: '-5' }, 'Distance cannot be', 'Distancia no puede'],
    [
      'an arrival before the departure',
      { scheduledArrival: '2013-07-05T17:00' },
      'Arrival is before Departure',
      'Llegada es antes de Salida',
    ],
  ])('tells of %s in both languages', async (_, more, english, spanish) => {
    expect(await form(more as Record<string, string>, 'en')).toContain(english);
    expect(await form(more as Record<string, string>, 'es')).toContain(spanish);
  });
});

describe('the page of an imported model', () => {
  const { provenance, ...rest } = planted;
  const imported = startPlantedService(
    buildPlantedContext({
      model: {
        ...rest,
        provenance: { ...provenance, classes: { late: 'churned', other: 'stayed' } },
      },
    }),
  );
  afterAll(() => imported.stop());

  test.each([
    ['en', /of 100 cases like this (?:is|are) of class “churned”/, /minutes late|delayed/],
    ['es', /de cada 100 casos como este son de la clase «churned»/, /minutos de atraso|atrasado/],
  ])('names its own outcome, not delays (%s)', async (lang, sentence, ofDelays) => {
    const text = await (
      await fetch(`${imported.url}/?${new URLSearchParams({ ...PLANTED_FLIGHT, lang })}`)
    ).text();
    const answer = text.slice(text.indexOf('id="answer"'), text.indexOf('<footer'));
    expect(answer).toMatch(sentence);
    expect(answer).not.toMatch(ofDelays);
  });
});
