/**
 * The sections of a stress report that only some runs have: capacity, ramp, faults, comparison.
 * Stands beside `stress-page`, which has those of every run.
 */
import { formatNumber, formatPercent } from './format.ts';
import type { Block, Cell, Section } from './page.ts';
import { capacityCharts, rampCharts } from './stress-charts.ts';
import { ms, perSecond } from './stress-figures.ts';
import type { StressComparison, StressReport } from './stress-report.ts';

export const capacitySection = (run: StressReport): Section => {
  const { usl, knee, trials } = run.capacity!;
  return {
    title: 'Capacity',
    blocks: [
      ...capacityCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
      ...(usl
        ? [
            {
              kind: 'text' as const,
              text: `Universal Scalability Law: ${usl.sentence}. One request alone: ${perSecond(usl.gamma)}; contention ${formatNumber(usl.alpha)}, coherency ${formatNumber(usl.beta)}; R² ${formatNumber(usl.r2)}.`,
            },
          ]
        : []),
      ...(knee ? [{ kind: 'text' as const, text: `Knee: ${knee.sentence}.` }] : []),
      {
        kind: 'table',
        caption: 'Every step of the search',
        header: [
          'step',
          'planned/s',
          'ok/s',
          'p50',
          'p99',
          'errors',
          'in flight',
          'generator busy',
        ],
        rows: trials.map((trial): Cell[] => [
          trial.name,
          trial.ratePerSecond === null ? null : Math.round(trial.ratePerSecond),
          Math.round(trial.throughputPerSecond),
          ms(trial.p50Ms),
          ms(trial.p99Ms),
          formatPercent(trial.errorShare, 2),
          Math.round(trial.inFlight * 10) / 10,
          formatPercent(trial.busy, 0),
        ]),
      },
    ],
  };
};

export const rampSection = (run: StressReport): Section => ({
  title: 'Open connections',
  blocks: [
    ...rampCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
    {
      kind: 'table',
      header: [
        'connections',
        'opened',
        'held p50',
        'held p99',
        'errors',
        'full tilt ok/s',
        'full tilt p99',
        'errors',
      ],
      rows: run.ramp!.steps.map((step): Cell[] => [
        step.planned,
        step.opened,
        ms(step.heldP50Ms),
        ms(step.heldP99Ms),
        formatPercent(step.heldErrorShare, 3),
        Math.round(step.fullPerSecond),
        ms(step.fullP99Ms),
        formatPercent(step.fullErrorShare, 3),
      ]),
    },
  ],
});

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
