import { afterAll, expect, test } from 'bun:test';
import { open } from '../../../test/http-talk.ts';
import { restedMs } from './event-loop.ts';

const server = open(() => 'x');
afterAll(() => server.stopListening());

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a loop rests while nothing happens', async () => {
  while (restedMs() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(restedMs()).toBeGreaterThan(0);
});

test('it does not while somebody works on from turn to turn', async () => {
  const rests: number[] = [];
  for (let n = 0; n < 20; n++) {
    const untilMs = performance.now() + 1;
    while (performance.now() < untilMs);
    await nextTurn();
    rests.push(restedMs());
  }
  // The first two turns may have begun before.
  expect(rests.slice(2)).toEqual(Array(18).fill(0));
});
