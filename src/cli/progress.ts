/**
 * How far a long work is, on stderr: a bar only on a terminal.
 */
import { SingleBar } from 'cli-progress';

/** Shows how far a long work is; `note` is a short text such as the current loss. */
interface Progress {
  readonly update: (done: number, total: number, note: string) => void;
  readonly stop: () => void;
}

/** A bar on a terminal, otherwise a line on stderr: the first after a second, others at most every five. */
export const buildProgress = (title: string): Progress => {
  if (!process.stderr.isTTY) return buildLines(title);
  const bar = new SingleBar({
    format: `${title} {bar} {value}/{total}  {note}`,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    update: (done, total, note) => {
      if (!started) bar.start(total, done, { note });
      else {
        bar.setTotal(total);
        bar.update(done, { note });
      }
      started = true;
    },
    stop: () => {
      if (started) bar.stop();
    },
  };
};

const FIRST_LINE_MS = 1000;
const LINE_EVERY_MS = 5000;

const buildLines = (title: string): Progress => {
  let dueMs = performance.now() + FIRST_LINE_MS;
  return {
    update: (done, total, note) => {
      if (performance.now() < dueMs) return;
      dueMs = performance.now() + LINE_EVERY_MS;
      process.stderr.write(`${title} ${done}/${total}  ${note}\n`);
    },
    stop: () => {},
  };
};
