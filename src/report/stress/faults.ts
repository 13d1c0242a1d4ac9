/**
 * What each fault cost, and how the service came back.
 */
import type { Cell, Section } from '../page.ts';
import { ms } from './figures.ts';
import type { StressReport } from './stress-report.ts';

export const faultSection = (run: StressReport): Section => ({
  title: 'Faults',
  blocks: [
    {
      kind: 'text',
      text: 'The hypothesis of each fault: the service was steady before, and is so again afterwards without help.',
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
        ms(fault.firstSuccessMs),
        ms(fault.longestGapMs),
        fault.recoveredMs === null ? 'not in the run' : ms(fault.recoveredMs),
        ms(fault.peakP99Ms),
        fault.socketsReopened,
        ms(fault.replacedInMs),
        ms(fault.readyInMs),
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
