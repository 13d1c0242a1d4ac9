/**
 * What a person sees while a run goes on: a few lines redrawn every second on a terminal, plain lines in a pipe.
 */
import colours from 'picocolors';
import type { Threshold } from '../analysis/slo.ts';
import { tightestLatencyMs } from '../analysis/step.ts';
import { errorsOf, type Window } from '../coordinator/window.ts';
import type { FaultResult } from '../faults/fault-injection.ts';
import type { Admin, WorkerState } from '../target/admin.ts';
import type { Watcher } from '../watcher.ts';
import { showConnections, showCount, showMs, windowLine } from './text.ts';

export interface View extends Watcher {
  /** Clears what was drawn, so that the result stands alone. */
  readonly stop: () => void;
}

interface Screen {
  readonly write: (text: string) => void;
  readonly columns: () => number;
}

const BLOCKS = ' ▁▂▃▄▅▆▇█';
const LEFT = 15;
const RIGHT = 40;
/** Seconds that are kept: what the widest screen shows. */
const MAX_SHOWN = 240;
/** Above this share of errors a run is not called good; below, an error is worth a look. */
const MANY_ERRORS = 0.01;

interface Line {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
}

interface LiveView {
  /** Length of the plain run; undefined where it is not known. */
  readonly totalMs: number | undefined;
  readonly thresholds: readonly Threshold[];
  readonly admin: Admin | undefined;
}

/** A line of blocks, one per second, the newest at the right; a second of which nothing is known is a dot. */
const sparkline = (values: readonly (number | null)[], width: number, max: number): string =>
  values
    .slice(-width)
    .map((value) => {
      if (value === null) return '·';
      return BLOCKS[value <= 0 ? 0 : 1 + Math.min(7, Math.floor((value / max) * 7.999))];
    })
    .join('');

export const buildLiveView = (screen: Screen, { totalMs, thresholds, admin }: LiveView): View => {
  const windows: Window[] = [];
  let title = 'opening connections';
  let note: Line = { text: '' };
  let nOpening = 0;
  let workers: readonly WorkerState[] = [];
  let nDrawn = 0;
  let nErrors = 0;
  let nOk = 0;
  let nPlanned = 0;
  const reasons = new Map<string, number>();
  const limitMs = tightestLatencyMs(thresholds);

  /** Cuts a line to the screen, then colours it: a colour that is cut off would run on. */
  const show = ({ text, paint }: Line): string => {
    const shown = text.slice(0, Math.max(20, screen.columns() - 1));
    return paint ? paint(shown) : shown;
  };
  const erase = (): void => {
    if (nDrawn > 0) screen.write(`\x1b[${nDrawn}A\x1b[0J`);
    nDrawn = 0;
  };
  const draw = (): void => {
    const lines = drawnLines().map(show);
    erase();
    screen.write(`${lines.join('\n')}\n`);
    nDrawn = lines.length;
  };
  const drawnLines = (): Line[] => {
    const last = windows.at(-1);
    if (!last) return [{ text: `${title} ${nOpening > 0 ? showCount(nOpening) : ''}` }];
    const width = Math.min(MAX_SHOWN, Math.max(10, screen.columns() - LEFT - RIGHT));
    const line = (
      name: string,
      values: readonly (number | null)[],
      { now, top, paint }: { now: string; top: (max: number) => string; paint?: Line['paint'] },
    ): Line => {
      const shown = values.slice(-width).filter((value) => value !== null);
      const max = Math.max(...shown, Number.MIN_VALUE);
      const scale = max > Number.MIN_VALUE ? `0 to ${top(max)}` : '';
      return {
        text: `${name.padEnd(LEFT)}${sparkline(values, width, max).padEnd(width)} ${scale.padEnd(14)}  ${now}`,
        ...(paint ? { paint } : {}),
      };
    };
    const failed = windows.map(errorsOf);
    const share = nErrors / Math.max(1, nPlanned);
    const isLate = limitMs !== undefined && (last.p99Ms ?? 0) > limitMs;
    const isBehind = last.planned > 0 && last.ok < last.planned * (1 - MANY_ERRORS);
    const limit = limitMs === undefined ? '' : `, limit ${showMs(limitMs)}`;
    const [top] = [...reasons].sort(([, a], [, b]) => b - a);
    return [
      { text: `${title}${progressText(last)}`, paint: colours.bold },
      line(
        'planned',
        windows.map(({ planned }) => planned),
        { now: `${showCount(last.planned)}/s`, top: showCount },
      ),
      line(
        'answered ok',
        windows.map(({ ok }) => ok),
        {
          now: `${showCount(last.ok)}/s`,
          top: showCount,
          paint:
            last.ok === 0 && last.planned > 0 ? colours.red : isBehind ? colours.yellow : undefined,
        },
      ),
      line(
        'p50',
        windows.map(({ p50Ms }) => p50Ms),
        { now: showMs(last.p50Ms), top: showMs },
      ),
      line(
        'p99',
        windows.map(({ p99Ms }) => p99Ms),
        {
          now: `${showMs(last.p99Ms)}${limit}`,
          top: showMs,
          paint: isLate ? colours.red : undefined,
        },
      ),
      line('errors', failed, {
        now: `${showCount(failed.at(-1) ?? 0)}/s, ${showCount(nErrors)} in all`,
        top: showCount,
        paint: share > MANY_ERRORS ? colours.red : nErrors > 0 ? colours.yellow : undefined,
      }),
      ...(top === undefined
        ? []
        : [{ text: `${''.padEnd(LEFT)}most often: ${top[0]} (${showCount(top[1])})` }]),
      line(
        'connections',
        windows.map(({ nOpen }) => nOpen),
        { now: showCount(last.nOpen), top: showCount },
      ),
      {
        text: `${'generator'.padEnd(LEFT)}${Math.round(last.busy * 100)} % busy, ${showCount(last.inFlight)} in flight, ${showCount(last.waiting)} waiting, ${showCount(nOk)} answered`,
      },
      ...(thresholds.length > 0
        ? [{ text: `${'must hold'.padEnd(LEFT)}${thresholds.map(({ text }) => text).join('  ')}` }]
        : []),
      ...(workers.length > 0 ? [{ text: `${'workers'.padEnd(LEFT)}${workersText(workers)}` }] : []),
      ...(note.text === '' ? [] : [note]),
    ];
  };
  const progressText = (last: Window): string => {
    if (totalMs === undefined) return `, second ${last.second + 1}`;
    const total = Math.ceil(totalMs / 1000);
    return last.second + 1 > total
      ? `, ${total} s over, waiting for answers`
      : `, ${last.second + 1} of ${total} s`;
  };

  return {
    onOpening: (nOpen) => {
      nOpening = nOpen;
      if (windows.length === 0) draw();
    },
    onStep: (name, rate, nConnections) => {
      const how = rate === null ? 'closed loop' : `${showCount(rate)} planned per second`;
      title = `${name}: ${how}, ${showConnections(nConnections)}`;
    },
    onWindow: (window) => {
      windows.push(window);
      if (windows.length > MAX_SHOWN) windows.shift();
      nOk += window.ok;
      nErrors += errorsOf(window);
      nPlanned += window.planned;
      for (const [reason, count] of Object.entries(window.reasons)) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + count);
      }
      admin?.workers().then(
        (found) => {
          workers = found;
        },
        () => {},
      );
      draw();
    },
    onFault: (result) => {
      note = { text: faultLine(result), paint: colours.yellow };
      draw();
    },
    onNote: (sentence) => {
      note = { text: sentence };
      draw();
    },
    stop: erase,
  };
};

const workersText = (workers: readonly WorkerState[]): string =>
  workers
    .map(({ id, state, restarts }) => {
      const times = restarts > 0 ? ` (restarted ${restarts}x)` : '';
      return `${id} ${state}${times}`;
    })
    .join('  ');

const faultLine = ({ plan, notes }: FaultResult): string =>
  `fault ${plan.text}: ${notes.join('; ')}`;

/** For a pipe or a log: one line per second, fault and note. */
export const buildLineView = (write: (text: string) => void): View => ({
  onStep: (name, rate, nConnections) => {
    const how = rate === null ? 'closed loop' : `${showCount(rate)} planned per second`;
    write(`${name}: ${how}, ${showConnections(nConnections)}\n`);
  },
  onWindow: (window) => write(`${windowLine(window)}\n`),
  onFault: (result) => write(`${faultLine(result)}\n`),
  onNote: (sentence) => write(`${sentence}\n`),
  stop: () => {},
});
