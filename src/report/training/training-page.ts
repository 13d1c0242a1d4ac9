/**
 * The page of a trained model: how good it is on days that it does not know, against what, and what it looks at.
 */
import type { Baseline, PartQuality } from '../../train/quality/evaluation.ts';
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Cell, type Section } from '../page.ts';
import { calibrationSection } from './calibration.ts';
import { learningCurveSection, rollingSection, tuningSection } from './learning-curve.ts';
import { TRAINING_GLOSSARY } from './glossary.ts';
import { thresholdSection } from './thresholds.ts';
import { skillOf, type TrainingReport } from './training-report.ts';
import { formatGain, nameOfBaseline, verdictOf } from './verdict.ts';

/** One self-contained HTML page. */
export const buildTrainingPage = (report: TrainingReport): string =>
  buildPage({
    title: `Delay model ${nameOf(report.model)}`,
    subtitle: subtitleOf(report),
    warnings: [
      ...(report.warnings ?? []),
      ...(report.splitKind === 'random'
        ? [
            'Split at random: flights of one day stand on both sides, so every figure below flatters the model. Compare only with other random splits; judge by a split in time.',
          ]
        : []),
    ],
    lead: [verdictBlock(report), factsBlock(report)],
    sections: [
      comparisonSection(report),
      calibrationSection(report),
      thresholdSection(report),
      importanceSection(report),
      partSection(report),
      rollingSection(report),
      learningCurveSection(report),
      tuningSection(report),
      dataSection(report),
      TRAINING_GLOSSARY,
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

const factsBlock = ({ test, rows, seconds, peakMemoryMb }: TrainingReport): Block => ({
  kind: 'facts',
  facts: [
    { label: 'AUC', value: test.auc.toFixed(4) },
    { label: 'Log loss', value: test.logLoss.toFixed(4) },
    { label: 'Brier score', value: test.brier.toFixed(4) },
    { label: 'Calibration error', value: formatPercent(test.ece, 2) },
    { label: 'Late in the test', value: formatPercent(test.baseRate) },
    { label: 'Flights used', value: rows.used, note: `of ${formatNumber(rows.read)} read` },
    { label: 'Time', value: `${seconds.toFixed(1)} s` },
    { label: 'Peak memory', value: `${peakMemoryMb.toFixed(0)} MB` },
  ],
});

const comparisonSection = ({ test, baselines, comparisons, heads }: TrainingReport): Section => {
  const row = (name: string, { auc, logLoss, brier }: Baseline): Cell[] => [
    name,
    auc.toFixed(4),
    logLoss.toFixed(4),
    brier.toFixed(4),
  ];
  const blocks: Block[] = [
    {
      kind: 'table',
      header: ['on the test flights', 'AUC', 'log loss', 'Brier'],
      rows: [
        row('model', test),
        ...Object.entries(baselines).map(([name, quality]) => row(nameOfBaseline(name), quality)),
      ],
    },
    {
      kind: 'table',
      caption:
        'What the model saves of the loss of each, with intervals of 95 % from resampled days: where an interval holds 0, chance could have made the difference.',
      header: ['against', 'days', 'log loss saved', 'Brier saved', 'AUC gained'],
      rows: comparisons.map(({ against, days, logLoss, brier, auc }) => [
        nameOfBaseline(against),
        days,
        formatGain(logLoss.value, logLoss.interval),
        formatGain(brier.value, brier.interval),
        formatGain(auc.value, auc.interval),
      ]),
    },
  ];
  if (heads && heads.length > 0) {
    blocks.push({
      kind: 'table',
      caption:
        'Its other answers, each by its own loss (log loss of a probability, pinball loss of a quantile)',
      header: ['answer', 'loss', 'loss of the constant', 'skill'],
      rows: heads.map(({ name, loss, baselineLoss }) => [
        name,
        loss.toFixed(4),
        baselineLoss.toFixed(4),
        formatPercent(skillOf(loss, baselineLoss)),
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
              .map(({ feature, meanAbsolute }) => ({ label: feature, value: meanAbsolute })),
          },
        ],
});

const partSection = (report: TrainingReport): Section => {
  const { byMonth = [], byAirline = [], byHour = [], worstSlices = [] } = report;
  return {
    title: 'Where it is better and worse',
    blocks: [
      partTable('month', byMonth),
      partTable('airline', byAirline),
      partTable('hour', byHour),
      partTable(
        'airline and hour',
        worstSlices,
        'Airlines at hours whose share of late flights is furthest from what was predicted, of those with a hundred flights or more. Of many such slices some are far off by chance: look at the interval.',
      ),
    ].flat(),
  };
};

const partTable = (what: string, parts: readonly PartQuality[], caption?: string): Block[] =>
  parts.length === 0
    ? []
    : [
        {
          kind: 'table',
          ...(caption === undefined ? {} : { caption }),
          header: [what, 'flights', 'late', 'predicted', 'late less predicted', 'AUC', 'log loss'],
          rows: parts.map(({ name, rows, baseRate, meanPrediction, gap, auc, logLoss }) => [
            name,
            rows,
            baseRate === null ? null : formatPercent(baseRate),
            meanPrediction === null ? null : formatPercent(meanPrediction),
            baseRate === null || meanPrediction === null
              ? null
              : formatGain(baseRate - meanPrediction, gap),
            auc === null ? null : auc.toFixed(3),
            logLoss === null ? null : logLoss.toFixed(4),
          ]),
        },
      ];

const dataSection = ({ rows, rejected = {}, split }: TrainingReport): Section => ({
  title: 'The flights',
  blocks: [
    {
      kind: 'table',
      header: ['flights', 'rows'],
      rows: [
        ['read', rows.read],
        ...Object.entries(rejected).map(([reason, n]): Cell[] => [`left out: ${reason}`, n]),
        ['used', rows.used],
      ],
    },
    {
      kind: 'table',
      header: ['part', 'days'],
      rows: Object.entries(split).map(([part, days]) => [part, days]),
    },
  ],
});
