/**
 * The report of a stress run as one self-contained page: verdict first, then latency, time, capacity, faults, self-check.
 * The same run file gives the same bytes.
 */
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Tone } from '../page.ts';
import { capacitySection } from './capacity.ts';
import { comparisonSection } from './comparison.ts';
import { faultSection } from './faults.ts';
import { ms, perSecond } from './figures.ts';
import { latencySection } from './latency.ts';
import { outcomeSection } from './outcomes.ts';
import { rampSection } from './ramp.ts';
import type { StressComparison, StressReport } from './stress-report.ts';
import { selfCheckSection } from './self-check.ts';
import { STRESS_TERMS } from './terms.ts';
import { timelineSection } from './timeline.ts';

export const buildStressPage = (run: StressReport, comparison?: StressComparison): string =>
  buildPage({
    title: `Stress: ${new URL(run.url).host}`,
    subtitle: `${run.payload}. ${run.startedAt.slice(0, 16).replace('T', ' ')} UTC, ${run.madeBy}`,
    warnings: warningsOf(run),
    lead: [
      { kind: 'text', text: `${run.load[0]!.toUpperCase()}${run.load.slice(1)}.` },
      verdictBlock(run),
      { kind: 'facts', facts: factsOf(run) },
    ],
    sections: [
      ...(comparison ? [comparisonSection(comparison)] : []),
      latencySection(run),
      outcomeSection(run),
      ...(run.capacity ? [capacitySection(run)] : []),
      ...(run.ramp ? [rampSection(run)] : []),
      timelineSection(run),
      ...(run.faults ? [faultSection(run)] : []),
      selfCheckSection(run),
      STRESS_TERMS,
    ],
  });

const warningsOf = (run: StressReport): string[] => [
  ...(run.verdict.kind === 'valid' ? [] : [run.verdict.sentence]),
  ...run.notes,
  ...(run.faults ?? [])
    .filter(({ undone }) => !undone)
    .map(({ fault }) => `The fault ${fault} was not undone: look at the service.`),
];

/** The one sentence: what it held, by what measure, and whether the thresholds hold. */
const verdictBlock = (run: StressReport): Block => {
  const failed = run.thresholds.filter(({ holds }) => !holds);
  const tone: Tone = run.verdict.kind !== 'valid' ? 'warning' : failed.length > 0 ? 'bad' : 'good';
  return { kind: 'verdict', tone, text: `${headline(run)} Verdict: ${run.verdict.sentence}.` };
};

const headline = (run: StressReport): string => {
  const { summary } = run.main;
  const failed = run.thresholds.filter(({ holds }) => !holds).map(({ threshold }) => threshold);
  if (run.findMax) {
    const { sustainedPerSecond, breakingPerSecond } = run.findMax;
    const slo = run.slo.join(' and ');
    if (sustainedPerSecond === null) return `It held no rate that was tried under ${slo}.`;
    const broke = breakingPerSecond === null ? '' : ` and broke at ${perSecond(breakingPerSecond)}`;
    return `It holds ${perSecond(sustainedPerSecond)} under ${slo}${broke}.`;
  }
  if (run.ramp) {
    const last = run.ramp.steps.at(-1)!;
    return `With ${formatNumber(last.opened)} open connections it answers ${perSecond(last.fullPerSecond)}, and p99 is ${ms(last.heldP99Ms)} at ${perSecond(run.ramp.ratePerSecond)}.`;
  }
  const rate =
    summary.outcomes.ok === 0
      ? 'It answered nothing ok.'
      : `It answered ${perSecond(summary.throughputPerSecond)} with p99 ${ms(summary.responseTime.p99Ms)} and ${formatPercent(summary.errorShare, 3)} errors.`;
  return failed.length === 0 ? rate : `${rate} Failed: ${failed.join(', ')}.`;
};

const factsOf = (run: StressReport): { label: string; value: string; note?: string }[] => {
  const { summary } = run.main;
  const { responseTime } = summary;
  return [
    ...(run.findMax
      ? [
          {
            label: 'sustained',
            value:
              run.findMax.sustainedPerSecond === null
                ? '–'
                : perSecond(run.findMax.sustainedPerSecond),
            note:
              run.findMax.sustainedPerSecond === null ? 'no rate held' : 'held through the soak',
          },
          {
            label: 'breaking point',
            value:
              run.findMax.breakingPerSecond === null
                ? '–'
                : perSecond(run.findMax.breakingPerSecond),
            note: run.findMax.reason ?? '',
          },
        ]
      : [{ label: 'ok answers', value: perSecond(summary.throughputPerSecond) }]),
    { label: 'response time p50', value: ms(responseTime.p50Ms) },
    {
      label: 'response time p99',
      value: ms(responseTime.p99Ms),
      ...(run.main.p99RangeMs ? { note: `95 %: ${run.main.p99RangeMs.map(ms).join(' to ')}` } : {}),
    },
    { label: 'errors', value: formatPercent(summary.errorShare, 3) },
    {
      label: 'connections',
      value: formatNumber(run.connections.opened),
      note: `of ${formatNumber(run.connections.planned)} planned`,
    },
  ];
};
