/**
 * Who is told what happens while a run goes on: the live view on a terminal, plain lines in a pipe, nobody under --json.
 */

import type { Window } from './coordinator/window.ts';
import type { FaultResult } from './faults/fault-injection.ts';

export interface Watcher {
  readonly onOpening?: (nOpen: number) => void;
  /** A step begins: its name, its planned rate (null: closed loop), its connections. */
  readonly onStep?: (name: string, ratePerSecond: number | null, nConnections: number) => void;
  readonly onWindow?: (window: Window) => void;
  readonly onFault?: (result: FaultResult) => void;
  /** One sentence about how it goes. */
  readonly onNote?: (sentence: string) => void;
}

/** Tells several watchers, in their order. */
export const tellAll = (watchers: readonly Watcher[]): Required<Watcher> => ({
  onOpening: (...args) => watchers.forEach((watcher) => void watcher.onOpening?.(...args)),
  onStep: (...args) => watchers.forEach((watcher) => void watcher.onStep?.(...args)),
  onWindow: (...args) => watchers.forEach((watcher) => void watcher.onWindow?.(...args)),
  onFault: (...args) => watchers.forEach((watcher) => void watcher.onFault?.(...args)),
  onNote: (...args) => watchers.forEach((watcher) => void watcher.onNote?.(...args)),
});
