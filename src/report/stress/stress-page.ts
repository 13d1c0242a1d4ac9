/**
 * The report of a stress run as one self-contained page: verdict first, then latency, time, capacity, faults, self-check.
 * The same run file gives the same bytes.
 */
import type { RunFile } from '../../stress/results/run-file.ts';
import { formatMs, formatNumber, formatPerSecond, formatPercent } from '../format.ts';
import { type Block, buildPage, type Tone } from '../page.ts';
import { capacitySection } from './capacity.ts';
import { comparisonSection, type StressComparison } from './comparison.ts';
import { faultSection } from './faults.ts';
import { STRESS_GLOSSARY } from './glossary.ts';
import { latencySection } from './latency.ts';
import { outcomeSection } from './outcomes.ts';
import { rampSection } from './ramp.ts';
import { selfCheckSection } from './self-check.ts';
import { timelineSection } from './timeline.ts';

export const buildStressPage = (run: RunFile, comparison?: StressComparison): string =>
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
      STRESS_GLOSSARY,
    ],
  });

const warningsOf = (run: RunFile): string[] => [
  ...(run.verdict.kind === 'valid' ? [] : [run.verdict.sentence]),
  ...run.notes,
  ...(run.faults ?? [])
    .filter(({ undone }) => !undone)
    .map(({ fault }) => `The fault ${fault} was not undone: look at the service.`),
];

/** The one sentence: what it held, by what measure, and whether the thresholds hold. */
const verdictBlock = (run: RunFile): Block => {
  const failed = run.thresholds.filter(({ holds }) => !holds);
  const tone: Tone = run.verdict.kind !== 'valid' ? 'warning' : failed.length > 0 ? 'bad' : 'good';
  return { kind: 'verdict', tone, text: `${headline(run)} Verdict: ${run.verdict.sentence}.` };
};

const headline = (run: RunFile): string => {
  const { summary } = run.main;
  const failed = run.thresholds.filter(({ holds }) => !holds).map(({ threshold }) => threshold);
  if (run.findMax) {
    const { sustainedPerSecond, breakingPerSecond } = run.findMax;
    const slo = run.slo.join(' and ');
    if (sustainedPerSecond === null) return `It held no rate that was tried under ${slo}.`;
    const broke =
      breakingPerSecond === null ? '' : ` and broke at ${formatPerSecond(breakingPerSecond)}`;
    return `It holds ${formatPerSecond(sustainedPerSecond)} under ${slo}${broke}.`;
  }
  if (run.ramp) {
    const last = run.ramp.steps.at(-1)!;
    return `With ${formatNumber(last.opened)} open connections it answers ${formatPerSecond(last.fullPerSecond)}, and p99 is ${formatMs(last.heldP99Ms)} at ${formatPerSecond(run.ramp.ratePerSecond)}.`;
  }
  const rate =
    summary.outcomes.ok === 0
      ? 'It answered nothing ok.'
      : `It answered ${formatPerSecond(summary.throughputPerSecond)} with p99 ${formatMs(summary.responseTime.p99Ms)} and ${formatPercent(summary.errorShare, 3)} errors.`;
  return failed.length === 0 ? rate : `${rate} Failed: ${failed.join(', ')}.`;
};

const factsOf = (run: RunFile): { label: string; value: string; note?: string }[] => {
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
                : formatPerSecond(run.findMax.sustainedPerSecond),
            note:
              run.findMax.sustainedPerSecond === null ? 'no rate held' : 'held through the soak',
          },
          {
            label: 'breaking point',
            value:
              run.findMax.breakingPerSecond === null
                ? '–'
                : formatPerSecond(run.findMax.breakingPerSecond),
            note: run.findMax.reason ?? '',
          },
        ]
      : [{ label: 'ok answers', value: formatPerSecond(summary.throughputPerSecond) }]),
    { label: 'response time p50', value: formatMs(responseTime.p50Ms) },
    {
      label: 'response time p99',
      value: formatMs(responseTime.p99Ms),
      ...(run.main.p99RangeMs
        ? { note: `95 %: ${run.main.p99RangeMs.map(formatMs).join(' to ')}` }
        : {}),
    },
    { label: 'errors', value: formatPercent(summary.errorShare, 3) },
    {
      label: 'connections',
      value: formatNumber(run.connections.opened),
      note: `of ${formatNumber(run.connections.planned)} planned`,
    },
  ];
};
