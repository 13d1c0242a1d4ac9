/**
 * The helping threads of the trainer: started once per training, given one task after the other.
 */
import { startThreads } from '../../host/thread-pool.ts';
import type { InputShare } from '../../core/model.ts';
import type { Bins } from '../binning/binning.ts';
import { binColumns, type BinningTask } from '../binning/column-binning.ts';
import { freeColumns, MANY_ROWS } from '../ended-memory.ts';
import type { FlightColumns } from '../flight-columns.ts';
import { distributionsOf } from '../input-distribution.ts';
import type { TrainingTask } from './training-task.ts';
import type { Layout } from './layout.ts';
import { type ScoreRows, type ScoringTask, scorePart } from './parallel-scoring.ts';
import { sharedFloats, sharedInts } from '../shared-array.ts';

/** What a thread gets before its first job. */
interface Assignment {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly layout: Layout;
  readonly index: number;
  readonly task: TrainingTask;
}

/** What a thread is sent. */
export type PoolTask =
  | { readonly kind: 'learn'; readonly assignment: Assignment }
  | { readonly kind: 'bin'; readonly task: BinningTask }
  | { readonly kind: 'distribute'; readonly flights: FlightColumns; readonly rows: Int32Array }
  | { readonly kind: 'free' }
  | {
      readonly kind: 'score';
      readonly task: ScoringTask;
      readonly part: number;
      readonly nParts: number;
    };

export interface TrainingPool {
  /** All threads, the caller's included. */
  readonly nThreads: number;
  /** Hands every helper its assignment; resolves when all are ready for jobs. */
  readonly assign: (assignment: Omit<Assignment, 'index'>) => Promise<void>;
  /** Fills in the bins of all columns. @returns what the bins are, column by column */
  readonly bin: (task: Omit<BinningTask, 'next'>) => Promise<readonly Bins[]>;
  /** Raw scores of rows by a finished model. */
  readonly score: ScoreRows;
  /** How the inputs of some flights are distributed, found beside what the caller does meanwhile, where threads are many and flights are not. */
  readonly distribute: (flights: FlightColumns, rows: Int32Array) => Promise<readonly InputShare[]>;
  /** Gives back what all threads held of a step that went over many flights: shared columns go only when no thread holds them. */
  readonly free: (nRows: number) => Promise<void>;
  readonly dismiss: () => void;
}

/** Fewer rows than this are scored before another thread has taken its part. */
const ALONE_ROWS = 4096;

export const buildTrainingPool = (nThreads: number): TrainingPool => {
  const helpers = startThreads<PoolTask>(new URL('./thread.ts', import.meta.url), nThreads - 1);
  /** Sends every helper its task. */
  const sendAll = <Answer>(taskOf: (helper: number) => PoolTask): Promise<Answer>[] =>
    Array.from({ length: helpers.nThreads }, (_, helper) =>
      helpers.send<Answer>(helper, taskOf(helper)),
    );
  return {
    nThreads,
    assign: async (assignment) => {
      await Promise.all(
        sendAll<'ready'>((helper) => ({
          kind: 'learn',
          assignment: { ...assignment, index: helper + 1 },
        })),
      );
    },
    bin: async (columns) => {
      const task = { ...columns, next: sharedInts(1) };
      const others = sendAll<(Bins | null)[]>(() => ({ kind: 'bin', task }));
      const found = [binColumns(task), ...(await Promise.all(others))];
      return columns.columns.map((_, f) => found.find((of) => of[f] !== null)![f]!);
    },
    score: async ({ trees, base }, { data, nRows }) => {
      const task = { boosted: { trees, base }, rows: { data, nRows }, into: sharedFloats(nRows) };
      const nParts = nRows < ALONE_ROWS ? 1 : nThreads;
      const others =
        nParts === 1
          ? []
          : sendAll<'ready'>((helper) => ({ kind: 'score', task, part: helper + 1, nParts }));
      scorePart(task, 0, nParts);
      await Promise.all(others);
      return task.into;
    },
    distribute: async (flights, rows) =>
      helpers.nThreads === 0 || rows.length > MANY_ROWS
        ? distributionsOf(flights, rows)
        : helpers.send(0, { kind: 'distribute', flights, rows }),
    free: async (nRows) => {
      if (nRows <= MANY_ROWS) return;
      await Promise.all(sendAll<'ready'>(() => ({ kind: 'free' })));
      freeColumns(nRows);
    },
    dismiss: helpers.dismiss,
  };
};
