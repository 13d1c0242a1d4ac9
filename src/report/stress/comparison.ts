/**
 * A run beside an earlier one, what moved and by how much more than noise.
 */
import type { ComparisonReport } from '../../stress/results/compare.ts';
import { formatPercent } from '../format.ts';
import type { Cell, Section } from '../page.ts';

/** An earlier run beside this one. */
export interface StressComparison extends ComparisonReport {
  readonly earlierStartedAt: string;
}

export const comparisonSection = (comparison: StressComparison): Section => ({
  title: 'Compared with an earlier run',
  blocks: [
    {
      kind: 'verdict',
      tone: comparison.regressed ? 'bad' : 'good',
      text: `${comparison.sentence}, against ${comparison.earlierStartedAt.slice(0, 16).replace('T', ' ')} UTC`,
    },
    {
      kind: 'table',
      header: ['', 'before', 'after', 'worse by', 'noise', ''],
      rows: comparison.changes.map((change): Cell[] => [
        change.metric,
        change.before,
        change.after,
        formatPercent(change.worse),
        formatPercent(change.noise),
        change.regressed ? 'REGRESSED' : '',
      ]),
    },
  ],
});
