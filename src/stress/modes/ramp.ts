/**
 * The connection ramp: capacity and p99 against open connections, from few to many, each held at a fixed rate, then as a closed loop.
 */
import { AppError } from '../../core/errors.ts';
import type { Threshold } from '../analysis/slo.ts';
import { buildStep, type Step, tightestLatencyMs } from '../analysis/step.ts';
import { steadyLoad } from '../generator/schedule.ts';
import { openConnections, type Session } from '../session.ts';
import type { Watcher } from '../watcher.ts';
import { graceOf } from './single.ts';

interface RampOptions {
  readonly from: number;
  readonly to: number;
  /** Fixed rate of the first hold of every size; null: a third of what the smallest size reached. */
  readonly ratePerSecond: number | null;
  readonly holdMs: number;
  readonly timeoutMs: number;
  readonly thresholds: readonly Threshold[];
  readonly seed: number;
  readonly signal: AbortSignal;
}

interface RampStep {
  readonly planned: number;
  readonly opened: number;
  /** At the fixed rate: does holding sockets cost latency? */
  readonly held: Step;
  /** Every connection sends again as soon as it was answered: does capacity fall? */
  readonly full: Step;
}

export interface RampRun {
  readonly steps: readonly RampStep[];
  readonly ratePerSecond: number;
}

const GROWTH = 2;
const FIRST_MS = 2000;
const SHARE = 1 / 3;

/** `400..50000`. @throws AppError usage */
export const parseRamp = (text: string): { from: number; to: number } => {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || from < 1 || to < from) {
    throw new AppError(
      'usage',
      `--connections-ramp '${text}' is not a ramp; '400..50000' is expected.`,
    );
  }
  return { from, to };
};

/** 400, 800, 1600, ... and the last size itself. */
const rampSizes = (from: number, to: number): number[] => {
  const sizes: number[] = [];
  for (let size = from; size < to; size *= GROWTH) sizes.push(Math.round(size));
  return [...sizes, to];
};

export const runRamp = async (
  session: Session,
  options: RampOptions,
  watcher: Watcher,
): Promise<RampRun> => {
  const graceMs = graceOf(options.timeoutMs, tightestLatencyMs(options.thresholds));
  const { signal } = options;
  const stop = (): void => session.fleet.stop();
  const stopIfAsked = (): void => {
    if (signal.aborted) stop();
  };
  signal.addEventListener('abort', stop);
  const warmUpMs = Math.round(options.holdMs / 5);
  const steps: RampStep[] = [];
  let rate = options.ratePerSecond;
  for (const size of rampSizes(options.from, options.to)) {
    const opened = await openConnections(session, size, watcher.onOpening);
    if (rate === null) {
      watcher.onStep?.('first', null, opened);
      const first = await session.fleet.run(
        { load: null, durationMs: FIRST_MS, warmUpMs: FIRST_MS / 4, graceMs },
        watcher.onWindow,
        stopIfAsked,
      );
      const { summary } = buildStep({ name: 'first', record: first, connections: opened });
      rate = Math.max(1, Math.round(summary.throughputPerSecond * SHARE));
    }
    watcher.onStep?.('held', rate, opened);
    const load = steadyLoad(rate, options.holdMs, 'uniform', options.seed);
    const held = await session.fleet.run(
      { load, durationMs: options.holdMs, warmUpMs, graceMs },
      watcher.onWindow,
      stopIfAsked,
    );
    watcher.onStep?.('full', null, opened);
    const full = await session.fleet.run(
      { load: null, durationMs: options.holdMs, warmUpMs, graceMs },
      watcher.onWindow,
      stopIfAsked,
    );
    steps.push({
      planned: size,
      opened,
      held: buildStep({
        name: `${size} held`,
        record: held,
        connections: opened,
        thresholds: options.thresholds,
      }),
      full: buildStep({ name: `${size} full`, record: full, connections: opened }),
    });
    watcher.onNote?.(
      `${opened.toLocaleString('en')} connections: ${Math.round(steps.at(-1)!.full.summary.throughputPerSecond).toLocaleString('en')}/s at full tilt`,
    );
    if (signal.aborted) break;
    if (opened < size) {
      watcher.onNote?.(`only ${opened} of ${size} connections could be opened: the ramp ends here`);
      break;
    }
  }
  signal.removeEventListener('abort', stop);
  return { steps, ratePerSecond: rate ?? 0 };
};
