import { expect, test } from 'bun:test';
import type { Fault } from '../../core/errors.ts';
import { OBSERVATIONS_LIMIT, parseObservations } from './observations.ts';

/** What is made of observations, in how many steps, and what is wrong with them. */
const parsed = (value: unknown) => {
  const faults: Fault[] = [];
  const steps = parseObservations(value, faults);
  let nSteps = 1;
  let step = steps.next();
  for (; !step.done; step = steps.next()) nSteps++;
  return { observations: step.value, nSteps, faults };
};
const SUNNY = { station: 'JFK', time: '2013-07-05T15:30', temperatureF: 80 };

test('many observations are read in steps', () => {
  const { observations, nSteps, faults } = parsed(Array(OBSERVATIONS_LIMIT).fill(SUNNY));
  expect(faults).toEqual([]);
  expect(observations).toHaveLength(OBSERVATIONS_LIMIT);
  expect(observations.at(-1)).toMatchObject({ station: 'JFK', temperatureF: 80 });
  expect(nSteps).toBe(Math.ceil(OBSERVATIONS_LIMIT / 256));
});

test('more than anybody has are refused, and not read', () => {
  const detail = 'weather holds 10001 observations; up to 10000 are taken';
  expect(parsed(Array(OBSERVATIONS_LIMIT + 1).fill(SUNNY))).toEqual({
    ...{ observations: [], nSteps: 1 },
    faults: [{ pointer: '/weather', detail }],
  });
});

test('after a hundred faults no more are looked for', () => {
  const { faults, nSteps } = parsed(Array(9000).fill({}));
  expect(faults).toHaveLength(100);
  expect(faults[1]).toEqual({
    pointer: '/weather/0/time',
    detail: 'time must be a local time such as 2013-07-05T15:30',
  });
  expect(nSteps).toBe(1);
});
