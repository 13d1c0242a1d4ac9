import { describe, expect, test } from 'bun:test';
import { buildLog } from '../log.ts';
import type { ModelRef } from '../messages.ts';
import type { Child } from './child.ts';
import { buildStandby } from './standby.ts';

const MODEL = { path: 'one' } as ModelRef;
const OTHER = { path: 'other' } as ModelRef;

const buildScene = () => {
  const spawned: Child[] = [];
  const states = new Map<Child, ReturnType<Child['state']>>();
  const lost = Promise.withResolvers<void>();
  const standby = buildStandby({
    spawn: (model) => {
      const fake = { pid: spawned.length, model, state: () => states.get(child), kill: () => {} };
      const child = fake as unknown as Child;
      spawned.push(child);
      states.set(child, 'starting');
      return child;
    },
    log: buildLog('silent'),
    onLost: lost.resolve,
    minRestMs: 1,
  });
  return { standby, spawned, states, lost: lost.promise };
};

describe('the standby', () => {
  test.each(['starting', 'loaded'] as const)('is taken while it is %s, and once', (state) => {
    const { standby, spawned, states } = buildScene();
    standby.keep(MODEL);
    states.set(spawned[0]!, state);
    expect(standby.take(MODEL)).toBe(spawned[0]!);
    expect(standby.take(MODEL)).toBe(spawned[1]!);
  });

  test.each([
    ['has another model', OTHER, 'loaded'],
    ['is gone', MODEL, 'gone'],
  ] as const)('is not taken when it %s', (_, model, state) => {
    const { standby, spawned, states } = buildScene();
    standby.keep(model);
    states.set(spawned[0]!, state);
    expect(standby.take(MODEL)).toBe(spawned[1]!);
  });

  test('that dies is followed by another', async () => {
    const { standby, spawned, lost } = buildScene();
    standby.keep(MODEL);
    standby.noteEnd(spawned[0]!);
    await lost;
    standby.keep(MODEL);
    expect(standby.take(MODEL)).toBe(spawned[1]!);
  });

  test('that was dropped or taken is not followed', () => {
    const { standby, spawned } = buildScene();
    standby.keep(MODEL);
    standby.drop();
    standby.noteEnd(spawned[0]!);
    standby.keep(MODEL);
    expect(standby.take(MODEL)).toBe(spawned[1]!);
    standby.noteEnd(spawned[1]!);
    standby.keep(MODEL);
    expect(standby.take(MODEL)).toBe(spawned[2]!);
  });
});
