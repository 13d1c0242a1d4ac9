/**
 * Figures of a part of the requests: those of one name, or those planned in one stage of the load.
 */
import { decodeCounts, encodeCounts, mergeInto, totalOf } from '../../core/latency.ts';
import type { StepRecord } from '../coordinator/fleet.ts';
import { meanMs, quantileMs } from '../coordinator/window.ts';
import {
  buildTally,
  type GroupTally,
  OTHER,
  OUTCOMES,
  type Outcome,
  SCALE,
} from '../generator/tally.ts';
import type { GroupMeasures } from './slo.ts';

/** What a run file keeps of a part of the requests. */
export interface Group {
  readonly name: string;
  /** When its stage begins, from the start of the run; 0 for those of one name. */
  readonly startMs: number;
  readonly planned: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly errorShare: number;
  /** Planned, and answered ok, per second of the part's own time. */
  readonly plannedPerSecond: number;
  readonly okPerSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  readonly meanMs: number | null;
  readonly count: number;
  /** Microseconds, sparse: [bucket, count, ...]. */
  readonly response: readonly number[];
}

/** A part with what thresholds are judged by. */
export interface GroupFigures {
  readonly name: string;
  readonly group: Group;
  readonly measures: GroupMeasures;
}

/** By name; empty where all requests have one. */
export const groupsByName = ({
  tally,
  names,
  seconds,
}: Pick<StepRecord, 'tally' | 'names' | 'seconds'>): GroupFigures[] =>
  names.length < 2 || tally.groups.length === 0
    ? []
    : names
        .map((name, at) =>
          figuresOf(
            name,
            tally.groups.filter((_, i) => i % names.length === at),
            seconds,
          ),
        )
        .filter(({ name, group }) => name !== OTHER || group.planned > 0);

/** By stage; empty where there is one. */
export const groupsByStage = ({ tally, names, step }: StepRecord): GroupFigures[] => {
  const stages = step.load?.stages ?? [];
  if (stages.length < 2 || tally.groups.length === 0) return [];
  let startMs = 0;
  return stages.map((stage, at) => {
    const measuredFromMs = Math.max(startMs, step.warmUpMs);
    startMs += stage.durationMs;
    const endMs = Math.min(startMs, step.durationMs);
    const { fromPerSecond: from, toPerSecond: to } = stage;
    const figures = figuresOf(
      from === to ? `${from}/s` : `${from} to ${to}/s`,
      tally.groups.slice(at * names.length, (at + 1) * names.length),
      Math.max(0, endMs - measuredFromMs) / 1000,
    );
    return {
      ...figures,
      group: { ...figures.group, startMs: startMs - stage.durationMs },
    };
  });
};

const figuresOf = (name: string, parts: readonly GroupTally[], seconds: number): GroupFigures => {
  const [sum = { outcomes: new Float64Array(OUTCOMES.length), response: new Float64Array(0) }] =
    buildTally(1).groups;
  for (const { outcomes, response } of parts) {
    mergeInto(sum.response, response);
    for (const [i, count] of outcomes.entries()) sum.outcomes[i]! += count;
  }
  const { response } = sum;
  const outcomes = Object.fromEntries(
    OUTCOMES.map((outcome, i) => [outcome, sum.outcomes[i]!]),
  ) as Record<Outcome, number>;
  const planned = Object.values(outcomes).reduce((total, count) => total + count, 0);
  const share = (count: number): number | undefined =>
    planned === 0 ? undefined : count / planned;
  const errors = planned - outcomes.ok - outcomes.inFlight;
  return {
    name,
    group: {
      name,
      startMs: 0,
      planned,
      outcomes,
      errorShare: share(errors) ?? 0,
      plannedPerSecond: seconds === 0 ? 0 : planned / seconds,
      okPerSecond: seconds === 0 ? 0 : outcomes.ok / seconds,
      p50Ms: quantileMs(response, 0.5),
      p95Ms: quantileMs(response, 0.95),
      p99Ms: quantileMs(response, 0.99),
      maxMs: quantileMs(response, 1),
      meanMs: meanMs(response),
      count: totalOf(response),
      response: encodeCounts(response),
    },
    measures: {
      responseMs: (p) => quantileMs(response, p) ?? undefined,
      meanMs: meanMs(response) ?? undefined,
      okShare: share(outcomes.ok),
      errorShare: share(errors),
      wrongShare: share(outcomes.wrong),
      ratePerSecond: seconds === 0 ? undefined : outcomes.ok / seconds,
    },
  };
};

interface GroupedStep {
  readonly names?: readonly Group[];
  readonly stages?: readonly Group[];
}

/** The groups of several machines that shared one run. */
export const mergeGroups = (steps: readonly GroupedStep[]): GroupedStep => {
  const merge = (lists: readonly (readonly Group[])[]): Group[] =>
    (lists[0] ?? []).map((first, at) => {
      const parts = lists.flatMap((list) => list[at] ?? []);
      const seconds = first.plannedPerSecond === 0 ? 0 : first.planned / first.plannedPerSecond;
      const tallies = parts.map(({ outcomes, response }) => ({
        outcomes: Float64Array.from(OUTCOMES, (outcome) => outcomes[outcome]),
        response: decodeCounts(SCALE, response),
      }));
      return { ...figuresOf(first.name, tallies, seconds).group, startMs: first.startMs };
    });
  const names = merge(steps.map((step) => step.names ?? []));
  const stages = merge(steps.map((step) => step.stages ?? []));
  return {
    ...(names.length > 0 ? { names } : {}),
    ...(stages.length > 0 ? { stages } : {}),
  };
};
