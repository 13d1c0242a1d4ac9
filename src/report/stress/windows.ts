/**
 * The windows of a run, few enough to be drawn: neighbours put together.
 */
import type { StressWindow } from './stress-report.ts';

/** Most columns in time: a run of an hour must not make a page that no browser likes. */
const MOST_COLUMNS = 240;

/** Neighbouring windows put together: counts are means per second, times are the worst of them. */
export const thinWindows = (windows: readonly StressWindow[]): StressWindow[] => {
  const size = Math.max(1, Math.ceil(windows.length / MOST_COLUMNS));
  return Array.from({ length: Math.ceil(windows.length / size) }, (_, i) => {
    const group = windows.slice(i * size, (i + 1) * size);
    const sum = (read: (window: StressWindow) => number): number =>
      group.reduce((total, window) => total + read(window), 0);
    const seconds = sum((window) => window.seconds);
    const mean = (read: (window: StressWindow) => number): number =>
      sum((window) => read(window) * window.seconds) / seconds;
    const worst = (read: (window: StressWindow) => number | null): number | null =>
      group.reduce<number | null>((most, window) => {
        const value = read(window);
        return value === null ? most : Math.max(most ?? 0, value);
      }, null);
    return {
      second: group[0]!.second,
      seconds,
      planned: sum(({ planned }) => planned) / seconds,
      ok: sum(({ ok }) => ok) / seconds,
      httpError: sum(({ httpError }) => httpError) / seconds,
      socketError: sum(({ socketError }) => socketError) / seconds,
      timeout: sum(({ timeout }) => timeout) / seconds,
      dropped: sum(({ dropped }) => dropped) / seconds,
      p50Ms: worst(({ p50Ms }) => p50Ms),
      p99Ms: worst(({ p99Ms }) => p99Ms),
      maxMs: worst(({ maxMs }) => maxMs),
      heat: group.flatMap(({ heat }) => [...heat]),
      nOpen: mean(({ nOpen }) => nOpen),
      inFlight: mean(({ inFlight }) => inFlight),
      waiting: mean(({ waiting }) => waiting),
    };
  });
};
