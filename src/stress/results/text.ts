/**
 * Runs in words for a terminal: the verdict first, then outcomes, then the three histograms side by side.
 */

import type { Judgement } from '../analysis/slo.ts';
import type { Step } from '../analysis/step.ts';
import type { Quantiles, Summary } from '../analysis/summary.ts';
import type { Window } from '../coordinator/window.ts';
import type { Recovery } from '../faults/recovery.ts';
import type { FailureReason } from '../modes/search.ts';
import type { Change, ComparisonReport } from './compare.ts';
import type { RunFile, RunHead } from './run-file.ts';

/** `1.23 ms`, `45.6 ms`, `1.40 s`; `-` where nothing is known. */
export const showMs = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return '-';
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  return ms >= 10 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(2)} ms`;
};

/** A share as `0.012 %`. */
const showShare = (share: number): string => `${(share * 100).toFixed(3)} %`;

export const showCount = (count: number): string => Math.round(count).toLocaleString('en');

/** A percentile is shown when at least ten samples lie above it. */
const MIN_ABOVE = 10;

const isSupported = (count: number, p: number): boolean => count * (1 - p) >= MIN_ABOVE - 1e-6;

/** What will be sent to whom, and how: the first line names the model of the load. */
export const headLines = (run: RunHead): string[] => [
  run.load,
  `target  ${new URL(run.url).origin}  ${run.payload}`,
  `plan    ${run.plan}`,
  ...run.notes.map((note) => `note    ${note}`),
];

/** A finished run: verdict, what the mode was after, figures, faults, thresholds. */
export const runLines = (run: RunFile): string[] => [
  '',
  `verdict  ${run.verdict.sentence}`,
  ...(run.findMax ? ['', ...findMaxLines(run)] : []),
  ...(run.ramp ? ['', ...rampLines(run.ramp)] : []),
  '',
  ...(run.mode === 'single' ? [] : [mainTitle(run)]),
  ...summaryLines(run.main.summary, run.connections),
  ...auditLines(run.main),
  ...(run.faults ?? []).flatMap(faultLines),
  ...judgementLines(run.thresholds),
];

const mainTitle = ({ main }: RunFile): string =>
  main.ratePerSecond === null
    ? `the last step, a closed loop of ${showCount(main.connections)} connections:`
    : `at ${showCount(main.ratePerSecond)} planned per second with ${showCount(main.connections)} connections:`;

const findMaxLines = ({ findMax, capacity }: RunFile): string[] => {
  const { sustainedPerSecond, breakingPerSecond, reason, converged } = findMax!;
  return [
    sustainedPerSecond === null
      ? 'nothing held, not even the lowest rate that was tried'
      : `sustained  ${showCount(sustainedPerSecond)} per second held through the soak`,
    breakingPerSecond === null
      ? 'breaking   no rate failed'
      : `breaking   ${showCount(breakingPerSecond)} per second failed: ${FAILURE_WORDS[reason ?? 'latency']}${converged ? '' : ' (the search ended before the two came close)'}`,
    ...(capacity?.usl
      ? [`law        ${capacity.usl.sentence} (USL, R2 ${capacity.usl.r2.toFixed(3)})`]
      : []),
    ...(capacity?.knee ? [`knee       ${capacity.knee.sentence}`] : []),
  ];
};

const FAILURE_WORDS: Readonly<Record<FailureReason, string>> = {
  latency: 'answers came later than the thresholds allow',
  errors: 'too many answers failed',
  collapse: 'throughput fell back below what lower rates had reached',
  refused: 'connections were refused or timed out',
  died: 'the service was gone',
  'generator-bound': 'the generator was the bottleneck',
  environment: 'a limit of this machine was reached',
  ceiling: 'the highest rate that may be tried was reached',
};

const rampLines = (ramp: NonNullable<RunFile['ramp']>): string[] => [
  `connections ramp: held at ${showCount(ramp.ratePerSecond)} per second, then at full tilt`,
  row('', ['opened', 'held p50', 'held p99', 'errors', 'full/s', 'full p99', 'errors']),
  ...ramp.steps.map((step) =>
    row(showCount(step.planned), [
      showCount(step.opened),
      showMs(step.heldP50Ms),
      showMs(step.heldP99Ms),
      showShare(step.heldErrorShare),
      showCount(step.fullPerSecond),
      showMs(step.fullP99Ms),
      showShare(step.fullErrorShare),
    ]),
  ),
];

const auditLines = (step: Step): string[] => {
  const range = step.p99RangeMs;
  return [
    '',
    `audit  ${step.steadiness.sentence}`,
    `audit  ${step.little.sentence}`,
    ...(range
      ? [
          `audit  p99 lies between ${showMs(range[0])} and ${showMs(range[1])} with 95 %, were the samples independent`,
        ]
      : []),
  ];
};

/** A fault: hypothesis first, then what it cost. */
const faultLines = (fault: Recovery): string[] => [
  '',
  `fault  ${fault.fault} at ${(fault.atMs / 1000).toFixed(2)} s: ${fault.what}`,
  `  before        ${fault.steadyBefore ? 'steady, no failure' : 'NOT without failures, so what follows cannot be blamed on the fault alone'}, ${showCount(fault.okPerSecondBefore)} ok/s`,
  ...fault.notes.map((note) => `  note          ${note}`),
  ...(fault.replacedInMs === null
    ? []
    : [
        `  replaced in   ${showMs(fault.replacedInMs)}${fault.readyInMs === null ? '' : `, all ready again in ${showMs(fault.readyInMs)}`}`,
      ]),
  `  lost          ${showCount(fault.requestsLost)} requests, ${showCount(fault.wrongAnswers)} wrong answers, ${showCount(fault.goodputLost)} answers fewer than before would have come`,
  `  back          first success ${showMs(fault.firstSuccessMs)}, longest gap ${showMs(fault.longestGapMs)}, recovered ${fault.recoveredMs === null ? 'NOT within the run' : `in ${showMs(fault.recoveredMs)}`}`,
  `  worst second  p99 ${showMs(fault.peakP99Ms)}; ${showCount(fault.socketsReopened)} connections opened again`,
  ...(fault.restarts === null ? [] : [`  service says  ${fault.restarts} restart(s) of workers`]),
  ...(fault.undone ? [] : ['  NOT UNDONE: look at the service']),
];

const summaryLines = (summary: Summary, connections: RunFile['connections']): string[] => {
  const { outcomes, responseTime, serviceTime, lag } = summary;
  const lines = [
    `${showCount(summary.throughputPerSecond)} ok answers per second over ${summary.seconds.toFixed(1)} s, ${(summary.bytesIn / summary.seconds / 2 ** 20).toFixed(1)} MiB/s`,
    `${showCount(summary.planned)} planned = ${showCount(outcomes.ok)} ok + ${showCount(outcomes.httpError)} HTTP errors + ${showCount(outcomes.socketError)} socket errors + ${showCount(outcomes.timeout)} timeouts + ${showCount(outcomes.dropped)} dropped + ${showCount(outcomes.inFlight)} in flight at the end`,
    `${showCount(connections.opened)} of ${showCount(connections.planned)} connections opened${summary.reopened > 0 ? `, ${showCount(summary.reopened)} opened again` : ''}`,
    ...(summary.checked > 0
      ? [
          `${showCount(summary.checked)} answers whose body is known, 1 in 16 compared, ${showCount(summary.wrong)} wrong`,
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
    for (const [reason, count] of reasons.slice(0, 8)) {
      lines.push(`  ${showCount(count).padStart(10)}  ${reason}`);
    }
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

/** One sentence where response and service time tell different stories: who let the requests wait? */
const whyLines = ({ responseTime, serviceTime, lag, lateness }: Summary): string[] => {
  const [response, service] = [responseTime.p99Ms, serviceTime.p99Ms];
  if (response === null || service === null || response < 2 * service || response < 5) return [];
  const isOurs = (lateness.p99Ms ?? 0) > 0.5 * (lag.p99Ms ?? 0);
  return [
    '',
    isOurs
      ? `Response time counts from the planned moment, service time from the sending. What lies between is mostly this generator's own lateness (p99 ${showMs(lateness.p99Ms)}): the machine was busy, and the truth lies between the two.`
      : `Response time counts from the planned moment, service time from the sending. Requests waited up to ${showMs(lag.maxMs)} for a free connection while others were not answered: users would have waited too, so response time is the figure to trust.`,
  ];
};

const judgementLines = (judgements: readonly Judgement[]): string[] =>
  judgements.length === 0
    ? []
    : [
        '',
        ...judgements.map(
          ({ threshold, actual, holds }) =>
            `${holds ? 'holds ' : 'FAILED'}  ${threshold}${actual === null ? (threshold.startsWith('recovery') ? '  (it did not recover within the run)' : '  (not measured)') : `  (${showActual(threshold, actual)})`}`,
        ),
      ];

const showActual = (threshold: string, actual: number): string => {
  if (threshold.startsWith('errors') || threshold.startsWith('wrong')) return showShare(actual);
  return threshold.startsWith('rate') ? `${showCount(actual)}/s` : showMs(actual);
};

/** One second in one line, for a pipe. */
export const windowLine = (window: Window): string => {
  const nErrors = window.httpError + window.socketError + window.timeout + window.dropped;
  return `${String(window.second + 1).padStart(4)} s  ${showCount(window.ok).padStart(8)} ok/s  p50 ${showMs(window.p50Ms)}  p99 ${showMs(window.p99Ms)}  ${showCount(nErrors)} errors  ${showCount(window.nOpen)} connections`;
};

/** Two runs side by side. */
export const comparisonLines = (report: ComparisonReport): string[] => [
  '',
  `compared  ${report.sentence}`,
  row('', ['before', 'after', 'worse by', 'noise']),
  ...report.changes.map(changeRow),
];

const changeRow = (change: Change): string => {
  const show = (value: number): string =>
    change.metric === 'errors'
      ? showShare(value)
      : change.metric.includes('time')
        ? showMs(value)
        : showCount(value);
  const share = (value: number): string => `${(value * 100).toFixed(1)} %`;
  return `${change.metric.padEnd(22)}${[show(change.before), show(change.after), share(change.worse), share(change.noise)].map((cell) => cell.padStart(11)).join('')}${change.regressed ? '  REGRESSED' : ''}`;
};
