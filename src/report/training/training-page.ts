/**
 * The page of a trained model: how good it is on days that it does not know, against what, and what it looks at.
 */
import { sentenceOfColumns } from '../../core/flight.ts';
import { describeDays } from '../../core/known-days.ts';
import type { Baseline, PartQuality } from '../../train/quality/evaluation.ts';
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Cell, type Section } from '../page.ts';
import { calibrationSection } from './calibration.ts';
import { dependenceSection } from './dependence.ts';
import { driftSection } from './drift.ts';
import { wordsOfFeature } from './feature-names.ts';
import { glossaryOf } from './glossary.ts';
import { learningCurveSection, rollingSection, tuningSection } from './learning-curve.ts';
import { thresholdSection } from './thresholds.ts';
import type { TrainingReport } from './training-report.ts';
import {
  DAYS_UNKNOWN,
  formatGain,
  formatPercentPoints,
  formatPoints,
  formatShare,
  nameOfBaseline,
  verdictOf,
} from './verdict.ts';

/** One self-contained HTML page. */
export const buildTrainingPage = (report: TrainingReport): string =>
  buildPage({
    title: report.joinedBy
      ? 'Predictions, and what happened'
      : `Delay model ${nameOf(report.model)}`,
    subtitle: subtitleOf(report),
    warnings: [
      ...(report.warnings ?? []),
      ...(report.splitKind === 'random'
        ? [
            'Split at random: flights of one day stand on both sides, so every figure below flatters the model. Compare only with other random splits; judge by a split in time.',
          ]
        : []),
    ],
    lead: [verdictBlock(report), ...splitBlocks(report), factsBlock(report)],
    sections: [
      comparisonSection(report),
      calibrationSection(report),
      thresholdSection(report),
      importanceSection(report),
      dependenceSection(report),
      partSection(report),
      driftSection(report),
      rollingSection(report),
      learningCurveSection(report),
      tuningSection(report),
      dataSection(report),
      glossaryOf(report),
    ].filter((section) => section.blocks.length > 0),
  });

/** `flights` of `models/flights/0001/model.safetensors`; any other path as it is. */
const nameOf = (path: string): string =>
  /([^/\\]+)[/\\][^/\\]+[/\\]model\.safetensors$/.exec(path)?.[1] ?? path;

const subtitleOf = (report: TrainingReport): string =>
  [
    report.version ? `version ${report.version}` : '',
    report.model,
    report.files?.join(', ') ?? '',
    report.dialect ? `dialect ${report.dialect}` : '',
    report.lateMinutes
      ? `late = ${report.target ?? 'arrival'} at least ${report.lateMinutes} min behind schedule`
      : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');

const verdictBlock = (report: TrainingReport): Block => ({ kind: 'verdict', ...verdictOf(report) });

/** What each part of the days is for. */
const PURPOSES: Readonly<Record<string, string>> = {
  train: 'trees are grown on it, to find how many there should be',
  validation: 'decides how many trees there are',
  calibration: 'turns scores into probabilities',
  test: 'judges the model: every figure here comes from it',
};

/** Which days are learned from and which judge, and how many of their flights were late. */
const splitBlocks = (report: TrainingReport): Block[] => {
  const { split, test, partRates } = report;
  const rates: Readonly<Record<string, { readonly rows: number; readonly baseRate: number }>> = {
    ...partRates,
    test,
  };
  const parts = Object.keys(PURPOSES).filter((part) => split[part] !== undefined);
  const rows =
    report.joinedBy || report.seen
      ? measuredRows(report)
      : parts.map((part): Cell[] => [
          part,
          daysOf(split[part]!),
          rates[part]?.rows ?? null,
          rates[part] ? formatPercent(rates[part].baseRate) : null,
          PURPOSES[part]!,
        ]);
  const after = afterSplit(report);
  return [
    { kind: 'table', isStacked: true, header: ['part', 'days', 'flights', 'late', ''], rows },
    ...(after === '' ? [] : [{ kind: 'text' as const, text: after }]),
  ];
};

const daysOf = (range: string): string => range.replaceAll('..', ' to ');

/** Of a stored model: what it learned from, and what it is measured on. */
const measuredRows = ({ learnedFrom = [], split, test }: TrainingReport): Cell[][] => [
  ...learnedFrom.map(({ name, days, rows, baseRate }): Cell[] => [
    'learned from',
    days === null ? 'not said' : daysOf(days),
    rows,
    baseRate === null ? null : formatPercent(baseRate),
    `what ${name} knows`,
  ]),
  [
    'measured on',
    daysOf(split['test'] ?? ''),
    test.rows,
    formatPercent(test.baseRate),
    'every figure here comes from it',
  ],
];

/** Which model is judged, and which is stored. */
const afterSplit = ({ refit, isRelearned, splitKind, joinedBy, seen }: TrainingReport): string => {
  if (joinedBy)
    return seen ? '' : `${DAYS_UNKNOWN.charAt(0).toUpperCase()}${DAYS_UNKNOWN.slice(1)}.`;
  const again = isRelearned
    ? `Then as many trees are grown again from all flights ${splitKind === 'random' ? 'outside' : 'before'} the test: that model is judged.`
    : '';
  const stored = refit
    ? `Afterwards it was trained again on all ${formatNumber(refit.rows)} flights (${daysOf(describeDays(refit))}) in ${refit.seconds.toFixed(1)} s. That model is the one stored; every figure here is of the model before it, which has not seen the test days.`
    : '';
  return [again, stored].filter((text) => text !== '').join(' ');
};

const factsBlock = ({ test, rows, seconds, peakMemoryMb }: TrainingReport): Block => ({
  kind: 'facts',
  facts: [
    { label: 'AUC', value: test.auc.toFixed(4) },
    { label: 'Log loss', value: test.logLoss.toFixed(4) },
    { label: 'Brier score', value: test.brier.toFixed(4) },
    { label: 'Calibration error', value: formatPercent(test.ece, 2) },
    { label: 'Flights used', value: rows.used, note: `of ${formatNumber(rows.read)} read` },
    { label: 'Time', value: `${seconds.toFixed(1)} s` },
    { label: 'Peak memory', value: `${peakMemoryMb.toFixed(0)} MB` },
  ],
});

const comparisonSection = (report: TrainingReport): Section => {
  const { test, baselines, comparisons, heads, against: rival } = report;
  const who = report.joinedBy ? 'forecast' : 'model';
  const row = (name: string, { auc, logLoss, brier }: Baseline): Cell[] => [
    name,
    auc.toFixed(4),
    logLoss.toFixed(4),
    brier.toFixed(4),
  ];
  const quality: Block = {
    kind: 'table',
    caption: report.seen || report.joinedBy ? 'On these flights' : 'On the test flights',
    isStacked: true,
    header: ['forecast by', 'AUC', 'log loss', 'Brier'],
    rows: [
      row(`the ${who}`, test),
      ...Object.entries(baselines).map(([name, one]) => row(nameOfBaseline(name), one)),
      ...(rival ? [row(rival.name, rival)] : []),
    ],
  };
  const gains: Block = {
    kind: 'table',
    isStacked: true,
    caption: `How much lower the loss of the ${who} is than that of each, with 95 % intervals from resampled days: where an interval includes 0, the difference may be chance.`,
    header: ['against', 'days', 'log loss saved', 'Brier saved', 'AUC gained'],
    rows: comparisons.map(({ against, days, logLoss, brier, auc }) => [
      nameOfBaseline(against),
      days,
      formatGain(logLoss.value, logLoss.interval),
      formatGain(brier.value, brier.interval),
      formatPoints(auc.value, auc.interval),
    ]),
  };
  const blocks: Block[] = [{ kind: 'beside', isSecondWider: true, blocks: [quality, gains] }];
  if (heads && heads.length > 0) {
    blocks.push({
      kind: 'table',
      isStacked: true,
      caption:
        'Its other outputs, each by its own loss (log loss of a probability, pinball loss of a quantile), beside a constant, which is the same answer for every flight; for a quantile also the share of test flights that were at most that late, which should be its level.',
      header: ['output', 'loss', 'loss of a constant', 'saved', 'covered'],
      rows: heads.map(({ name, loss, baselineLoss, saved, coverage }) => [
        name,
        loss.toFixed(4),
        baselineLoss.toFixed(4),
        formatGain(saved.value, saved.interval),
        coverage === undefined ? null : formatShare(coverage.value, coverage.interval),
      ]),
    });
  }
  return { title: 'Against simpler models', blocks };
};

const MAX_IMPORTANCES = 25;

const importanceSection = ({ importance = [], importanceRows }: TrainingReport): Section => ({
  title: 'What it looks at',
  blocks:
    importance.length === 0
      ? []
      : [
          {
            kind: 'bars',
            caption: `Mean absolute SHAP value over ${importanceRows === undefined ? '' : `${formatNumber(importanceRows)} `}test flights, evenly spaced, in log-odds`,
            label: 'feature',
            value: 'mean |SHAP|',
            rows: [...importance]
              .sort((a, b) => b.meanAbsolute - a.meanAbsolute)
              .slice(0, MAX_IMPORTANCES)
              .map(({ feature, meanAbsolute }) => ({
                label: wordsOfFeature(feature),
                value: Number(meanAbsolute.toFixed(3)),
                ...(wordsOfFeature(feature) === feature ? {} : { note: feature }),
              })),
          },
        ],
});

const partSection = (report: TrainingReport): Section => {
  const { byMonth = [], byAirline = [], byHour = [], worstSlices = [] } = report;
  return {
    title: 'Where it is better and worse',
    blocks: [
      hourChart(byHour),
      beside([...partTable('hour', byHour), ...partTable('airline', byAirline)]),
      beside([
        ...partTable('month', byMonth),
        ...partTable(
          'airline and hour',
          worstSlices,
          'Airlines at hours whose share of late flights is furthest from what was predicted, of those with a hundred flights or more. Of many such slices some are far off by chance: look at the interval.',
        ),
      ]),
    ].flat(),
  };
};

const beside = (blocks: readonly Block[]): Block[] =>
  blocks.length === 0 ? [] : [{ kind: 'beside', blocks }];

/** From the first hour with flights to the last. */
const hourChart = (byHour: readonly PartQuality[]): Block[] => {
  const known = byHour.filter(({ baseRate }) => baseRate !== null);
  if (known.length < 2) return [];
  const hours = known.map(({ name }) => Number(name));
  return [
    {
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Late and predicted by hour of the scheduled departure',
        x: { label: 'hour' },
        y: { label: '% of flights', fromZero: true },
        series: [
          {
            label: 'late, %',
            style: 'line',
            x: hours,
            y: known.map(({ baseRate }) => 100 * baseRate!),
          },
          {
            label: 'predicted, %',
            style: 'dashed',
            x: hours,
            y: known.map(({ meanPrediction }) => 100 * meanPrediction!),
          },
        ],
      },
    },
  ];
};

const partTable = (what: string, parts: readonly PartQuality[], caption?: string): Block[] =>
  parts.length === 0
    ? []
    : [
        {
          kind: 'table',
          caption: caption ?? `By ${what}; the gap is late less predicted, with its 95 % interval`,
          isStacked: true,
          header: [what, 'flights', 'late', 'predicted', 'gap, points', 'AUC', 'log loss'],
          rows: parts.map(({ name, rows, baseRate, meanPrediction, gap, auc, logLoss }) => [
            name,
            rows,
            baseRate === null ? null : formatPercent(baseRate),
            meanPrediction === null ? null : formatPercent(meanPrediction),
            baseRate === null || meanPrediction === null
              ? null
              : formatPercentPoints(baseRate - meanPrediction, gap),
            auc === null ? null : auc.toFixed(3),
            logLoss === null ? null : logLoss.toFixed(4),
          ]),
        },
      ];

const dataSection = ({
  rows,
  rejected = {},
  unusedColumns = [],
  joinedBy,
  notPredicted = 0,
}: TrainingReport): Section => ({
  title: 'The flights',
  blocks: [
    ...(joinedBy === undefined
      ? []
      : [
          {
            kind: 'text',
            text: `Predictions were joined with their flights by ${joinedBy.join(', ')}. ${formatNumber(notPredicted)} flights of the outcomes were not predicted.`,
          } as const,
        ]),
    ...(unusedColumns.length === 0
      ? []
      : [{ kind: 'text', text: `Not used: ${sentenceOfColumns(unusedColumns)}` } as const]),
    {
      kind: 'table',
      header: [joinedBy ? 'predictions' : 'flights', 'rows'],
      rows: [
        ['read', rows.read],
        ...Object.entries(rejected).map(([reason, n]): Cell[] => [`left out: ${reason}`, n]),
        ['used', rows.used],
      ],
    },
  ],
});
