import { describe, expect, test } from 'bun:test';
import { workersFor } from './worker-count.ts';

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
