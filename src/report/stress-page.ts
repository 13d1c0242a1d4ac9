/**
 * The report of a stress run as one self-contained page: verdict first, then spectrum, time, capacity, faults, self-check.
 * The same run file gives the same bytes. Stands on `page` and `charts`.
 */
import { formatNumber, formatPercent } from './format.ts';
import { type Block, buildPage, type Cell, type Section, type Tone } from './page.ts';
import { spectrumChart, timeCharts } from './stress-charts.ts';
import { ms, perSecond } from './stress-figures.ts';
import type { StressComparison, StressQuantiles, StressReport } from './stress-report.ts';
import {
  capacitySection,
  comparisonSection,
  faultSection,
  rampSection,
} from './stress-sections.ts';
import { STRESS_TERMS } from './stress-terms.ts';

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
      {
        title: 'Over time',
        blocks: timeCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
      },
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
  const rate = `It answered ${perSecond(summary.throughputPerSecond)} with p99 ${ms(summary.responseTime.p99Ms)} and ${formatPercent(summary.errorShare, 3)} errors.`;
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
            note: 'held through the soak',
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

const LEAST_ABOVE = 10;

const quantileCells = (name: string, quantiles: StressQuantiles): Cell[] => {
  const at = (value: number | null, p: number): string =>
    quantiles.count * (1 - p) >= LEAST_ABOVE - 1e-6 ? ms(value) : 'too few';
  return [
    name,
    ms(quantiles.p50Ms),
    at(quantiles.p90Ms, 0.9),
    at(quantiles.p99Ms, 0.99),
    at(quantiles.p999Ms, 0.999),
    ms(quantiles.maxMs),
    quantiles.count,
  ];
};

const latencySection = (run: StressReport): Section => {
  const { summary } = run.main;
  return {
    title: 'Latency',
    blocks: [
      { kind: 'chart', chart: spectrumChart(run) },
      {
        kind: 'table',
        header: ['', 'p50', 'p90', 'p99', 'p99.9', 'longest', 'count'],
        rows: [
          quantileCells('response time', summary.responseTime),
          quantileCells('service time', summary.serviceTime),
          quantileCells('lag', summary.lag),
          quantileCells('time of failures', summary.errorTime),
          quantileCells('time to connect', summary.connectTime),
        ].filter((row) => row[6] !== 0),
      },
      {
        kind: 'text',
        text: 'Where response time lies above service time, requests waited before they could be sent: users would have waited as well. A percentile is shown when at least ten samples lie above it.',
      },
    ],
  };
};

const outcomeSection = (run: StressReport): Section => {
  const { summary } = run.main;
  const { outcomes } = summary;
  const reasons = Object.entries(summary.reasons);
  return {
    title: 'Every planned request',
    blocks: [
      {
        kind: 'table',
        header: [
          'planned',
          'ok',
          'HTTP errors',
          'socket errors',
          'timeouts',
          'dropped',
          'in flight at the end',
        ],
        rows: [
          [
            summary.planned,
            outcomes.ok,
            outcomes.httpError,
            outcomes.socketError,
            outcomes.timeout,
            outcomes.dropped,
            outcomes.inFlight,
          ],
        ],
      },
      ...(reasons.length > 0
        ? [
            {
              kind: 'table' as const,
              caption: 'What failed',
              header: ['reason', 'requests'],
              rows: reasons,
            },
          ]
        : []),
      ...(run.thresholds.length > 0
        ? [
            {
              kind: 'table' as const,
              caption: 'Thresholds',
              header: ['threshold', 'measured', 'holds'],
              rows: run.thresholds.map(({ threshold, actual, holds }): Cell[] => [
                threshold,
                actual === null ? null : showActual(threshold, actual),
                holds ? 'holds' : 'FAILED',
              ]),
            },
          ]
        : []),
    ],
  };
};

const showActual = (threshold: string, actual: number): string => {
  if (/^(errors|wrong)/.test(threshold)) return formatPercent(actual, 3);
  return threshold.startsWith('rate') ? perSecond(actual) : ms(actual);
};

const selfCheckSection = (run: StressReport): Section => ({
  title: 'Plan and self-check',
  blocks: [
    {
      kind: 'definitions',
      entries: [
        ['plan', run.plan],
        [
          'generator',
          `busiest process ${formatPercent(run.verdict.busy, 0)} of a core, ${formatPercent(run.verdict.starved, 0)} of the time waiting for one`,
        ],
        [
          'service',
          run.verdict.service === null
            ? 'not on this machine, or not seen from this process'
            : `had something to do ${formatPercent(run.verdict.service, 0)} of the time`,
        ],
        [
          'lateness',
          run.verdict.latenessP99Ms === null
            ? 'a closed loop has no plan to be late for'
            : `1 request in 100 left more than ${ms(run.verdict.latenessP99Ms)} after its time`,
        ],
        ['steady', run.main.steadiness.sentence],
        ["Little's law", run.main.little.sentence],
        [
          'answers checked',
          run.main.summary.checked === 0
            ? 'by their status only'
            : `${formatNumber(run.main.summary.checked)} answers to known questions, 1 in 16 compared byte by byte, ${formatNumber(run.main.summary.wrong)} wrong`,
        ],
        [
          'machine',
          `${run.machine.cores} cores, ${formatNumber(run.machine.descriptors)} descriptors per process`,
        ],
      ],
    },
  ],
});
