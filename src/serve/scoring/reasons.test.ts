/** Reasons of a model whose explanations take long: in turns, and of the right flight. */
import { afterAll, expect, test } from 'bun:test';
import { buildPlantedModel, PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { NDJSON } from './ndjson.ts';
import { buildReasons, prepareReasons } from './reasons.ts';

const model = buildPlantedModel({ nTrees: 60, nLeaves: 255 });
const service = startPlantedService(buildPlantedContext({ model }));
afterAll(() => service.stop());

const FLIGHTS = Array.from({ length: 6 }, (_, i) => ({
  ...PLANTED_FLIGHT,
  airline: ['DL', 'AA', 'B6', 'nobody', 'EV', 'UA'][i],
  scheduledDeparture: `2013-0${i + 1}-1${i}T${10 + 2 * i}:35`,
  distanceMiles: 200 * (i + 1),
}));

interface Explained {
  readonly probability: number;
  readonly base: number;
  readonly reasons: readonly { readonly input: string; readonly points: number }[];
}

const send = async (body: unknown, query = '?explain=true'): Promise<Response> =>
  fetch(`${service.url}/predict${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const one = async (flight: unknown): Promise<Explained> =>
  (await send(flight)).json() as Promise<Explained>;

test('the points found with stops, while others are, are those found at once', async () => {
  await prepareReasons(model);
  const reasons = buildReasons(model);
  expect(reasons.isLong()).toBe(true);
  const nInputs = model.inputs.length;
  const rows = Float64Array.from({ length: FLIGHTS.length * nInputs }, (_, i) =>
    model.inputs[i % nInputs]!.kind === 'time' ? 22_618_800 + 777 * i : (i * 7) % 5,
  );
  let nPauses = 0;
  const pause = async (): Promise<void> => {
    nPauses++;
    await new Promise((resolve) => setImmediate(resolve));
  };
  const found = await Promise.all(
    FLIGHTS.map(async (_, row) => {
      const own = rows.slice(row * nInputs, (row + 1) * nInputs);
      const [points] = await reasons.inTurns(own, 1, pause);
      return reasons.text(own, 0, 'en', points);
    }),
  );
  expect(found).toEqual(FLIGHTS.map((_, row) => reasons.text(rows, row * nInputs, 'en')));
  expect(nPauses).toBeGreaterThan(FLIGHTS.length);
});

test('flights explained at once, as a batch and as lines, get what each gets alone', async () => {
  const alone: Explained[] = [];
  for (const flight of FLIGHTS) alone.push(await one(flight));
  for (const { probability, base, reasons } of alone)
    expect(reasons.reduce((sum, { points }) => sum + points, base)).toBeCloseTo(probability, 9);
  expect(new Set(alone.map(({ base }) => base)).size).toBeGreaterThan(1);
  const lines = async (): Promise<readonly Explained[]> => {
    const response = await fetch(`${service.url}/predict?explain=true`, {
      method: 'POST',
      headers: { 'content-type': NDJSON },
      body: FLIGHTS.map((flight) => JSON.stringify(flight)).join('\n'),
    });
    const text = await response.text();
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Explained);
  };
  const batch = async (): Promise<readonly Explained[]> => {
    const { predictions } = (await (await send({ flights: FLIGHTS })).json()) as {
      predictions: readonly Explained[];
    };
    return predictions;
  };
  const [together, asLines, moreLines, asBatch] = await Promise.all([
    Promise.all(FLIGHTS.map(one)),
    lines(),
    lines(),
    batch(),
    // Plain flights beside them, which are in the same places.
    Promise.all(FLIGHTS.map((flight) => send(flight, ''))),
  ]);
  expect(together).toEqual(alone);
  expect(asLines).toEqual(alone);
  expect(moreLines).toEqual(alone);
  const told = ({ probability, base, reasons }: Explained): Explained => ({
    ...{ probability, base, reasons },
  });
  expect(asBatch.map(told)).toEqual(alone.map(told));
});
