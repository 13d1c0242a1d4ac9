import { afterAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { connect } from 'node:net';
import { talk } from '../../../test/http-talk.ts';
import { buildPlantedModel, PLANTED_FLIGHT, PLANTED_INPUTS } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { buildInputReader } from '../../core/inputs.ts';
import { buildReferencePredictor } from '../../predict/reference.ts';

const service = startPlantedService();
afterAll(() => service.stop());

const JSON_TYPE = { 'content-type': 'application/json' };

const post = (path: string, body: unknown, headers: Record<string, string> = JSON_TYPE) =>
  fetch(service.url + path, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** What the reference says of a flight. */
const expected = (flight: Record<string, unknown>): number => {
  const raw = new Float64Array(PLANTED_INPUTS.length);
  buildInputReader(PLANTED_INPUTS)(flight, raw, 0);
  const out = new Float64Array(1);
  buildReferencePredictor(service.context.loaded.model).predictInto(raw, 1, out);
  return out[0]!;
};

describe('one flight', () => {
  test('is answered with the model’s probability, threshold, decision and identity', async () => {
    const response = await post('/predict', PLANTED_FLIGHT);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const probability = expected(PLANTED_FLIGHT);
    expect(await response.json()).toEqual({
      delayed: probability >= 0.35,
      probability,
      threshold: 0.35,
      atLeastMinutes: { '15': probability },
      model: { name: 'planted', version: 'v1' },
    });
  });

  test('is answered alike by GET', async () => {
    const query = new URLSearchParams({ ...PLANTED_FLIGHT, distanceMiles: '2475' });
    const answer = (await (await fetch(`${service.url}/predict?${query}`)).json()) as {
      probability: number;
    };
    expect(answer.probability).toBe(expected({ ...PLANTED_FLIGHT, distanceMiles: 2475 }));
  });

  test('is refused by GET when an input or a switch is given twice', async () => {
    for (const more of ['&airline=AA', '&explain=true&explain=false']) {
      const response = await fetch(
        `${service.url}/predict?${new URLSearchParams(PLANTED_FLIGHT)}${more}`,
      );
      expect(response.status).toBe(422);
      expect(((await response.json()) as { detail: string }).detail).toContain('given twice');
    }
  });

  test('is refused by every route when a name is given twice, with the way to it', async () => {
    const text = JSON.stringify(PLANTED_FLIGHT);
    const form = new URLSearchParams(PLANTED_FLIGHT).toString();
    const flights = (flight: string, before = 0): string =>
      `{"flights":[${`${text},`.repeat(before)}${flight}]}`;
    const tensor = '{"name":"airline","shape":[1],"datatype":"BYTES","data":["DL"]}';
    const columns = Object.entries(PLANTED_FLIGHT).map(
      ([name, value]) =>
        `{"name":"${name}","shape":[1],"datatype":"BYTES","data":[${JSON.stringify(value)}]}`,
    );
    const asked: readonly (readonly [string, string, string, string])[] = [
      ['/predict', 'application/json', `{"airline":"AA",${text.slice(1)}`, '/airline'],
      ['/predict', 'application/json', `{"airline":null,${text.slice(1)}`, '/airline'],
      ['/predict', 'application/json', `{"\\u0061irline":"AA",${text.slice(1)}`, '/airline'],
      ['/predict', 'application/json', `{"x y":1,"x y":1,${text.slice(1)}`, '/x y'],
      [
        '/predict',
        'application/json',
        `{"weather":{"a":1,"b":[{"c":1},{"c":1,"c":2}]},${text.slice(1)}`,
        '/weather/b/1/c',
      ],
      [
        '/predict',
        'application/json',
        flights(`{"airline":"AA",${text.slice(1)}`, 700),
        '/flights/700/airline',
      ],
      ['/predict', 'application/json', `{"flights":[],"flights":[${text}]}`, '/flights'],
      ['/predict', 'application/x-ndjson', `{"airline":"AA",${text.slice(1)}\n`, '/airline'],
      ['/result', 'application/x-www-form-urlencoded', `${form}&airline=AA`, '/airline'],
      ['/result', 'application/x-www-form-urlencoded', `${form}&x=&x=1`, '/x'],
      [
        '/v2/models/planted/infer',
        'application/json',
        `{"inputs":[${columns.join()}],"id":"a","id":"b"}`,
        '/id',
      ],
      [
        '/v2/models/planted/infer',
        'application/json',
        `{"inputs":[${[...columns.slice(1), tensor.replace('{', '{"name":"origin",')].join()}]}`,
        `/inputs/${columns.length - 1}/name`,
      ],
    ];
    for (const [path, type, body, pointer] of asked) {
      const response = await fetch(service.url + path, {
        method: 'POST',
        headers: { 'content-type': type, accept: 'application/json' },
        body,
      });
      const said = await response.text();
      const line = JSON.parse(said.trim()) as { status: number; detail: string; errors: unknown };
      const name = pointer.slice(pointer.lastIndexOf('/') + 1);
      expect({ body, status: line.status, errors: line.errors }).toEqual({
        body,
        status: 422,
        errors: [{ pointer, detail: `${name} is given twice` }],
      });
      expect(line.detail).toContain(`${name} is given twice`);
    }
    for (const more of ['&airline=AA', '&airline=', '&x=1&x=1', '&explain=true&explain=true']) {
      const response = await fetch(`${service.url}/predict?${form}${more}`);
      expect({ more, status: response.status }).toEqual({ more, status: 422 });
    }
    const addressed: readonly (readonly [string, string])[] = [
      ['/predict', 'application/json'],
      ['/predict', 'application/x-ndjson'],
      ['/result', 'application/x-www-form-urlencoded'],
      ['/v2/models/planted/infer', 'application/json'],
      ['/v2/repository/index', 'application/json'],
      ...['/', '/model', '/readyz', '/docs', '/openapi.json', '/v2'].map(
        (path) => [path, ''] as const,
      ),
    ];
    for (const [path, type] of addressed)
      for (const query of ['x=1&x=1', 'lang=es&l%61ng=en', 'strict=true&%73trict=true']) {
        const sent =
          type === '' ? {} : { method: 'POST', headers: { 'content-type': type }, body: text };
        const { status } = await fetch(`${service.url}${path}?${query}`, sent);
        expect({ path, type, query, status }).toEqual({ path, type, query, status: 422 });
      }
  });

  test('is told what is wrong by a pointer to the value in the request, on every route', async () => {
    const named: Readonly<Record<string, string>> = { airline: 'a/b~c', distanceMiles: '~1/' };
    const model = buildPlantedModel();
    const inputs = model.inputs.map((input) => ({
      ...input,
      name: named[input.name] ?? input.name,
    }));
    const features = model.features.map((feature) =>
      'input' in feature ? { ...feature, input: named[feature.input] ?? feature.input } : feature,
    ) as typeof model.features;
    const odd = startPlantedService(buildPlantedContext({ model: { ...model, inputs, features } }));
    const valueAt = (document: unknown, pointer: string): unknown =>
      pointer
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
        .reduce((value, key) => (value as Record<string, unknown>)[key], document);
    const { airline: _, ...rest } = PLANTED_FLIGHT;
    const flight = { 'a/b~c': 'XX', ...rest, '~1/': -1 };
    const columns = Object.entries(flight).map(([name, value]) => {
      const datatype = typeof value === 'number' ? 'FP64' : 'BYTES';
      return { name, shape: [2], datatype, data: [value, value] };
    });
    const asked: readonly (readonly [string, unknown])[] = [
      ['/predict?strict=true', flight],
      ['/predict?strict=true', { flights: [flight, flight] }],
      [`/v2/models/${model.name}/infer`, { inputs: columns, parameters: { strict: true } }],
    ];
    for (const [path, document] of asked) {
      const response = await fetch(odd.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(document),
      });
      const { errors } = (await response.json()) as { errors: { pointer: string }[] };
      const values = errors.map(({ pointer }) => valueAt(document, pointer));
      const times = errors.length / 2;
      expect({ path, values }).toEqual({ path, values: Array(times).fill(['XX', -1]).flat() });
    }
    await odd.stop();
  });

  test('is refused with flights that are no list, in a plain body as in any other', async () => {
    for (const more of [{}, { nested: {} }])
      for (const [flights, status] of [
        [5, 422],
        ['x', 422],
        [true, 422],
        [null, 200],
      ] as const) {
        const response = await fetch(`${service.url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...PLANTED_FLIGHT, flights, ...more }),
        });
        expect({ flights, more, status: response.status }).toEqual({ flights, more, status });
      }
  });

  test('is answered by GET, and on the page, whatever its inputs are named', async () => {
    const model = buildPlantedModel();
    const named: Readonly<Record<string, string>> = {
      airline: '__proto__',
      distanceMiles: 'constructor',
    };
    const inputs = model.inputs.map((input) => ({
      ...input,
      name: named[input.name] ?? input.name,
    }));
    const features = model.features.map((feature) =>
      'input' in feature ? { ...feature, input: named[feature.input] ?? feature.input } : feature,
    ) as typeof model.features;
    const odd = startPlantedService(buildPlantedContext({ model: { ...model, inputs, features } }));
    const { airline, ...rest } = PLANTED_FLIGHT;
    const query = new URLSearchParams({ ...rest, ['__proto__']: airline });
    const answer = (await (await fetch(`${odd.url}/predict?${query}`)).json()) as object;
    expect(answer).toMatchObject({ probability: expected(PLANTED_FLIGHT) });
    expect(answer).not.toHaveProperty('unknown');
    const page = await (await fetch(`${odd.url}/?${query}`)).text();
    expect(page).toContain('Constructor: not known');
    await odd.stop();
  });

  test('may hold a value never seen: it counts as missing and is named', async () => {
    const flight = { ...PLANTED_FLIGHT, destination: 'XXX' };
    const answer = (await (await post('/predict', flight)).json()) as Record<string, unknown>;
    expect(answer['unknown']).toEqual(['destination']);
    expect(answer['probability']).toBe(expected(flight));
  });

  test('with a value never seen is refused when the caller is strict', async () => {
    const response = await post('/predict?strict=true', { ...PLANTED_FLIGHT, destination: 'XXX' });
    expect(response.status).toBe(422);
    expect(((await response.json()) as { errors: unknown }).errors).toEqual([
      { pointer: '/destination', detail: expect.stringContaining('never seen') },
    ]);
  });
});

describe('a large body', () => {
  const wide = ' '.repeat(20_000);

  test('that holds one flight is answered as that flight', async () => {
    const response = await post('/predict', wide + JSON.stringify(PLANTED_FLIGHT));
    expect(await response.json()).toMatchObject({ probability: expected(PLANTED_FLIGHT) });
    const parsed = await post('/predict?strict=true', `{"x":[1],"y":"${wide}"}`);
    expect(parsed.status).toBe(422);
  });

  test('that is no JSON is refused', async () => {
    expect((await post('/predict', `${wide}{`)).status).toBe(400);
  });

  test('that holds far more objects or lists than a batch can is refused before it is parsed', async () => {
    for (const part of ['[{}]', '[]', '{}']) {
      const response = await post('/predict', `[${Array(200_000).fill(part).join()}]`);
      expect(response.status).toBe(422);
      expect(((await response.json()) as { detail: string }).detail).toMatch(
        /^the body holds more than 41000 (lists|objects)$/,
      );
    }
  });

  test('is refused for its first hundred flights that are none, and its connection goes on', async () => {
    const flights = Array.from({ length: 3000 }, (_, i) => (i % 3 ? 'x'.repeat(100) : [i]));
    const body = JSON.stringify({ flights });
    const faults = Array.from({ length: 100 }, (_, i) => ({
      pointer: `/flights/${i}`,
      detail: 'a flight must be an object',
    }));
    const all = await post('/predict', body);
    expect(all.status).toBe(422);
    expect(await all.json()).toMatchObject({
      detail: '/flights/0: a flight must be an object, and 99 more faults',
      errors: faults,
    });
    const { until, socket } = talk(
      { port: Number(new URL(service.url).port) },
      `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n${body}GET /livez HTTP/1.1\r\nHost: t\r\n\r\n`,
    );
    const heard = await until('HTTP/1.1 200 ');
    expect(heard).toStartWith('HTTP/1.1 422 ');
    expect(heard).toContain('"/flights/99"');
    socket.end();
  });

  test('that is a form is refused: none for a flight is so large', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post('/result', `x=${'a&'.repeat(40_000)}`, type)).status).toBe(413);
    expect((await post('/result', `x=${'a'.repeat(30_000)}`, type)).status).toBe(422);
  });
});

describe('a batch', () => {
  test('is answered in order', async () => {
    const flights = Array.from({ length: 700 }, (_, i) => ({
      ...PLANTED_FLIGHT,
      distanceMiles: i * 5,
    }));
    const answer = (await (await post('/predict', { flights })).json()) as {
      predictions: { probability: number }[];
      model: unknown;
    };
    expect(answer.predictions.map(({ probability }) => probability)).toEqual(flights.map(expected));
    expect(answer.model).toEqual({ name: 'planted', version: 'v1' });
  });

  test('with wrong values is refused as a whole, and every fault is pointed at', async () => {
    const response = await post('/predict', {
      flights: [PLANTED_FLIGHT, { ...PLANTED_FLIGHT, airline: 7.5, origin: [] }, 3],
    });
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/flights/1/origin', '/flights/2']);
  });

  test('may be empty', async () => {
    expect(
      ((await (await post('/predict', { flights: [] })).json()) as { predictions: unknown })
        .predictions,
    ).toEqual([]);
  });

  test('of more flights than the limit is refused with 413', async () => {
    const response = await post('/predict', { flights: new Array(10_001).fill(0) });
    expect(response.status).toBe(413);
    expect(((await response.json()) as { code: string }).code).toBe('batch-too-large');
  });
});

describe('what cannot be answered', () => {
  test.each([
    ['not JSON', '{"airline":', 400, 'request-malformed'],
    ['nothing', '', 400, 'request-malformed'],
    ['a list', '[]', 422, 'value-invalid'],
    ['null', 'null', 422, 'value-invalid'],
    ['a flight without its required values', '{}', 422, 'value-invalid'],
    ['flights that are no list', '{"flights":{}}', 422, 'value-invalid'],
    ['two MiB', `"${'x'.repeat(2 ** 21)}"`, 413, 'body-too-large'],
    ['a hundred thousand brackets', '['.repeat(100_000), 400, 'request-malformed'],
  ])('%s is refused as a problem document', async (_, body, status, code) => {
    const response = await post('/predict', body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ type: `/docs#${code}`, status, code });
    expect(problem['error']).toBe(problem['detail']);
    expect(problem['title']).toBeString();
  });

  test('another content type is refused with 415', async () => {
    expect((await post('/predict', PLANTED_FLIGHT, { 'content-type': 'text/plain' })).status).toBe(
      415,
    );
  });

  test('an unknown path is refused with 404', async () => {
    expect((await fetch(`${service.url}/nothing`)).status).toBe(404);
  });

  test('another method is refused with 405 and the methods that are allowed', async () => {
    const response = await fetch(`${service.url}/predict`, { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
  });

  test('a body without a stated length is counted while it comes', async () => {
    const chunk = new Uint8Array(256 * 1024);
    let nSent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        if (nSent++ < 8) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const response = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: JSON_TYPE,
      body,
    });
    expect(response.status).toBe(413);
  });
});

describe('health', () => {
  test('is live while it draws breath, and ready only when it is ready', async () => {
    const draining = startPlantedService(
      buildPlantedContext({ state: () => 'draining', reasons: () => ['it was told to end'] }),
    );
    expect((await fetch(`${draining.url}/livez`)).status).toBe(200);
    const ready = await fetch(`${draining.url}/readyz?verbose`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      status: 'draining',
      reasons: ['it was told to end'],
    });
    await draining.stop();
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });
});

describe('overload', () => {
  test('is answered with 503, when to come back, and a problem document', async () => {
    const { admission } = buildPlantedContext();
    const full = startPlantedService(
      buildPlantedContext({
        admission: { ...admission, tryEnter: () => 'overload', retryAfterSeconds: () => 3 },
      }),
    );
    const response = await fetch(`${full.url}/predict`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify(PLANTED_FLIGHT),
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(((await response.json()) as { code: string }).code).toBe('overloaded');
    await full.stop();
  });
});

describe('a service without room for one more batch', () => {
  const { admission } = buildPlantedContext();
  const full = () =>
    startPlantedService(
      buildPlantedContext({ admission: { ...admission, isFull: () => 'queue-full' } }),
    );

  test('says so before a large body has come: the caller who waits is not asked for it', async () => {
    const { url, stop } = full();
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    let heard = '';
    socket.on('data', (part) => {
      heard += part.toString('latin1');
    });
    socket.write(
      'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 500000\r\nExpect: 100-continue\r\n\r\n',
    );
    await once(socket, 'end');
    expect(heard).toStartWith('HTTP/1.1 503 ');
    expect(heard).toContain('retry-after: 1\r\n');
    expect(heard).toContain('Connection: close\r\n');
    socket.end();
    await stop();
  });

  test('refuses a batch of one flight, in the language of its caller, and answers a flight', async () => {
    const { url, stop } = full();
    const ask = (body: unknown, language: string): Promise<Response> =>
      fetch(`${url}/predict`, {
        method: 'POST',
        headers: { ...JSON_TYPE, 'accept-language': language },
        body: JSON.stringify(body),
      });
    const batch = { flights: [PLANTED_FLIGHT] };
    for (let turn = 0; turn < 2; turn++) {
      for (const language of ['es', 'en']) {
        const response = await ask(batch, language);
        expect(response.status).toBe(503);
        expect(response.headers.get('content-language')).toBe(language);
        expect(response.headers.get('vary')).toBe('accept-language');
        expect(await response.json()).toMatchObject({ code: 'overloaded', status: 503 });
      }
    }
    expect((await ask(PLANTED_FLIGHT, 'en')).status).toBe(200);
    await stop();
  });
});

describe('the form', () => {
  const former = {
    Airline: 'DL',
    Origin: 'JFK',
    Destination: 'LAX',
    Terminal: 'T2',
    Weekday: 'Friday',
    ScheduledTime: '18:30',
  };
  const submit = (fields: Record<string, string>, accept: string) =>
    fetch(`${service.url}/result`, {
      method: 'POST',
      headers: { accept },
      body: new URLSearchParams(fields),
    });

  test('is answered with a page, or with JSON to who asks for it', async () => {
    const page = await submit(PLANTED_FLIGHT, 'text/html,application/xhtml+xml,*/*;q=0.8');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('of 100 flights like this are 15 minutes late or more.');
    const answer = (await (await submit(PLANTED_FLIGHT, 'application/json')).json()) as {
      probability: number;
    };
    expect(answer.probability).toBe(expected(PLANTED_FLIGHT));
  });

  test('takes the names of the service that this one replaces', async () => {
    const response = await submit(former, 'application/json');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ threshold: 0.35, model: { name: 'planted' } });
  });

  test('with thousands of fields, or an address with as many parameters, is refused', async () => {
    const many = 'a&'.repeat(2000);
    const parts = '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n'.repeat(1100);
    const answers = [
      await post('/result', many, { 'content-type': 'application/x-www-form-urlencoded' }),
      await post('/result', `${parts}--x--\r\n`, {
        'content-type': 'multipart/form-data; boundary=x',
      }),
      await fetch(`${service.url}/predict?${many}`),
      await post(`/predict?${many}`, PLANTED_FLIGHT),
      await fetch(`${service.url}/?${many}`),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(422);
      expect(await answer.text()).toContain('holds more than 1000 parameters');
    }
  });

  test('may come as multipart', async () => {
    const body = new FormData();
    for (const [name, value] of Object.entries(PLANTED_FLIGHT)) body.set(name, value);
    const response = await fetch(`${service.url}/result`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body,
    });
    expect(((await response.json()) as { probability: number }).probability).toBe(
      expected(PLANTED_FLIGHT),
    );
  });

  test('with a fault shows the page again, with what was wrong beside the field', async () => {
    const response = await submit({ ...PLANTED_FLIGHT, scheduledDeparture: '<b>' }, 'text/html');
    expect(response.status).toBe(422);
    const html = await response.text();
    expect(html).toContain('This is not a date');
    expect(html).not.toContain('<b>');
  });

  test('stands on the start page with every input of the model', async () => {
    const html = await (await fetch(`${service.url}/`)).text();
    for (const { name } of PLANTED_INPUTS) expect(html).toContain(`name="${name}"`);
  });
});
