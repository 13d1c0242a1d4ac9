/**
 * Certificate rotation: notices that certificate files have changed; fresh workers then read them.
 */
import { statSync } from 'node:fs';
import type { ServeConfig } from '../config.ts';

const LOOK_MS = 2000;

const stampOf = (path: string): string => {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
};

/**
 * Calls `onChange` once both files have changed and stayed the same for one look.
 * @returns a function that stops it
 */
export const watchCertificates = (
  { tls }: Pick<ServeConfig, 'tls'>,
  onChange: () => void,
  everyMs = LOOK_MS,
): (() => void) => {
  if (!tls) return () => {};
  const stamps = (): string => `${stampOf(tls.certFile)} / ${stampOf(tls.keyFile)}`;
  let served = stamps();
  let last = served;
  const timer = setInterval(() => {
    const now = stamps();
    if (now === last && now !== served) {
      served = now;
      onChange();
    }
    last = now;
  }, everyMs);
  return () => clearInterval(timer);
};
