/**
 * Looks at every worker's heart and memory, and has those replaced that hang or have grown too large.
 * Stands beside the fleet in the supervisor.
 */
import type { Child } from './child.ts';
import type { ServeConfig } from './config.ts';
import type { Fleet } from './fleet.ts';
import { GAUGES } from './slab.ts';

const LOOK_MS = 100;
const START_LIMIT_MS = 15_000;
/** A fresh worker is not replaced for its size: its successor would be as large. */
const FRESH_MS = 10_000;
const BEAT = GAUGES.indexOf('beat');
const RSS = GAUGES.indexOf('rssBytes');

/** Looks ten times a second. @returns a function that stops it */
export const watch = (fleet: Fleet, config: ServeConfig): (() => void) => {
  const look = buildLook(fleet, config, () => performance.now());
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
};

/** One look at every worker. */
export const buildLook = (
  fleet: Pick<Fleet, 'children' | 'kill' | 'replace'>,
  config: Pick<ServeConfig, 'hangLimitMs' | 'memoryLimitMb'>,
  clockMs: () => number,
): (() => void) => {
  const hearts = new WeakMap<Child, { beat: number; sinceMs: number }>();
  let lastMs = clockMs();
  return () => {
    const nowMs = clockMs();
    // When this process itself was held up, no heart can be blamed for it.
    const heldUpMs = Math.max(0, nowMs - lastMs - LOOK_MS * 2);
    lastMs = nowMs;
    for (const child of fleet.children()) {
      const beat = child.slab[BEAT]!;
      const heart = hearts.get(child);
      if (!heart || heart.beat !== beat) hearts.set(child, { beat, sinceMs: nowMs });
      else {
        heart.sinceMs += heldUpMs;
        const limitMs = beat === 0 ? START_LIMIT_MS : config.hangLimitMs;
        if (nowMs - heart.sinceMs > limitMs) fleet.kill(child, 'hung');
      }
      if (
        child.state() === 'ready' &&
        nowMs - child.readyAtMs() > FRESH_MS &&
        child.slab[RSS]! > config.memoryLimitMb * 2 ** 20
      )
        void fleet.replace(child, 'memory').catch(() => {});
    }
  };
};
