/**
 * Runs in words for a terminal: the verdict first, then outcomes, then the three histograms side by side.
 */

import type { Group } from '../analysis/groups.ts';
import { showActual } from '../analysis/result.ts';
import type { Judgement } from '../analysis/slo.ts';
import type { Step } from '../analysis/step.ts';
import type { Quantiles, Summary } from '../analysis/summary.ts';
import { errorsOf, type Window } from '../coordinator/window.ts';
import type { Recovery } from '../faults/recovery.ts';
import { OUTCOMES, type Outcome } from '../generator/tally.ts';
import type { FailureReason } from '../modes/capacity-search.ts';
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

export const showConnections = (count: number): string =>
  `${showCount(count)} ${count === 1 ? 'connection' : 'connections'}`;

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
  `verdict      ${run.result.sentence}`,
  `measurement  ${run.result.kind === 'unproven' ? 'does not count' : run.verdict.sentence}`,
  ...(run.findMax ? ['', ...findMaxLines(run)] : []),
  ...(run.ramp ? ['', ...rampLines(run.ramp)] : []),
  '',
  ...(run.mode === 'single' ? [] : [mainTitle(run)]),
  ...summaryLines(run),
  ...groupLines(run.main),
  ...auditLines(run.main),
  ...(run.faults ?? []).flatMap(faultLines),
  ...judgementLines(run.thresholds),
];

const mainTitle = ({ main }: RunFile): string =>
  main.ratePerSecond === null
    ? `the last step, a closed loop of ${showConnections(main.connections)}:`
    : `at ${showCount(main.ratePerSecond)} planned per second with ${showConnections(main.connections)}:`;

const findMaxLines = (run: RunFile): string[] => {
  const { findMax, capacity } = run;
  const { breakingPerSecond, reason, converged } = findMax!;
  return [
    sustainedLine(run),
    breakingPerSecond === null
      ? 'breaking   no rate failed'
      : `breaking   ${showCount(breakingPerSecond)} per second failed: ${FAILURE_WORDS[reason ?? 'latency']}${converged ? '' : ' (the search ended before the two came close)'}`,
    ...(capacity?.usl
      ? [`law        ${capacity.usl.sentence} (USL, R2 ${capacity.usl.r2.toFixed(3)})`]
      : []),
    ...(capacity?.knee ? [`knee       ${capacity.knee.sentence}`] : []),
  ];
};

/** What was sustained, never against what the steps have shown. */
const sustainedLine = ({ findMax, capacity, cutShort }: RunFile): string => {
  const { sustainedPerSecond, isSoaked, breakingPerSecond } = findMax!;
  if (sustainedPerSecond !== null) {
    const how = isSoaked
      ? 'held through the soak'
      : 'held in a step; no soak at it was passed, so plan for less';
    return `sustained  ${showCount(sustainedPerSecond)} per second ${how}`;
  }
  const tried = (capacity?.trials ?? []).filter(({ ratePerSecond }) => ratePerSecond !== null);
  if (tried.length === 0) return 'sustained  unknown: no rate was tried';
  const held = tried.filter(({ held }) => held).length;
  const lowest = Math.min(...tried.map(({ ratePerSecond }) => ratePerSecond!));
  const cut = cutShort === undefined ? '' : ', and the search was cut short';
  return held > 0
    ? `sustained  nothing for sure: ${held} of ${tried.length} steps held, but none below ${showCount(breakingPerSecond ?? lowest)} per second, where one failed${cut}`
    : `sustained  nothing: none of ${tried.length} steps held, from ${showCount(lowest)} per second on${cut}`;
};

const FAILURE_WORDS: Readonly<Record<FailureReason, string>> = {
  latency: 'answers came later than the thresholds allow',
  errors: 'too many answers failed',
  collapse: 'throughput fell back below what lower rates had reached',
  refused: 'connections were refused or timed out',
  died: 'the service was gone',
  'generator-bound': 'the generator was the bottleneck',
  noisy: 'the machine was too noisy to tell',
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
  `  worst second  p99 ${showMs(fault.peakP99Ms)}; ${showConnections(fault.socketsReopened)} opened again`,
  ...(fault.restarts === null ? [] : [`  service says  ${fault.restarts} restart(s) of workers`]),
  ...(fault.undone ? [] : ['  NOT UNDONE: look at the service']),
];

const summaryLines = ({
  main: { summary, ratePerSecond, outage },
  connections,
}: RunFile): string[] => {
  const { responseTime, serviceTime, lag, longestGapMs } = summary;
  const achieved = summary.achievedPerSecond;
  const lines = [
    `${showCount(summary.planned)} planned, ${showCount(summary.sent)} sent, ${showCount(summary.answered)} answered: ${ratePerSecond === null ? '' : `${summary.users === null ? '' : 'users '}${showRate(ratePerSecond)} planned, `}${showRate(achieved)} sent, ${showRate(summary.throughputPerSecond)} answered ok, over ${summary.seconds < 1 ? showMs(1000 * summary.seconds) : `${summary.seconds.toFixed(1)} s`}, ${(summary.bytesIn / summary.seconds / 2 ** 20).toFixed(1)} MiB/s`,
    `${showCount(summary.planned)} planned = ${outcomeTerms(summary)}`,
    `${showCount(summary.errors)} errors, ${showShare(summary.errorShare)}; longest time without a good answer ${showMs(longestGapMs)}${outage === null ? '' : ', an outage'}`,
    `${showCount(connections.opened)} of ${showCount(connections.planned)} ${connections.planned === 1 ? 'connection' : 'connections'} opened${summary.reopened > 0 ? `, ${showCount(summary.reopened)} opened again` : ''}${summary.refused > 0 ? `, ${showCount(summary.refused)} attempts to connect failed` : ''}`,
    ...userLines(summary),
    ...wrongLines(summary),
    ...unsolicitedLines(summary),
    '',
    row('', ['mean', 'p50', 'p90', 'p99', 'p99.9', 'max', 'count']),
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

const showRate = (perSecond: number): string =>
  `${perSecond >= 100 ? showCount(perSecond) : Number(perSecond.toPrecision(3))}/s`;

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  ok: 'ok',
  httpError: 'HTTP errors',
  wrong: 'wrong answers',
  socketError: 'socket errors',
  timeout: 'timeouts',
  unanswered: 'unanswered',
  dropped: 'dropped',
  inFlight: 'in flight when cut short',
};
/** Told also when there are none. */
const ALWAYS: readonly Outcome[] = ['ok', 'httpError', 'socketError', 'timeout', 'unanswered'];

const outcomeTerms = ({ outcomes }: Summary): string =>
  OUTCOMES.filter((outcome) => (outcomes[outcome] ?? 0) > 0 || ALWAYS.includes(outcome))
    .map((outcome) => `${showCount(outcomes[outcome] ?? 0)} ${OUTCOME_WORDS[outcome]}`)
    .join(' + ');

/** What the check of the answers has found: counted where all were looked at, else estimated. */
const wrongLines = ({ checked, compared, wrong, wrongEstimate }: Summary): string[] => {
  if (checked === 0 || !wrongEstimate) return [];
  const { count, low, high } = wrongEstimate;
  return [
    compared >= checked
      ? `${showCount(checked)} answers checked, ${showCount(wrong)} wrong`
      : `${showCount(compared)} of ${showCount(checked)} answers checked, chosen at random, ${showCount(wrong)} wrong: about ${showCount(count)} of all (${showCount(low)} to ${showCount(high)} with 95 %)`,
  ];
};

/** Users of a journey: those that neither came to its end nor failed were under way when the plan ended. */
const userLines = ({ users }: Summary): string[] => {
  if (users === null) return [];
  const { started, done, failed } = users;
  return [
    `${showCount(started)} users began the journey: ${showCount(done)} came to its end, ${showCount(failed)} failed on the way, ${showCount(started - done - failed)} were under way at the end`,
  ];
};

/** What a service sends to nobody may have been meant for somebody: each answer before it is in doubt. */
const unsolicitedLines = ({ unsolicited }: Summary): string[] =>
  unsolicited > 0
    ? [
        `bytes that answered no request came ${showCount(unsolicited)} times: answers may have reached the wrong ones`,
      ]
    : [];

/** Figures by name and by stage. */
const groupLines = ({ names, stages }: Step): string[] => [
  ...tableOf('stage', stages),
  ...tableOf('requests', names),
];

const tableOf = (title: string, groups: readonly Group[] | undefined): string[] => {
  if (groups === undefined) return [];
  const width = Math.max(title.length, ...groups.map(({ name }) => name.length)) + 2;
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => ` ${cell.padStart(9)}`).join('')}`;
  return [
    '',
    line(title, ['planned', 'planned/s', 'ok/s', 'errors', 'p50', 'p95', 'p99']),
    ...groups.map((group) =>
      line(group.name, [
        showCount(group.planned),
        showRate(group.plannedPerSecond),
        showRate(group.okPerSecond),
        showShare(group.errorShare),
        showMs(group.p50Ms),
        isSupported(group.count, 0.95) ? showMs(group.p95Ms) : '-',
        isSupported(group.count, 0.99) ? showMs(group.p99Ms) : '-',
      ]),
    ),
  ];
};

const row = (title: string, cells: readonly string[]): string =>
  `${title.padEnd(14)}${cells.map((cell) => ` ${cell.padStart(8)}`).join('')}`;

const quantileRow = (title: string, quantiles: Quantiles): string => {
  const at = (ms: number | null, p: number): string =>
    isSupported(quantiles.count, p) ? showMs(ms) : '-';
  return row(title, [
    showMs(quantiles.meanMs),
    showMs(quantiles.p50Ms),
    at(quantiles.p90Ms, 0.9),
    at(quantiles.p99Ms, 0.99),
    at(quantiles.p999Ms, 0.999),
    showMs(quantiles.maxMs),
    showCount(quantiles.count),
  ]);
};

/** One sentence where response and service time tell different stories: who let the requests wait? */
const whyLines = ({
  planned,
  outcomes,
  responseTime,
  serviceTime,
  lag,
  lateness,
}: Summary): string[] => {
  const [response, service] = [responseTime.p99Ms, serviceTime.p99Ms];
  if (response === null || service === null || response < 2 * service || response < 5) return [];
  const isOurs = (lateness.p99Ms ?? 0) > 0.5 * (lag.p99Ms ?? 0);
  if (outcomes.unanswered > 0.01 * planned) {
    return [
      '',
      'Response time counts from the planned moment and holds what was never sent or answered, at its age; service time holds what was sent only.',
    ];
  }
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
          (judgement) =>
            `${judgement.holds ? 'holds ' : 'FAILED'}  ${judgement.threshold}  (${showActual(judgement)})`,
        ),
      ];

/** One second in one line, for a pipe. */
export const windowLine = (window: Window): string => {
  const [reason] = Object.keys(window.reasons);
  return `${String(window.second + 1).padStart(4)} s  ${showCount(window.planned).padStart(8)} planned  ${showCount(window.ok).padStart(8)} ok/s  p50 ${showMs(window.p50Ms)}  p99 ${showMs(window.p99Ms)}  ${showCount(errorsOf(window))} errors${reason === undefined ? '' : ` (${reason})`}  ${showConnections(window.nOpen)}`;
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
