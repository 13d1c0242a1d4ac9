import { expect, test } from 'bun:test';
import { buildAdmission } from './admission.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('batches take turns: one slice in each turn of the event loop, in the order in which they came', async () => {
  const admission = buildAdmission({ batchesInFlight: 3 });
  const deadline = { atMs: Number.POSITIVE_INFINITY, signal: new AbortController().signal };
  const went: string[] = [];
  const batch = async (name: string, nSlices: number): Promise<void> => {
    for (let slice = 0; slice < nSlices; slice++) {
      await admission.pause(deadline);
      went.push(name);
    }
  };
  const all = [batch('a', 2), batch('b', 3), batch('c', 1)];
  for (let nTurns = 1; nTurns <= 6; nTurns++) {
    await turn();
    expect(went).toHaveLength(nTurns);
  }
  await Promise.all(all);
  expect(went.join('')).toBe('abcabb');
});

test('a batch beyond the bound is refused, a single flight never is', () => {
  const admission = buildAdmission({ batchesInFlight: 1 });
  expect(admission.tryEnter('batch')).toBeUndefined();
  expect(admission.tryEnter('batch')).toBe('queue-full');
  expect(admission.tryEnter('single')).toBeUndefined();
  admission.leave('batch');
  expect(admission.tryEnter('batch')).toBeUndefined();
});
