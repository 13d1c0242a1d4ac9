/**
 * From which probability on to act, for the page of a trained model: precision, recall, alerts and costs.
 */
import { formatNumber, formatPercent } from '../format.ts';
import type { Chart } from '../charts.ts';
import type { Block, Section } from '../page.ts';
import type { TrainingReport } from './training-report.ts';

export const thresholdSection = (report: TrainingReport): Section => {
  const { precisionRecall = [], thresholds = [], threshold, costThreshold } = report;
  const blocks: Block[] = [];
  if (precisionRecall.length > 0) {
    const at = precisionRecall.map((point) => 100 * point.threshold);
    const marks = [
      ...(threshold === undefined ? [] : [{ at: 100 * threshold, label: 'in use' }]),
      ...(costThreshold === undefined
        ? []
        : [{ at: 100 * costThreshold, label: 'suits the costs' }]),
    ];
    const guess = 100 * report.test.baseRate;
    const byThreshold: Chart = {
      kind: 'line',
      title: 'Precision and recall by threshold',
      x: { label: 'called delayed from this probability on, %' },
      y: { label: '%', range: [0, 100] },
      series: [
        {
          label: 'precision, %',
          style: 'line',
          x: at,
          y: precisionRecall.map((p) => 100 * p.precision),
        },
        {
          label: 'recall, %',
          style: 'dashed',
          x: at,
          y: precisionRecall.map((p) => 100 * p.recall),
        },
      ],
      marks,
      limits: [{ at: guess, label: 'precision of a guess' }],
    };
    const byRecall = [...precisionRecall].sort((a, b) => a.recall - b.recall);
    const nearest = precisionRecall.find(
      (p) => threshold !== undefined && p.threshold >= threshold,
    );
    const againstRecall: Chart = {
      kind: 'line',
      title: 'Precision against recall',
      x: { label: 'recall, %', range: [0, 100] },
      y: { label: 'precision, %', range: [0, 100] },
      series: [
        {
          label: 'precision, %',
          style: 'line',
          x: byRecall.map((p) => 100 * p.recall),
          y: byRecall.map((p) => 100 * p.precision),
        },
      ],
      ...(nearest && { restAt: 100 * nearest.recall }),
      limits: [{ at: guess, label: 'a guess' }],
    };
    blocks.push({
      kind: 'beside',
      blocks: [
        { kind: 'chart', chart: byThreshold },
        { kind: 'chart', chart: againstRecall },
      ],
    });
  }
  if (thresholds.length > 0) {
    blocks.push({
      kind: 'table',
      isStacked: true,
      caption:
        'Which threshold is right follows from the costs: act when the probability exceeds the cost of a false alarm, divided by the costs of a false alarm and of a missed late flight together.',
      header: ['from', 'precision', 'recall', 'alerts a day', 'false alarm costs, of a miss', ''],
      rows: thresholds.map((one) => [
        formatPercent(one.threshold),
        formatPercent(one.precision),
        formatPercent(one.recall),
        formatNumber(Math.round(one.alertsPerDay)),
        formatPercent(one.costRatio, 0),
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
