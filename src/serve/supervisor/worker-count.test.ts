import { describe, expect, test } from 'bun:test';
import { buildRandom } from '../../core/random.ts';
import { checkWorkers, connectionsFor, workersFor } from './worker-count.ts';

describe('the number of workers', () => {
  test('is one per processor while descriptors suffice', () =>
    expect(workersFor(50_000, 2, 1_048_576)).toBe(2));
  test('grows when one process may not open enough descriptors', () =>
    expect(workersFor(50_000, 2, 20_000)).toBe(3));
  test('stays small when descriptors are very few, since each process costs memory', () =>
    expect(workersFor(50_000, 2, 1024)).toBe(6));
  test('rounds a part of a processor up, a small surplus down', () => {
    expect(workersFor(100, 1.5, 1e6)).toBe(2);
    expect(workersFor(100, 1.2, 1e6)).toBe(1);
  });
  test('is at least one', () => expect(workersFor(1, 0.1, 1e6)).toBe(1));
});

describe('connections that workers can hold', () => {
  test('are what one may open, less what it needs itself', () => {
    expect(connectionsFor(1, 256)).toBe(64);
    expect(connectionsFor(1, 1024)).toBe(736);
    expect(connectionsFor(1, 100)).toBe(0);
    expect(connectionsFor(3, Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });
  test('are dealt out by chance: hardly ever does one get more than it can hold', () => {
    const random = buildRandom(7);
    for (const [nWorkers, descriptors] of [
      [2, 256],
      [6, 256],
      [4, 1024],
      [16, 600],
    ] as const) {
      const each = connectionsFor(1, descriptors);
      const n = connectionsFor(nWorkers, descriptors);
      expect(n).toBeGreaterThan(nWorkers * each * 0.5);
      for (let trial = 0; trial < 200; trial++) {
        const held = Array<number>(nWorkers).fill(0);
        for (let i = 0; i < n; i++) held[Math.floor(random() * nWorkers)]!++;
        expect(Math.max(...held)).toBeLessThanOrEqual(each);
      }
    }
  });
});

test('more workers than the supervisor can keep are refused with what they need', () => {
  expect(() => checkWorkers(34, 256)).not.toThrow();
  expect(() => checkWorkers(35, 256)).toThrow(
    'a process may open 256 descriptors here, 261 are needed to keep 35 workers: raise the limit (ulimit -n), or set fewer (--workers)',
  );
});
