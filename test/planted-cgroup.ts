/**
 * Control groups in a folder of their own, for tests of what reads them.
 */
import { afterAll } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const planted: string[] = [];
afterAll(() => {
  for (const root of planted) rmSync(root, { recursive: true });
});

/** @param files text by path under the root @returns the root */
export const plantCgroup = (files: Readonly<Record<string, string>>): string => {
  const root = mkdtempSync(join(tmpdir(), 'puntual-cgroup-'));
  planted.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
};
