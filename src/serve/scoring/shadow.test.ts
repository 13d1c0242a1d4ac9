import { expect, test } from 'bun:test';
import { buildPlantedModel } from '../../../test/planted.ts';
import { compilePredictor } from '../../predict/compile.ts';
import { buildShadow } from './shadow.ts';

const model = buildPlantedModel({ nTrees: 5 });
const { inputs } = model;
const row = Float64Array.from(inputs, () => 0);

interface Found {
  readonly differences: number[];
  readonly skipped: string[];
}
const shadowOf = (shadow: typeof model, delayMs = 0) => {
  const found: Found = { differences: [], skipped: [] };
  const { offer } = buildShadow({
    first: model,
    predictor: compilePredictor(shadow),
    counts: {
      compared: (_, difference) => found.differences.push(difference),
      skipped: (reason) => found.skipped.push(reason),
      inferenceDone: () => {},
    },
    delayMs: () => delayMs,
  });
  return { offer, found };
};
const probability = (of: typeof model, values: Float64Array): number => {
  const out = new Float64Array(of.heads.length);
  compilePredictor(of).predictInto(values, 1, out);
  return out[0]!;
};

test('a shadow that numbers its values in another way is asked the same flight', async () => {
  const place = inputs.findIndex(({ kind }) => kind === 'category');
  const input = inputs[place]!;
  const [known, ...rest] = input.values!;
  // Without the first value the others move down by one; the flight has the second.
  const shadow = {
    ...model,
    inputs: inputs.map((one, i) => (i === place ? { ...one, values: [...rest, known!] } : one)),
  };
  const { offer, found } = shadowOf(shadow);
  const flight = row.with(place, 1);
  offer(flight, 0, 0.25, false);
  while (found.differences.length === 0) await Bun.sleep(1);
  expect(found.differences).toEqual([probability(shadow, row.with(place, 0)) - 0.25]);
});

test('flights past the queue are counted and forgotten; while the loop lags none is compared', async () => {
  const { offer, found } = shadowOf(model, 1000);
  for (let i = 0; i < 3000; i++) offer(row, 0, 0.5, false);
  expect(found.skipped).toEqual(Array(3000 - 2048).fill('busy'));
  await Bun.sleep(20);
  expect(found.differences).toEqual([]);
});

test('a flight with a value that the first model does not know proves nothing', () => {
  const { offer, found } = shadowOf(model);
  offer(row, 0, 0.5, true);
  expect(found.skipped).toEqual(['unknown-value']);
});

test('a shadow answers the question of the first model', () => {
  const [head, ...rest] = model.heads;
  const anHour = { ...model, name: 'hour', heads: [{ ...head!, minutes: 60 }, ...rest] } as const;
  expect(() => shadowOf(anHour as typeof model)).toThrow(
    `hour cannot be the shadow of ${model.name}: it answers how likely a delay of 60 min or more is, ${model.name} of 15 min or more`,
  );
});
