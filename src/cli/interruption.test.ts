/** Ctrl-C while `puntual train` works, through a real process. */
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFlights } from '../../test/flight-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A machine may be busy. */
const TIMEOUT_MS = 60_000;

const MAIN = new URL('./main.ts', import.meta.url).pathname;

/** A run that is interrupted as soon as it says `word`. */
const interrupt = async (word: string, ...args: string[]) => {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: folder,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let stderr = '';
  for await (const bytes of child.stderr) {
    const isSaid = stderr.includes(word);
    stderr += new TextDecoder().decode(bytes);
    if (!isSaid && stderr.includes(word)) child.kill('SIGINT');
  }
  return { exitCode: await child.exited, stdout: await new Response(child.stdout).text(), stderr };
};

const verify = (model: string): number =>
  Bun.spawnSync([process.execPath, MAIN, 'model', 'verify', model], { cwd: folder }).exitCode;

describe('Ctrl-C', () => {
  const board = writeFlights(join(folder, 'long.csv'), 100, 100);

  test(
    'while trees grow keeps the best round, in a model that verifies',
    async () => {
      const { exitCode, stdout, stderr } = await interrupt(
        'training ',
        ...['train', board, '--name', 'cut', '--trees', '10000', '--publish', '--json'],
      );
      // The pace is known from the second tree on.
      expect(stderr).toMatch(
        /training \d+\/10000 {2}late 15: loss [\d.]+, later flights [\d.]+(, [\d.]+ M rows\/s, at most \d+ s left)?\n/,
      );
      expect(stderr).toContain('stopping: the best round so far is kept');
      expect(stderr).toMatch(/stopped by Ctrl-C: \d+ of at most 10000 trees are kept/);
      expect(exitCode).toBe(0);
      const { model, rounds, isRelearned } = JSON.parse(stdout);
      expect(rounds.length).toBeLessThan(10_000);
      expect(isRelearned).toBe(false);
      expect(verify(model)).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'on a terminal takes the bar away first, and gives the cursor and the wrapping of lines back',
    async () => {
      let screen = '';
      const decoder = new TextDecoder();
      const child = Bun.spawn(
        [process.execPath, MAIN, 'train', board, '--name', 'seen', '--trees', '10000', '--publish'],
        {
          cwd: folder,
          terminal: {
            cols: 100,
            rows: 30,
            data: (terminal, bytes) => {
              const isShown = /\/10000/.test(screen);
              screen += decoder.decode(bytes, { stream: true });
              if (!isShown && /\/10000/.test(screen)) terminal.write('\x03');
            },
          },
        },
      );
      expect(await child.exited).toBe(0);
      // Its line is cleared, with what the terminal showed for the key, before a word is written.
      expect(screen).toContain('\x1b[2Kstopping: the best round so far is kept');
      expect(screen).toMatch(/stopped by Ctrl-C: \d+ of at most 10000 trees/);
      expect(screen.lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.lastIndexOf('\x1b[?25l'));
      expect(screen.lastIndexOf('\x1b[?7h')).toBeGreaterThanOrEqual(screen.lastIndexOf('\x1b[?7l'));
    },
    TIMEOUT_MS,
  );

  test('a second time ends it at once', async () => {
    const watched = `
      import { watchInterruption } from ${JSON.stringify(join(import.meta.dir, 'interruption.ts'))};
      watchInterruption().allowKeeping();
      setInterval(() => {}, 1000);
      process.stderr.write('ready');`;
    const child = Bun.spawn([process.execPath, '-e', watched], { stderr: 'pipe' });
    let stderr = '';
    for await (const bytes of child.stderr) {
      stderr += new TextDecoder().decode(bytes);
      if (stderr.endsWith('ready') || /stopping: .*\n$/.test(stderr)) child.kill('SIGINT');
    }
    expect(await child.exited).toBe(130);
    expect(stderr).toContain('stopped at once: no model was made');
  });

  test(
    'before the first tree says that no model was made, and leaves none',
    async () => {
      const { exitCode, stdout, stderr } = await interrupt(
        'trial 1',
        ...['train', board, '--name', 'none', '--tune', '1000', '--trees', '20'],
      );
      expect(stderr).toContain('stopped before the first tree: no model was made');
      expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
      expect(existsSync(join(folder, 'models', 'none'))).toBe(false);
    },
    TIMEOUT_MS,
  );
});
