/**
 * A run as CSV: a row for each second, for spreadsheets and notebooks.
 */
import type { Window } from '../coordinator/window.ts';
import type { RunFile } from './run-file.ts';

/** Column and what it reads; an empty cell where nothing was measured. */
const COLUMNS: readonly (readonly [string, (window: Window) => number | null])[] = [
  ['second', ({ second }) => second],
  ['seconds', ({ seconds }) => seconds],
  ['planned', ({ planned }) => planned],
  ['sent', ({ sent }) => sent],
  ['ok', ({ ok }) => ok],
  ['http_errors', ({ httpError }) => httpError],
  ['wrong', ({ wrong }) => wrong],
  ['socket_errors', ({ socketError }) => socketError],
  ['timeouts', ({ timeout }) => timeout],
  ['unanswered', ({ unanswered }) => unanswered],
  ['dropped', ({ dropped }) => dropped],
  ['response_p50_ms', ({ p50Ms }) => p50Ms],
  ['response_p99_ms', ({ p99Ms }) => p99Ms],
  ['response_max_ms', ({ maxMs }) => maxMs],
  ['service_p50_ms', ({ serviceP50Ms }) => serviceP50Ms],
  ['connections', ({ nOpen }) => nOpen],
  ['in_flight', ({ inFlight }) => inFlight],
  ['waiting', ({ waiting }) => waiting],
  ['generator_busy', ({ busy }) => busy],
];

export const csvOf = ({ main }: RunFile): string => {
  const rows = main.windows.map((window) =>
    COLUMNS.map(([, read]) => {
      const value = read(window);
      return value === null ? '' : String(Number(value.toPrecision(6)));
    }).join(','),
  );
  return `${[COLUMNS.map(([name]) => name).join(','), ...rows].join('\n')}\n`;
};
