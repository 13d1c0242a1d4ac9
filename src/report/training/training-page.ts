/**
 * The page of a trained model: how good it is on days that it does not know, against what, and what it looks at.
 */
import type { Baseline, PartQuality } from '../../train/quality/evaluation.ts';
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Cell, type Section } from '../page.ts';
import { sentenceOfColumns } from './columns.ts';
import { calibrationSection } from './calibration.ts';
import { learningCurveSection, rollingSection, tuningSection } from './learning-curve.ts';
import { wordsOfFeature } from './feature-names.ts';
import { TRAINING_GLOSSARY } from './glossary.ts';
import { thresholdSection } from './thresholds.ts';
import type { TrainingReport } from './training-report.ts';
import { formatGain, formatPoints, formatShare, nameOfBaseline, verdictOf } from './verdict.ts';

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
    lead: [verdictBlock(report), splitBlock(report), factsBlock(report)],
    sections: [
      comparisonSection(report),
      calibrationSection(report),
      thresholdSection(report),
      importanceSection(report),
      partSection(report),
      driftSection(report),
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

/** Which days are learned from and which judge. */
const splitBlock = ({ split, test, refit, seen }: TrainingReport): Block => {
  const days = (part: string): string => (split[part] ?? '–').replace('..', ' to ');
  const parts = ['train', 'validation', 'calibration'].filter((part) => split[part] !== undefined);
  const again = refit
    ? ` After that it was learned again from all ${formatNumber(refit.rows)} flights (${refit.days.replace('..', ' to ')}) in ${refit.seconds.toFixed(1)} s: that model is stored, and every figure here is of the one before, which does not know the test days.`
    : '';
  const known = seen?.days
    ? ` The model knows the days ${seen.days.replace('..', ' to ')}.`
    : parts.length > 0
      ? ` Learned from ${parts.map((part) => `${days(part)} (${part})`).join(', ')}.`
      : '';
  return {
    kind: 'text',
    text: `Test: ${days('test')}, ${formatNumber(test.rows)} flights, ${formatPercent(test.baseRate)} of them late.${known}${again}`,
  };
};

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
        formatPoints(auc.value, auc.interval),
      ]),
    },
  ];
  if (heads && heads.length > 0) {
    blocks.push({
      kind: 'table',
      caption:
        'Its other answers, each by its own loss (log loss of a probability, pinball loss of a quantile), beside the same answer for every flight; of a quantile also the share of test flights that were at most so late, which should be its level.',
      header: ['answer', 'loss', 'of the constant', 'saved', 'covered'],
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
                value: meanAbsolute,
              })),
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

const driftSection = ({ drift = [] }: TrainingReport): Section => ({
  title: 'How the inputs have moved',
  blocks:
    drift.length === 0
      ? []
      : [
          {
            kind: 'table',
            caption:
              'Population stability index against the flights that the model knows, less what samples of these sizes differ by on average; from 0.1 moderate, from 0.25 strong.',
            header: ['input', 'index', 'drift'],
            rows: drift.map(({ input, psi, level }) => [input, psi.toFixed(3), level]),
          },
        ],
});

const dataSection = ({
  rows,
  rejected = {},
  split,
  unusedColumns = [],
}: TrainingReport): Section => ({
  title: 'The flights',
  blocks: [
    ...(unusedColumns.length === 0
      ? []
      : [{ kind: 'text', text: `Not used: ${sentenceOfColumns(unusedColumns)}` } as const]),
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
