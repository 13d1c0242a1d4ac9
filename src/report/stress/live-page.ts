/**
 * The page of a run that is under way: the same charts as in its report, what was planned beside what was answered, the
 * error that comes most often. It is sent anew every second.
 */
import type { Window } from '../../stress/coordinator/window.ts';
import type { RunHead } from '../../stress/results/run-file.ts';
import { formatMs, formatNumber, formatPercent, formatPerSecond } from '../format.ts';
import type { Block, Page } from '../page.ts';
import { type TimedRun, timeCharts } from './timeline.ts';

/** What is known of a run that is under way. */
export interface LiveRun extends TimedRun {
  readonly head: RunHead | undefined;
  /** The step that runs: its name and load. */
  readonly step: string;
  /** Where the run is, such as `12 of 30 s`. */
  readonly progress: string;
  readonly nPlanned: number;
  readonly nOk: number;
  readonly nErrors: number;
  readonly reasons: readonly (readonly [reason: string, count: number])[];
  /** How many seconds ago the last good answer came, of the last seconds in which any was owed. */
  readonly silentSeconds: number;
  /** What happened: faults, steps of a search. */
  readonly events: readonly string[];
}

/** Above this share of errors a run is not called good. */
const MANY_ERRORS = 0.01;
const MAX_EVENTS = 8;
const MAX_REASONS = 5;

export const livePage = (run: LiveRun): Page => {
  const { head } = run;
  return {
    title: head ? `Under way: ${new URL(head.url).host}` : 'Under way',
    ...(head ? { subtitle: `${head.payload}. ${head.plan}` } : {}),
    lead: [
      ...(head ? [{ kind: 'text' as const, text: `${head.load}.` }] : []),
      { kind: 'text', text: [run.step, run.progress].filter((text) => text !== '').join(', ') },
      stateBlock(run),
      { kind: 'facts', facts: factsOf(run) },
      ...listOf('Must hold at the end', run.slo),
      ...listOf(
        'What failed',
        run.reasons
          .slice(0, MAX_REASONS)
          .map(([reason, count]) => `${reason}: ${formatNumber(count)}`),
      ),
      ...listOf('What happened', run.events.slice(-MAX_EVENTS)),
      ...listOf('Notes', head?.notes ?? []),
    ],
    sections: [
      {
        title: 'Over time',
        blocks: timeCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
      },
    ],
  };
};

const listOf = (title: string, items: readonly string[]): Block[] =>
  items.length === 0 ? [] : [{ kind: 'list', title, tone: 'plain', items }];

/** How it stands, never greener than it is: whether it holds is known at the end. */
const stateBlock = ({ nPlanned, nErrors, silentSeconds, main }: LiveRun): Block => {
  if (main.windows.length === 0) {
    return { kind: 'verdict', tone: 'plain', text: 'Connections are being opened.' };
  }
  if (silentSeconds > 0) {
    const much = silentSeconds === 1 ? 'second' : `${silentSeconds} seconds`;
    return { kind: 'verdict', tone: 'bad', text: `No good answer in the last ${much}.` };
  }
  const share = nErrors / Math.max(1, nPlanned);
  const text = `${formatPercent(share, 3)} of ${formatNumber(nPlanned)} planned requests have failed so far.`;
  const tone = share > MANY_ERRORS ? 'bad' : nErrors > 0 ? 'warning' : 'plain';
  return { kind: 'verdict', tone, text };
};

const factsOf = (run: LiveRun): { label: string; value: string; note?: string }[] => {
  const last: Window | undefined = run.main.windows.at(-1);
  return [
    { label: 'planned', value: last ? formatPerSecond(last.planned) : '–', note: 'last second' },
    { label: 'answered ok', value: last ? formatPerSecond(last.ok) : '–', note: 'last second' },
    { label: 'response time p50', value: formatMs(last?.p50Ms ?? null), note: 'last second' },
    { label: 'response time p99', value: formatMs(last?.p99Ms ?? null), note: 'last second' },
    {
      label: 'errors',
      value: formatNumber(run.nErrors),
      note: `${formatNumber(run.nOk)} ok of ${formatNumber(run.nPlanned)} planned`,
    },
    { label: 'connections', value: formatNumber(last?.nOpen ?? 0) },
  ];
};
