/**
 * From which probability on to act, for the page of a trained model: precision, recall, alerts and costs.
 */
import { formatNumber, formatPercent } from '../format.ts';
import type { Block, Section } from '../page.ts';
import type { TrainingReport } from './training-report.ts';

export const thresholdSection = (report: TrainingReport): Section => {
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
        formatNumber(Number(one.costRatio.toPrecision(2))),
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
