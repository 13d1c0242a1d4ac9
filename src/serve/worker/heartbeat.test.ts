import { expect, test } from 'bun:test';
import { buildCollector } from './heartbeat.ts';

/** The beats, of a hundred, on which garbage is collected. */
const collections = (heldBytes: number, garbageBytesPerBeat: number): number[] => {
  let garbageBytes = 0;
  let beat = 0;
  const on: number[] = [];
  const look = buildCollector(
    100,
    () => heldBytes + garbageBytes,
    () => {
      on.push(beat);
      garbageBytes = 0;
    },
  );
  for (; beat < 100; beat++) {
    garbageBytes += garbageBytesPerBeat;
    look(beat);
  }
  return on;
};

test('garbage is collected when memory is high, again as soon as it has grown, and rarely while it stays', () => {
  expect(collections(60, 0)).toEqual([]);
  expect(collections(80, 0)).toEqual([0, 20, 40, 60, 80]);
  expect(collections(40, 10).slice(0, 3)).toEqual([3, 7, 11]);
  expect(collections(65, 4).slice(0, 4)).toEqual([1, 4, 7, 10]);
});
