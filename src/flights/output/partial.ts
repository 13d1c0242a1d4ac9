/**
 * What is made beside its place until it is whole: a file or a folder of which a failure or a signal leaves nothing.
 */
import { rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Gives `make` a path beside `path`; what lies there afterwards is removed. */
export const withPartial = async (
  path: string,
  make: (partial: string) => Promise<void>,
): Promise<void> => {
  const partial = `${path}.${process.pid}.partial`;
  const remove = (): void => rmSync(partial, { recursive: true, force: true });
  const stop = (signal: NodeJS.Signals): void => {
    remove();
    for (const each of SIGNALS) process.off(each, stop);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    await make(partial);
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    remove();
  }
};
