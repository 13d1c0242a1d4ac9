/**
 * A helping thread of the learner: takes jobs through shared memory until it is told to stop.
 * The entry of a worker; started by `team`.
 */
import type { Assignment } from './team.ts';
import { serveJobs } from './jobs.ts';
import { buildWorkshop } from './workshop.ts';

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<Assignment>) => {
  const shop = buildWorkshop(data.memory, data.module, data.layout, data.thread);
  self.postMessage('ready');
  serveJobs(shop, data.order);
  self.postMessage('done');
};
