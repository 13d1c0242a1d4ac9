/**
 * What each fault cost, and how the service came back.
 */
import type { RunFile } from '../../stress/results/run-file.ts';
import { formatMs } from '../format.ts';
import type { Cell, Section } from '../page.ts';

export const faultSection = (run: RunFile): Section => ({
  title: 'Faults',
  blocks: [
    {
      kind: 'text',
      text: 'The hypothesis behind each fault: the service was steady before, and is steady again afterwards without help.',
    },
    {
      kind: 'table',
      header: [
        'fault',
        'steady before',
        'lost',
        'wrong',
        'first success',
        'longest gap',
        'recovered in',
        'worst p99',
        'opened again',
        'replaced in',
        'ready in',
        'restarts',
      ],
      rows: run.faults!.map((fault): Cell[] => [
        fault.fault,
        fault.steadyBefore ? 'yes' : 'no',
        fault.requestsLost,
        fault.wrongAnswers,
        formatMs(fault.firstSuccessMs),
        formatMs(fault.longestGapMs),
        fault.recoveredMs === null ? 'not in the run' : formatMs(fault.recoveredMs),
        formatMs(fault.peakP99Ms),
        fault.socketsReopened,
        formatMs(fault.replacedInMs),
        formatMs(fault.readyInMs),
        fault.restarts,
      ]),
    },
    {
      kind: 'definitions',
      entries: run.faults!.map(
        (fault) => [fault.fault, `${fault.what}. ${fault.notes.join('; ')}.`] as const,
      ),
    },
  ],
});
