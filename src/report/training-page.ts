/**
 * The page of a trained model: how good it is on flights it never saw, against what, and what it looks at.
 * Stands on `page`; takes the plain JSON of a training report, so it knows nothing of `train/`.
 */
import type { Chart } from './charts.ts';
import { formatNumber, formatPercent } from './format.ts';
import { type Block, buildPage, type Cell, type Section } from './page.ts';
import { learningOf, rollingOf, trialsOf } from './training-course.ts';
import { type Part, skillOf, type TrainingReport } from './training-report.ts';

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
    lead: [verdictOf(report), factsOf(report)],
    sections: [
      comparisonOf(report),
      calibrationOf(report),
      thresholdsOf(report),
      importanceOf(report),
      partsOf(report),
      rollingOf(report),
      learningOf(report),
      trialsOf(report),
      dataOf(report),
      DEFINITIONS,
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

const verdictOf = ({ test, baselines }: TrainingReport): Block => {
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

const factsOf = ({ test, rows, seconds, peakMemoryMb }: TrainingReport): Block => ({
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

const comparisonOf = ({ test, baselines, heads }: TrainingReport): Section => {
  const hasBrier = Object.values(baselines).some((quality) => quality.brier !== undefined);
  const row = (name: string, quality: { auc: number; logLoss: number; brier?: number }): Cell[] => {
    const { auc, logLoss, brier } = quality;
    const isModel = quality === test;
    const cells = [
      name,
      auc.toFixed(4),
      logLoss.toFixed(4),
      isModel ? null : formatPercent(skillOf(test.logLoss, logLoss)),
    ];
    if (!hasBrier) return cells;
    const brierText = brier === undefined ? null : brier.toFixed(4);
    const skill = isModel || brier === undefined ? null : formatPercent(skillOf(test.brier, brier));
    return [...cells, brierText, skill];
  };
  const header = ['on the test flights', 'AUC', 'log loss', 'the model’s skill'];
  const blocks: Block[] = [
    {
      kind: 'table',
      header: hasBrier ? [...header, 'Brier', 'the model’s Brier skill'] : header,
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

const calibrationOf = ({ reliability }: TrainingReport): Section => {
  if (!reliability || reliability.length === 0) return { title: '', blocks: [] };
  const predicted = reliability.map((bin) => bin.predicted);
  const most = Math.max(...predicted, ...reliability.map((bin) => bin.observed));
  const chart: Chart = {
    kind: 'line',
    title: 'Reliability: of flights that were given this probability, how many were late',
    x: { label: 'predicted probability' },
    y: { label: 'share that was late' },
    series: [
      {
        label: 'observed',
        style: 'points',
        x: predicted,
        y: reliability.map((bin) => bin.observed),
      },
      { label: 'perfect', style: 'dashed', x: [0, most], y: [0, most], colour: 5 },
    ],
  };
  return {
    title: 'Can the probabilities be taken at their word?',
    blocks: [
      { kind: 'chart', chart },
      {
        kind: 'table',
        header: ['predicted', 'observed', 'flights'],
        rows: reliability.map((bin) => [
          formatPercent(bin.predicted),
          formatPercent(bin.observed),
          bin.rows,
        ]),
      },
    ],
  };
};

const thresholdsOf = (report: TrainingReport): Section => {
  const { precisionRecall = [], thresholds = [], threshold, costThreshold } = report;
  const blocks: Block[] = [];
  if (precisionRecall.length > 0) {
    const at = precisionRecall.map((point) => point.threshold);
    const marks = [
      ...(threshold === undefined ? [] : [{ at: threshold, label: 'in use' }]),
      ...(costThreshold === undefined ? [] : [{ at: costThreshold, label: 'suits the costs' }]),
    ];
    blocks.push({
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Precision and recall by threshold',
        x: { label: 'called delayed from this probability on' },
        y: { label: 'share', range: [0, 1] },
        series: [
          { label: 'precision', style: 'line', x: at, y: precisionRecall.map((p) => p.precision) },
          { label: 'recall', style: 'dashed', x: at, y: precisionRecall.map((p) => p.recall) },
        ],
        marks,
        limits: [{ at: report.test.baseRate, label: 'precision of a guess' }],
      },
    });
    const byRecall = [...precisionRecall].sort((a, b) => a.recall - b.recall);
    blocks.push({
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Precision against recall',
        x: { label: 'recall', range: [0, 1] },
        y: { label: 'precision', range: [0, 1] },
        series: [
          {
            label: 'precision',
            style: 'line',
            x: byRecall.map((p) => p.recall),
            y: byRecall.map((p) => p.precision),
          },
        ],
        limits: [{ at: report.test.baseRate, label: 'a guess' }],
      },
    });
  }
  if (thresholds.length > 0) {
    blocks.push({
      kind: 'table',
      caption:
        'A threshold suits the costs: act when the probability exceeds what acting in vain costs, as a share of what acting in vain and a missed late flight cost together.',
      header: ['from', 'precision', 'recall', 'alerts a day', 'in vain costs, of a miss', ''],
      rows: thresholds.map((one) => [
        formatPercent(one.threshold),
        formatPercent(one.precision),
        formatPercent(one.recall),
        formatNumber(Math.round(one.alertsPerDay)),
        one.costRatio === undefined ? null : formatNumber(Number(one.costRatio.toPrecision(2))),
        [
          one.threshold === threshold ? 'in use' : '',
          one.threshold === costThreshold ? 'suits the costs given' : '',
        ]
          .filter((word) => word !== '')
          .join(', '),
      ]),
    });
  }
  return { title: 'When to act', blocks };
};

const IMPORTANCES_AT_MOST = 25;

const importanceOf = ({ importance = [] }: TrainingReport): Section => ({
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
              .slice(0, IMPORTANCES_AT_MOST)
              .map(({ feature, meanAbsolute }) => ({ label: feature, value: meanAbsolute })),
          },
        ],
});

const partsOf = ({ byMonth = [], byAirline = [] }: TrainingReport): Section => ({
  title: 'Where it is better and worse',
  blocks: [partTable('month', byMonth), partTable('airline', byAirline)].flat(),
});

const partTable = (what: string, parts: readonly Part[]): Block[] =>
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

const dataOf = ({ rows, rejected = {}, split }: TrainingReport): Section => ({
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

const DEFINITIONS: Section = {
  title: 'Words',
  blocks: [
    {
      kind: 'definitions',
      entries: [
        [
          'AUC',
          'The chance that a late flight is ranked above a punctual one; 0.5 is a guess, 1 is perfect.',
        ],
        [
          'Log loss',
          'Mean of −ln of the probability that was given to what happened; lower is better.',
        ],
        [
          'Brier score',
          'Mean squared distance between the probability and what happened (0 or 1); lower is better.',
        ],
        [
          'Skill',
          'The share of a baseline’s loss that the model takes away; 0 is no better, 100 % is perfect.',
        ],
        [
          'Calibration error (ECE)',
          'Mean distance between what was predicted and what happened, over bins of equal counts.',
        ],
        ['Precision', 'Of the flights that were called delayed, the share that was late.'],
        ['Recall', 'Of the flights that were late, the share that was called delayed.'],
        [
          'Climatology',
          'The rate of late flights of that airline at that hour in the training days, drawn towards the mean where flights are few.',
        ],
        [
          'Split in time',
          'Whole days, oldest first: train, early stopping (validation), calibration, test. The model never sees a day that is not before the ones it is judged on.',
        ],
      ],
    },
  ],
};
