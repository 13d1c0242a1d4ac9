/**
 * The page of a trained model: how good it is on flights it never saw, against what, and what it looks at.
 */
import type { Baseline, PartQuality } from '../../train/quality/evaluation.ts';
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Cell, type Section } from '../page.ts';
import { calibrationSection } from './calibration.ts';
import { learningCurveSection, rollingSection, tuningSection } from './learning-curve.ts';
import { TRAINING_GLOSSARY } from './glossary.ts';
import { thresholdSection } from './thresholds.ts';
import { skillOf, type TrainingReport } from './training-report.ts';

const BASELINE_NAMES: Readonly<Record<string, string>> = {
  climatology: 'climatology (airline × hour)',
  logistic: 'logistic regression',
};

/** One self-contained HTML page. */
export const buildTrainingPage = (report: TrainingReport): string =>
  buildPage({
    title: `Delay model ${nameOf(report.model)}`,
    subtitle: subtitleOf(report),
    warnings:
      report.splitKind === 'random'
        ? [
            'Split at random: flights of one day stand on both sides, so every figure below flatters the model. Compare only with other random splits; judge by a split in time.',
          ]
        : [],
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

const verdictBlock = ({ test, baselines }: TrainingReport): Block => {
  const beaten = Object.entries(baselines).map(([name, baseline]) => ({
    name: BASELINE_NAMES[name] ?? name,
    isBeaten: test.logLoss < baseline.logLoss && test.auc > baseline.auc,
    skill: skillOf(test.logLoss, baseline.logLoss),
    auc: test.auc - baseline.auc,
  }));
  const words = beaten.map(
    ({ name, isBeaten, skill, auc }) =>
      `${isBeaten ? 'beats' : 'does not beat'} ${name} (log loss ${skill >= 0 ? '−' : '+'}${formatPercent(Math.abs(skill))}, AUC ${auc >= 0 ? '+' : '−'}${Math.abs(auc).toFixed(3)})`,
  );
  return {
    kind: 'verdict',
    tone: beaten.every(({ isBeaten }) => isBeaten) ? 'good' : 'bad',
    text: `On ${formatNumber(test.rows)} newest flights that it never saw, the model ${words.join(' and ')}.`,
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

const comparisonSection = ({ test, baselines, heads }: TrainingReport): Section => {
  const hasBaselines = Object.keys(baselines).length > 0;
  const row = (name: string, quality: Baseline): Cell[] => {
    const { auc, logLoss, brier } = quality;
    const skill = (loss: number, baseline: number): Cell =>
      quality === test ? null : formatPercent(skillOf(loss, baseline));
    const cells = [name, auc.toFixed(4), logLoss.toFixed(4), skill(test.logLoss, logLoss)];
    return hasBaselines ? [...cells, brier.toFixed(4), skill(test.brier, brier)] : cells;
  };
  const header = ['on the test flights', 'AUC', 'log loss', 'the model’s skill'];
  const blocks: Block[] = [
    {
      kind: 'table',
      header: hasBaselines ? [...header, 'Brier', 'the model’s Brier skill'] : header,
      rows: [
        row('model', test),
        ...Object.entries(baselines).map(([name, quality]) =>
          row(BASELINE_NAMES[name] ?? name, quality),
        ),
      ],
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

const importanceSection = ({ importance = [] }: TrainingReport): Section => ({
  title: 'What it looks at',
  blocks:
    importance.length === 0
      ? []
      : [
          {
            kind: 'bars',
            caption: 'Mean absolute SHAP value over test flights, in log-odds',
            label: 'feature',
            value: 'mean |SHAP|',
            rows: [...importance]
              .sort((a, b) => b.meanAbsolute - a.meanAbsolute)
              .slice(0, MAX_IMPORTANCES)
              .map(({ feature, meanAbsolute }) => ({ label: feature, value: meanAbsolute })),
          },
        ],
});

const partSection = ({ byMonth = [], byAirline = [] }: TrainingReport): Section => ({
  title: 'Where it is better and worse',
  blocks: [partTable('month', byMonth), partTable('airline', byAirline)].flat(),
});

const partTable = (what: string, parts: readonly PartQuality[]): Block[] =>
  parts.length === 0
    ? []
    : [
        {
          kind: 'table',
          header: [what, 'flights', 'late', 'predicted', 'AUC', 'log loss'],
          rows: parts.map((part) => [
            part.name,
            part.rows,
            formatPercent(part.baseRate),
            formatPercent(part.meanPrediction),
            part.auc === null ? null : part.auc.toFixed(3),
            part.logLoss.toFixed(4),
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
