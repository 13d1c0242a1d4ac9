/**
 * The report of a stress run as one self-contained page: verdict first, then latency, time, capacity, faults, self-check.
 * The same run file gives the same bytes.
 */

import type { ResultKind } from '../../stress/analysis/result.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import { formatMs, formatNumber, formatPercent, formatPerSecond } from '../format.ts';
import { type Block, buildPage, type Tone } from '../page.ts';
import { capacitySection } from './capacity.ts';
import { comparisonSection, type StressComparison } from './comparison.ts';
import { faultSection } from './faults.ts';
import { STRESS_GLOSSARY } from './glossary.ts';
import { latencySection } from './latency.ts';
import { groupSections, outcomeSection } from './outcomes.ts';
import { rampSection } from './ramp.ts';
import { selfCheckSection } from './self-check.ts';
import { timelineSection } from './timeline.ts';

export const buildStressPage = (run: RunFile, comparison?: StressComparison): string =>
  buildPage({
    title: `Stress: ${new URL(run.url).host}`,
    subtitle: `${run.payload}. ${run.startedAt.slice(0, 16).replace('T', ' ')} UTC, ${run.madeBy}`,
    summary: { name: 'puntual-stress', content: summaryOf(run) },
    warnings: warningsOf(run),
    lead: [
      { kind: 'text', text: `${capitalised(run.load)}.` },
      ...verdictBlocks(run),
      { kind: 'facts', facts: factsOf(run) },
      ...noteBlocks(run),
    ],
    sections: [
      ...(comparison ? [comparisonSection(comparison)] : []),
      latencySection(run),
      outcomeSection(run),
      ...groupSections(run),
      ...(run.capacity ? [capacitySection(run)] : []),
      ...(run.ramp ? [rampSection(run)] : []),
      timelineSection(run),
      ...(run.faults ? [faultSection(run)] : []),
      selfCheckSection(run),
      STRESS_GLOSSARY,
    ],
  });

/** What a list of reports shows of one. */
const summaryOf = (run: RunFile): object => ({
  startedAt: run.startedAt,
  url: run.url,
  result: run.result.kind,
  sentence: `${capitalised(run.result.sentence)}.`,
  headline: headline(run),
});

/** What failed: a measurement that proves nothing, a service left broken. What is only good to know is a note. */
const warningsOf = (run: RunFile): string[] => [
  ...(run.verdict.kind === 'valid' || run.result.kind === 'failed'
    ? []
    : [`Measurement: ${run.verdict.sentence}`]),
  ...(run.faults ?? [])
    .filter(({ undone }) => !undone)
    .map(({ fault }) => `The fault ${fault} was not undone: look at the service.`),
];

const noteBlocks = ({ notes }: RunFile): Block[] =>
  notes.length === 0 ? [] : [{ kind: 'list', title: 'Notes', tone: 'plain', items: notes }];

const TONES: Readonly<Record<ResultKind, Tone>> = {
  passed: 'good',
  attention: 'warning',
  failed: 'bad',
  unproven: 'warning',
};

/** Pass or fail first; then what was seen; then whether it was measured well. */
const verdictBlocks = (run: RunFile): Block[] => {
  const { kind, sentence } = run.result;
  const isPlain = kind === 'passed' && run.thresholds.length === 0;
  // Why nothing is proven stands above, in the strip of the warning.
  const isUnproven = kind === 'unproven';
  const said = isUnproven ? 'neither passed nor failed: the measurement does not count' : sentence;
  return [
    { kind: 'verdict', tone: isPlain ? 'plain' : TONES[kind], text: `${capitalised(said)}.` },
    ...(run.cutShort === undefined
      ? []
      : [
          {
            kind: 'verdict' as const,
            tone: 'warning' as const,
            text: `The run was cut short (${run.cutShort}).`,
          },
        ]),
    { kind: 'text', text: headline(run) },
    ...(isUnproven
      ? []
      : [{ kind: 'text' as const, text: `Measurement: ${run.verdict.sentence}.` }]),
  ];
};

const capitalised = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;

const headline = (run: RunFile): string => {
  const { summary } = run.main;
  if (run.findMax) {
    const { sustainedPerSecond, breakingPerSecond, isSoaked } = run.findMax;
    const slo = run.slo.join(' and ');
    if (sustainedPerSecond === null)
      return `No rate can be said to hold under ${slo}: the table of its steps shows what was tried.`;
    const broke =
      breakingPerSecond === null ? '' : ` and broke at ${formatPerSecond(breakingPerSecond)}`;
    return `It sustains ${formatPerSecond(sustainedPerSecond)} under ${slo}${isSoaked ? '' : ' in a short step, but not through a soak'}${broke}.`;
  }
  if (run.ramp) {
    const last = run.ramp.steps.at(-1)!;
    return `With ${formatNumber(last.opened)} open connections it answers ${formatPerSecond(last.fullPerSecond)}, and p99 is ${formatMs(last.heldP99Ms)} at ${formatPerSecond(run.ramp.ratePerSecond)}.`;
  }
  if (summary.outcomes.ok === 0) return 'It answered nothing ok.';
  const p99 = hasP99(run) ? ` with p99 ${formatMs(summary.responseTime.p99Ms)}` : '';
  return `It answered ${formatPerSecond(summary.throughputPerSecond)}${p99} and ${formatPercent(summary.errorShare, 3)} errors; of ${formatNumber(summary.planned)} planned requests ${formatNumber(summary.sent)} were sent and ${formatNumber(summary.answered)} answered. The longest time without a good answer was ${formatMs(summary.longestGapMs)}.`;
};

/** A p99 of fewer samples is no headline: ten must lie above it. */
const MIN_FOR_P99 = 1000;

const hasP99 = ({ main }: RunFile): boolean => main.summary.responseTime.count >= MIN_FOR_P99;

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
            note: run.findMax.isSoaked ? 'held through the soak' : 'through no soak',
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
      value: hasP99(run) ? formatMs(responseTime.p99Ms) : 'too few',
      ...(hasP99(run) && run.main.p99RangeMs
        ? { note: `95 %: ${run.main.p99RangeMs.map(formatMs).join(' to ')}` }
        : {}),
    },
    {
      label: 'errors',
      value: formatPercent(summary.errorShare, 3),
      note: `${formatNumber(summary.errors)} of ${formatNumber(summary.planned)}`,
    },
    { label: 'longest gap', value: formatMs(summary.longestGapMs), note: 'without a good answer' },
    {
      label: 'connections',
      value: formatNumber(run.connections.opened),
      note: `of ${formatNumber(run.connections.planned)} planned`,
    },
  ];
};
