import { expect, test } from 'bun:test';
import { backoffMs, buildWorkerSlot, exhaustionOf, noteDeath } from './slot.ts';

test('a place is refilled at once twice, then after a pause that doubles up to 5 s', () => {
  expect([1, 2, 3, 4, 5, 8, 9, 50].map(backoffMs)).toEqual([0, 0, 100, 200, 400, 3200, 5000, 5000]);
});

test('a crash budget is spent by young deaths in a row alone', () => {
  const slot = buildWorkerSlot(4);
  for (let death = 0; death < 5; death++) noteDeath(slot, 10);
  expect(exhaustionOf([slot])).toBeUndefined();
  noteDeath(slot, Number.NaN);
  expect(exhaustionOf([slot])).toBe('worker 4 died 6 times in a row right away');
  noteDeath(slot, 60_000);
  expect(exhaustionOf([slot])).toBeUndefined();
});

test('a place whose worker is killed once a second is refilled at once, however often', () => {
  const slot = buildWorkerSlot(1);
  for (let death = 0; death < 30; death++) {
    noteDeath(slot, 950);
    expect(backoffMs(slot.youngDeaths)).toBe(0);
  }
});
