/** What a shell is told to complete, tried in bash, and the same names in what zsh and fish are told. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, 'main.ts');

const scriptOf = (shell: string): string => {
  const run = Bun.spawnSync([process.execPath, MAIN, 'completion', shell]);
  expect({ exitCode: run.exitCode, stderr: run.stderr.toString() }).toEqual({
    exitCode: 0,
    stderr: '',
  });
  return run.stdout.toString();
};

test('bash completes commands, their flags, and values that are known; files are left to bash', () => {
  const tried: readonly (readonly [words: string, offered: string])[] = [
    ['mo', 'model'],
    ['model ex', 'export'],
    ['train --spl', '--split'],
    ['train --split ', 'time random'],
    ['serve --admin-p', '--admin-port'],
    ['model import --inp', '--inputs'],
    ['completion f', 'fish'],
    ['train flights', ''],
    ['serve --port ', ''],
  ];
  const script = `${scriptOf('bash')}
try() { COMP_WORDS=(puntual "$@"); COMP_CWORD=$#; _puntual; echo "\${COMPREPLY[*]}"; }
${tried.map(([words]) => `try ${words.endsWith(' ') ? `${words}""` : words}`).join('\n')}
`;
  const run = Bun.spawnSync(['bash', '-c', script]);
  expect(run.stderr.toString()).toBe('');
  expect(run.stdout.toString().split('\n').slice(0, -1)).toEqual(
    tried.map(([, offered]) => offered),
  );
}, 180_000);

test('zsh and fish are told the same commands and flags', () => {
  const [zsh, fish] = [scriptOf('zsh'), scriptOf('fish')];
  for (const name of ['import', '--service-view', '--find-max', '--inputs', 'time random']) {
    expect(zsh).toContain(name);
    expect(fish).toContain(name.replace(/^--/, '-l '));
  }
}, 180_000);

test('another shell is refused, with those that there are', () => {
  const run = Bun.spawnSync([process.execPath, MAIN, 'completion', 'tcsh']);
  expect(run.exitCode).toBe(2);
  expect(run.stderr.toString()).toContain('bash, zsh, fish');
}, 180_000);
