/**
 * The windows of a run in bounded memory: when there are too many, each two neighbours become one.
 */
import type { Window } from './window.ts';
import { mergeAfter, respace } from './window.ts';

const MAX_WINDOWS = 600;

interface Series {
  /** Adds a window of one second; seconds may be left out, but never go back. */
  readonly add: (window: Window) => void;
  readonly windows: () => readonly Window[];
}

export const buildSeries = (maxWindows = MAX_WINDOWS): Series => {
  let windows: Window[] = [];
  /** Seconds that a window spans: a power of two, the same for all. */
  let span = 1;
  return {
    add: (window) => {
      put(windows, window, span);
      if (windows.length <= maxWindows) return;
      span *= 2;
      windows = rejoin(windows, span);
    },
    windows: () => windows,
  };
};

/** The same windows, each spanning so many seconds. */
export const rejoin = (windows: readonly Window[], span: number): Window[] => {
  const joined: Window[] = [];
  for (const window of windows) put(joined, window, span);
  return joined;
};

const put = (windows: Window[], window: Window, span: number): void => {
  const second = Math.floor(window.second / span) * span;
  const last = windows.at(-1);
  if (last && last.second === second) {
    windows[windows.length - 1] = mergeAfter(last, window, second, span);
  } else windows.push(respace(window, second, span));
};
