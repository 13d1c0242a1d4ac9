/**
 * A helping thread: bins columns, scores rows, counts what inputs hold, gives back memory, or takes jobs of the learner through shared memory until it is told to stop.
 * The entry of a worker; started by `training-pool`.
 */
import { binColumns } from '../binning/column-binning.ts';
import { freeEnded } from '../ended-memory.ts';
import { distributionsOf } from '../input-distribution.ts';
import { serveJobs } from './jobs.ts';
import { scorePart } from './parallel-scoring.ts';
import type { PoolTask } from './training-pool.ts';
import { buildThreadContext } from './thread-context.ts';

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<PoolTask>) => {
  if (data.kind === 'bin') {
    self.postMessage(binColumns(data.task));
    return;
  }
  if (data.kind === 'distribute') {
    self.postMessage(distributionsOf(data.flights, data.rows));
    return;
  }
  if (data.kind === 'free') {
    Bun.gc(true);
    self.postMessage('ready');
    return;
  }
  if (data.kind === 'score') {
    scorePart(data.task, data.part, data.nParts);
    self.postMessage('ready');
    return;
  }
  const { memory, module, layout, index, task } = data.assignment;
  freeEnded(layout.nPages);
  const thread = buildThreadContext(memory, module, layout, index);
  self.postMessage('ready');
  serveJobs(thread, task);
};
