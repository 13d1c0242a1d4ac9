/**
 * Whether a run can be believed: its plan, how busy the generator was, whether it was steady, what was checked.
 */
import type { Summary } from '../../stress/analysis/summary.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import { formatMs, formatNumber, formatPercent } from '../format.ts';
import type { Section } from '../page.ts';

export const selfCheckSection = (run: RunFile): Section => ({
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
            : `1 request in 100 left more than ${formatMs(run.verdict.latenessP99Ms)} after its time`,
        ],
        ['steady', run.main.steadiness.sentence],
        ["Little's law", run.main.little.sentence],
        [
          'answers checked',
          run.main.summary.checked === 0 ? 'by their status only' : checkedText(run.main.summary),
        ],
        ...(run.main.summary.unsolicited > 0
          ? [
              [
                'bytes that answered no request',
                `${formatNumber(run.main.summary.unsolicited)} times: answers may have reached the wrong requests`,
              ] as const,
            ]
          : []),
        [
          'machine',
          `${run.machine.cores} cores, ${formatNumber(run.machine.descriptors)} descriptors per process`,
        ],
      ],
    },
  ],
});

const checkedText = ({ checked, compared, wrong, wrongEstimate }: Summary): string =>
  wrongEstimate === null || compared >= checked
    ? `${formatNumber(checked)} answers looked at, ${formatNumber(wrong)} wrong`
    : `${formatNumber(compared)} of ${formatNumber(checked)} answers looked at, chosen at random, ${formatNumber(wrong)} wrong: about ${formatNumber(wrongEstimate.count)} of all (${formatNumber(wrongEstimate.low)} to ${formatNumber(wrongEstimate.high)} with 95 %)`;
