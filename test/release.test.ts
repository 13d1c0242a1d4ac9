/**
 * Releases: one version, wherever it stands; and what the script says of flags and values that differ.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differenceOf, type Interface, readCommands, readInterface } from '../scripts/interface.ts';
import { FILES_WITH_VERSION, versionsIn, withVersion } from '../scripts/version-files.ts';
import { VERSION } from '../src/core/version.ts';

const ROOT = join(import.meta.dir, '..');
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test.each([
  ...FILES_WITH_VERSION,
])('%s says the version of package.json, and is given another by the script', (file) => {
  const found = versionsIn(file, textOf(file));
  expect(found.length).toBeGreaterThan(0);
  expect([...new Set(found)]).toEqual([VERSION]);
  const next = withVersion(file, textOf(file), '9.8.7');
  expect(new Set(versionsIn(file, next))).toEqual(new Set(['9.8.7']));
});

test('a release says which flags and values are gone, new, or other by default', () => {
  const before: Interface = {
    flags: { 'puntual serve --port <port>': '8080', 'puntual serve --old': '' },
    values: { 'autoscaling.maxReplicas': '5' },
  };
  const now: Interface = {
    flags: { 'puntual serve --port <port>': '9090', 'puntual serve --fresh <n>': '' },
    values: { 'autoscaling.maxReplicas': '5' },
  };
  expect(differenceOf(before, now).split('\n')).toEqual([
    '### Flags',
    '',
    '- gone: `puntual serve --old`',
    '- other default: `puntual serve --port <port>`: `8080` was, `9090` is',
    '- new: `puntual serve --fresh <n>`, by default none',
    '',
    '### Values of the chart',
    '',
    'No difference.',
  ]);
});

test('the flags of every command and the values of the chart are known', async () => {
  const { flags, values } = await readInterface();
  const listed = Bun.spawnSync([process.execPath, join(ROOT, 'src/cli/main.ts'), '--help']).stdout;
  const commands = [...listed.toString().matchAll(/^ {2}(\w+)(?: |$).*/gm)].map(([, name]) => name);
  const known = (await readCommands()).map(([name]) => name);
  expect(commands.filter((name) => name !== 'help').sort()).toEqual(known.sort());
  expect(flags['puntual serve --port <port>']).toBe('8080');
  expect(values['image.repository']).toBe('"puntual"');
});
