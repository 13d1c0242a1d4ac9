/**
 * What a training says of itself: the flights, the split, the heads and how good they are.
 */
import type { Part } from './features/time-split.ts';
import type { Baseline, Evaluation } from './quality/evaluation.ts';
import type { HeadQuality } from './quality/head-quality.ts';

/** The model that is stored, learned again from every flight after the one that the report judges. */
interface Refit {
  readonly days: string;
  readonly ranges?: readonly string[];
  readonly rows: number;
  readonly seconds: number;
}

export interface TrainReport extends Evaluation {
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  readonly splitKind: 'time' | 'random';
  readonly split: Readonly<Record<Part, string>>;
  /** Flights of each part, and which share of them was late. */
  readonly partRates: Readonly<Record<Part, { readonly rows: number; readonly baseRate: number }>>;
  readonly baselines: { readonly climatology: Baseline; readonly logistic: Baseline };
  readonly threshold: number;
  readonly rounds: readonly { readonly train: number; readonly validation: number }[];
  /** How many trees of the first answer each of them stands for: where steps were larger, while their number was looked for. */
  readonly treesPerRound: number;
  /** How many trees the first answer has. */
  readonly trees: number;
  /** How many trees it could have had at most. */
  readonly maxTrees: number;
  /** Whether they were grown again from all flights before the test; not when training was stopped. */
  readonly isRelearned: boolean;
  readonly heads: readonly HeadQuality[];
  /** Null where the stored model is the one that was judged. */
  readonly refit: Refit | null;
}
