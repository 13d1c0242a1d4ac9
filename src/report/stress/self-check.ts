/**
 * Whether a run can be believed: its plan, how busy the generator was, whether it was steady, what was checked.
 */
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
          run.main.summary.checked === 0
            ? 'by their status only'
            : `${formatNumber(run.main.summary.checked)} answers whose body is known, 1 in 16 compared byte by byte, ${formatNumber(run.main.summary.wrong)} wrong`,
        ],
        [
          'machine',
          `${run.machine.cores} cores, ${formatNumber(run.machine.descriptors)} descriptors per process`,
        ],
      ],
    },
  ],
});
