/**
 * Runs in words for a terminal: the verdict first, then outcomes, then the three histograms side by side.
 * Stands beside the JSON and the HTML report, which show the same figures.
 */
import type { Session } from './session.ts';
import type { SingleRun } from './single-run.ts';
import type { Judgement } from './slo.ts';
import type { Quantiles, Summary } from './summary.ts';
import type { Window } from './window.ts';

/** `1.23 ms`, `45.6 ms`, `1.40 s`; `-` where nothing is known. */
export const showMs = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return '-';
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  return ms >= 10 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(2)} ms`;
};

export const showCount = (count: number): string => Math.round(count).toLocaleString('en');

/** A percentile is shown when at least ten samples lie above it. */
const LEAST_ABOVE = 10;

export const isSupported = (count: number, p: number): boolean =>
  count * (1 - p) >= LEAST_ABOVE - 1e-6;

/** What is asked of whom, how: the first line names the model of the load. */
export const describeRun = (session: Session, load: string): string[] => [
  load,
  `target  ${session.target.url.origin}  ${session.payload.sentence}`,
  `plan    ${session.plan.sentence}`,
  ...session.probe.notes.map((note) => `note    ${note}`),
];

export const runLines = (run: SingleRun): string[] => [
  '',
  `verdict  ${run.verdict.sentence}`,
  '',
  ...summaryLines(run.summary, run.connections),
  ...judgementLines(run.judgements),
];

export const summaryLines = (summary: Summary, connections: SingleRun['connections']): string[] => {
  const { outcomes, responseTime, serviceTime, lag } = summary;
  const lines = [
    `${showCount(summary.throughputPerSecond)} ok answers per second over ${summary.seconds.toFixed(1)} s, ${(summary.bytesIn / summary.seconds / 2 ** 20).toFixed(1)} MiB/s`,
    `${showCount(summary.planned)} planned = ${showCount(outcomes.ok)} ok + ${showCount(outcomes.httpError)} HTTP errors + ${showCount(outcomes.socketError)} socket errors + ${showCount(outcomes.timeout)} timeouts + ${showCount(outcomes.dropped)} dropped + ${showCount(outcomes.inFlight)} in flight at the end`,
    `${showCount(connections.opened)} of ${showCount(connections.planned)} connections opened${summary.reopened > 0 ? `, ${showCount(summary.reopened)} opened again` : ''}`,
    ...(summary.checked > 0
      ? [
          `${showCount(summary.checked)} answers to known questions, 1 in 16 compared, ${showCount(summary.wrong)} wrong`,
        ]
      : []),
    '',
    row('', ['p50', 'p90', 'p99', 'p99.9', 'max', 'count']),
    quantileRow('response time', responseTime),
    quantileRow('service time', serviceTime),
    quantileRow('lag', lag),
    ...whyLines(summary),
  ];
  const reasons = Object.entries(summary.reasons);
  if (reasons.length > 0) {
    lines.push('', 'what failed');
    for (const [reason, count] of reasons.slice(0, 8))
      lines.push(`  ${showCount(count).padStart(10)}  ${reason}`);
  }
  return lines;
};

const row = (title: string, cells: readonly string[]): string =>
  `${title.padEnd(14)}${cells.map((cell) => cell.padStart(11)).join('')}`;

const quantileRow = (title: string, quantiles: Quantiles): string => {
  const at = (ms: number | null, p: number): string =>
    isSupported(quantiles.count, p) ? showMs(ms) : '-';
  return row(title, [
    showMs(quantiles.p50Ms),
    at(quantiles.p90Ms, 0.9),
    at(quantiles.p99Ms, 0.99),
    at(quantiles.p999Ms, 0.999),
    showMs(quantiles.maxMs),
    showCount(quantiles.count),
  ]);
};

/** One sentence where response and service time tell different stories. */
export const whyLines = ({ responseTime, serviceTime, lag }: Summary): string[] => {
  const [response, service] = [responseTime.p99Ms, serviceTime.p99Ms];
  if (response === null || service === null || response < 2 * service || response < 5) return [];
  return [
    '',
    `Response time counts from the planned moment, service time from the sending. Requests waited up to ${showMs(lag.maxMs)} for a free connection while others were not answered: users would have waited too, so response time is the figure to trust.`,
  ];
};

export const judgementLines = (judgements: readonly Judgement[]): string[] =>
  judgements.length === 0
    ? []
    : [
        '',
        ...judgements.map(
          ({ threshold, actual, holds }) =>
            `${holds ? 'holds ' : 'FAILED'}  ${threshold}${actual === null ? '  (not measured)' : `  (${showActual(threshold, actual)})`}`,
        ),
      ];

const showActual = (threshold: string, actual: number): string => {
  if (threshold.startsWith('errors') || threshold.startsWith('wrong'))
    return `${(actual * 100).toFixed(3)} %`;
  return threshold.startsWith('rate') ? `${showCount(actual)}/s` : showMs(actual);
};

/** One second in one line, for a pipe. */
export const windowLine = (window: Window): string => {
  const nErrors = window.httpError + window.socketError + window.timeout + window.dropped;
  return `${String(window.second + 1).padStart(4)} s  ${showCount(window.ok).padStart(8)} ok/s  p50 ${showMs(window.p50Ms)}  p99 ${showMs(window.p99Ms)}  ${showCount(nErrors)} errors  ${showCount(window.nOpen)} connections`;
};
