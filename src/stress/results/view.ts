/**
 * What a person sees while a run goes on: a few lines redrawn every second on a terminal, plain lines in a pipe.
 */
import colours from 'picocolors';
import type { Window } from '../coordinator/window.ts';
import type { FaultResult } from '../faults/fault-injection.ts';
import type { Admin, WorkerState } from '../target/admin.ts';
import type { Watcher } from '../watcher.ts';
import { showCount, showMs, windowLine } from './text.ts';

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
const RIGHT = 26;
/** Seconds that are kept: what the widest screen shows. */
const MAX_SHOWN = 240;

interface Line {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** A line of blocks, one per second, the newest at the right. */
const sparkline = (values: readonly number[], width: number): string => {
  const shown = values.slice(-width);
  const max = Math.max(...shown, Number.MIN_VALUE);
  return shown
    .map((value) => BLOCKS[value <= 0 ? 0 : 1 + Math.min(7, Math.floor((value / max) * 7.999))])
    .join('');
};

/** @param totalMs length of the plain run; undefined where the number of steps is not known */
export const buildLiveView = (
  screen: Screen,
  totalMs: number | undefined,
  admin: Admin | undefined,
): View => {
  const windows: Window[] = [];
  let title = 'opening connections';
  let note: Line = { text: '' };
  let nOpening = 0;
  let workers: readonly WorkerState[] = [];
  let nDrawn = 0;
  let nErrors = 0;
  let nOk = 0;

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
    const line = (name: string, values: readonly number[], now: string): Line => ({
      text: `${name.padEnd(LEFT)}${sparkline(values, width).padEnd(width)}  ${now}`,
    });
    const failed = windows.map(errorsOf);
    return [
      { text: `${title}${progressText(last)}`, paint: colours.bold },
      line(
        'ok per second',
        windows.map(({ ok }) => ok),
        showCount(last.ok),
      ),
      line(
        'p50',
        windows.map(({ p50Ms }) => p50Ms ?? 0),
        showMs(last.p50Ms),
      ),
      line(
        'p99',
        windows.map(({ p99Ms }) => p99Ms ?? 0),
        showMs(last.p99Ms),
      ),
      line('errors', failed, `${showCount(failed.at(-1) ?? 0)}, ${showCount(nErrors)} in all`),
      line(
        'connections',
        windows.map(({ nOpen }) => nOpen),
        showCount(last.nOpen),
      ),
      {
        text: `${'generator'.padEnd(LEFT)}${Math.round(last.busy * 100)} % busy, ${showCount(last.inFlight)} in flight, ${showCount(last.waiting)} waiting, ${showCount(nOk)} answered`,
      },
      ...(workers.length > 0 ? [{ text: `${'workers'.padEnd(LEFT)}${workersText(workers)}` }] : []),
      ...(note.text === '' ? [] : [note]),
    ];
  };
  const progressText = (last: Window): string =>
    totalMs === undefined
      ? `, second ${last.second + 1}`
      : `, ${Math.min(last.second + 1, Math.ceil(totalMs / 1000))} of ${Math.ceil(totalMs / 1000)} s`;

  return {
    onOpening: (nOpen) => {
      nOpening = nOpen;
      if (windows.length === 0) draw();
    },
    onStep: (name, rate, nConnections) => {
      const how = rate === null ? 'closed loop' : `${showCount(rate)} planned per second`;
      title = `${name}: ${how}, ${showCount(nConnections)} connections`;
    },
    onWindow: (window) => {
      windows.push(window);
      if (windows.length > MAX_SHOWN) windows.shift();
      nOk += window.ok;
      nErrors += errorsOf(window);
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

const errorsOf = (window: Window): number =>
  window.httpError + window.socketError + window.timeout + window.dropped;

/** For a pipe or a log: one line per second, fault and note. */
export const buildLineView = (write: (text: string) => void): View => ({
  onStep: (name, rate, nConnections) => {
    const how = rate === null ? 'closed loop' : `${showCount(rate)} planned per second`;
    write(`${name}: ${how}, ${showCount(nConnections)} connections\n`);
  },
  onWindow: (window) => write(`${windowLine(window)}\n`),
  onFault: (result) => write(`${faultLine(result)}\n`),
  onNote: (sentence) => write(`${sentence}\n`),
  stop: () => {},
});
