import { describe, expect, test } from 'bun:test';
import type { ConnectionTimes } from './sockets.ts';
import { buildSweep } from './sweep.ts';

/** One connection whose moments are on the same clock as the sweep's. */
const buildScene = (isPlain = true) => {
  let nowMs = 0;
  const at = { sentMs: 0, receivedMs: 0, open: true };
  const ended: (Uint8Array | undefined)[] = [];
  const sweep = buildSweep(
    {
      timesOf: (descriptor): ConnectionTimes | undefined =>
        descriptor === 7 && at.open
          ? { lastSentMs: nowMs - at.sentMs, lastReceivedMs: nowMs - at.receivedMs }
          : undefined,
      shutdown: (_, lastWords) => {
        ended.push(lastWords);
        at.open = false;
      },
    },
    10_000,
    () => 20,
    isPlain,
    () => {},
    () => nowMs,
  );
  const run = (untilMs: number, each: () => void = () => {}): void => {
    for (; nowMs < untilMs; nowMs += 500) {
      each();
      sweep.step();
    }
  };
  return { at, ended, run, now: () => nowMs };
};

describe('the sweep', () => {
  test('ends a connection that brings bytes for longer than the limit without an answer', () => {
    const { at, ended, run, now } = buildScene();
    run(9000, () => {
      at.receivedMs = now();
    });
    expect(ended).toHaveLength(0);
    run(12_000, () => {
      at.receivedMs = now();
    });
    expect(Buffer.from(ended[0]!).toString()).toStartWith('HTTP/1.1 408');
  });

  test('leaves a connection alone that is answered in time, however long it lasts', () => {
    const { at, ended, run, now } = buildScene();
    run(60_000, () => {
      if (now() % 4000 === 0) at.receivedMs = now();
      if (now() % 4000 === 1000) at.sentMs = now();
    });
    expect(ended).toHaveLength(0);
  });

  test('leaves an idle connection alone, and one whose first request comes after a long silence', () => {
    const { at, ended, run } = buildScene();
    run(60_000);
    at.receivedMs = 60_000;
    run(65_000);
    expect(ended).toHaveLength(0);
  });

  test('writes no words into an encrypted connection', () => {
    const { at, ended, run, now } = buildScene(false);
    run(20_000, () => {
      if (at.open) at.receivedMs = now() + 1;
    });
    expect(ended).toEqual([undefined]);
  });
});
