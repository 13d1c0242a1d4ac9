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
  return buildBar(title);
};

/** Ctrl-C takes it away before anybody else writes; who goes on working shows it again. */
const buildBar = (title: string): Progress => {
  const bar = new SingleBar({
    format: `${title} {bar} {value}/{total}  {note}`,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let isShown = false;
  const hide = (): void => {
    if (!isShown) return;
    isShown = false;
    process.off('SIGINT', onInterrupt);
    bar.stop();
  };
  const onInterrupt = (): void => {
    hide();
    if (process.listenerCount('SIGINT') === 0) process.kill(process.pid, 'SIGINT');
  };
  return {
    update: (done, total, note) => {
      if (isShown) {
        bar.setTotal(total);
        bar.update(done, { note });
        return;
      }
      isShown = true;
      process.prependListener('SIGINT', onInterrupt);
      bar.start(total, done, { note });
    },
    stop: hide,
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
