/**
 * How far a long work is, on stderr: a bar only on a terminal.
 */
import { SingleBar } from 'cli-progress';

/** Shows how far a long work is; `note` is a short text such as the current loss. */
interface Progress {
  /** `total` is null where nobody knows it before the end. */
  readonly update: (done: number, total: number | null, note: string) => void;
  readonly stop: () => void;
}

/** A bar on a terminal, otherwise a line on stderr: the first after a second, others at most every five. */
export const buildProgress = (title: string): Progress => {
  if (!process.stderr.isTTY) return buildLines(title);
  return buildBar(title);
};

/** Ctrl-C takes it away before anybody else writes; who goes on working shows it again. */
const buildBar = (title: string): Progress => {
  let shown: SingleBar | undefined;
  const hide = (): void => {
    process.off('SIGINT', onInterrupt);
    shown?.stop();
    shown = undefined;
  };
  const onInterrupt = (): void => {
    hide();
    if (process.listenerCount('SIGINT') === 0) process.kill(process.pid, 'SIGINT');
  };
  return {
    update: (done, total, note) => {
      if (shown) {
        shown.setTotal(total ?? 0);
        shown.update(done, { note });
        return;
      }
      shown = new SingleBar({
        // Without an end there is no bar to fill.
        format:
          total === null ? `${title} {value} {note}` : `${title} {bar} {value}/{total}  {note}`,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      });
      process.prependListener('SIGINT', onInterrupt);
      shown.start(total ?? 0, done, { note });
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
      const far = total === null ? done.toLocaleString('en') : `${done}/${total} `;
      process.stderr.write(`${title} ${far} ${note}\n`);
    },
    stop: () => {},
  };
};
