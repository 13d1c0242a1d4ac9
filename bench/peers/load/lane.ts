/**
 * A service whose truth is known: lanes that each serve one request at a time, for a fixed or a seeded random time.
 * `bun lane.ts PORT fixed MS` or `bun lane.ts PORT exponential MEAN_MS SEED [LOG]`. Departures are computed, not slept:
 * a request leaves at max(its arrival, the departure before) + its service time. The log has a line for each answer:
 * when it arrived, should leave and was written, in milliseconds.
 */
import { openSync, writeSync } from 'node:fs';
import type { Socket } from 'bun';
import { buildRandom } from '../../../src/core/random.ts';

const [port, kind, meanMs, seed, path] = process.argv.slice(2);
const log = path === undefined ? null : openSync(path, 'a');
const mean = Number(meanMs);
const random = buildRandom(Number(seed ?? 1));
const serviceMs = (): number => (kind === 'exponential' ? -mean * Math.log(1 - random()) : mean);
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface Waiting {
  readonly arrivedMs: number;
  readonly leavesMs: number;
  readonly socket: Socket<undefined>;
}

const queue: Waiting[] = [];
const LOOKING_MS = 5;
let lastLeavesMs = 0;
let isWaiting = false;

const leave = (): void => {
  isWaiting = false;
  const now = performance.now();
  while (queue.length > 0 && queue[0]!.leavesMs <= now) answer(queue.shift()!);
  if (queue.length > 0) wait(queue[0]!.leavesMs - now);
};

const answer = ({ arrivedMs, leavesMs, socket }: Waiting): void => {
  const writtenMs = performance.now();
  socket.write(ANSWER);
  if (log !== null) writeSync(log, `${arrivedMs} ${leavesMs} ${writtenMs}\n`);
};

/** Timers come up to some milliseconds late: the last ones are spent looking. */
const wait = (ms: number): void => {
  if (isWaiting) return;
  isWaiting = true;
  if (ms > LOOKING_MS) setTimeout(leave, ms - LOOKING_MS);
  else setImmediate(leave);
};

Bun.listen<undefined>({
  hostname: '127.0.0.1',
  port: Number(port),
  socket: {
    data: (socket, bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      // Whoever only looks whether the service is there uses up no service time.
      if (text.includes('User-Agent: Bun')) {
        socket.write(ANSWER);
        return;
      }
      const now = performance.now();
      lastLeavesMs = Math.max(now, lastLeavesMs) + serviceMs();
      queue.push({ arrivedMs: now, leavesMs: lastLeavesMs, socket });
      wait(queue[0]!.leavesMs - now);
    },
  },
});
