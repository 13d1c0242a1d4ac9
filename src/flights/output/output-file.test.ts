import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputFileOf, writeFailureOf } from './output-file.ts';

test('a full disk is the fault of the target, not of the file that is read', () => {
  const full = new Error(
    'IO Error: Could not write file "o.csv.1.partial": No space left on device',
  );
  expect(writeFailureOf('o.csv', full)?.code).toBe('file-unwritable');
  expect(writeFailureOf('o.csv', full)?.message).toBe(
    'o.csv cannot be written: No space left on device',
  );
  expect(writeFailureOf('o.csv', new Error('IO Error: the input is cut off'))).toBeUndefined();
  const unopened = new Error('IO Error: Cannot open file "o.csv.1.partial": No such file');
  expect(writeFailureOf('o.csv', unopened)?.message).toBe('o.csv cannot be written: No such file');
});

test('a link is followed, and what is no file or lies in none is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'puntual-target-'));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('real.csv'), 'old');
  symlinkSync('real.csv', at('link.csv'));
  expect(Bun.spawnSync(['mkfifo', at('pipe.csv')]).exitCode).toBe(0);
  expect(outputFileOf(at('link.csv'), []).path).toEndWith('/real.csv');
  expect(() => outputFileOf(at('link.csv'), [at('real.csv')])).toThrow('is read and cannot be');
  expect(() => outputFileOf(at('pipe.csv'), [])).toThrow('is no file; -o - writes CSV');
  expect(() => outputFileOf(at('real.csv/x.csv'), [])).toThrow('cannot be written');
  rmSync(folder, { recursive: true });
});

test.each([
  'SIGINT',
  'SIGTERM',
] as const)('%s leaves no file and no part of one', async (signal) => {
  const folder = mkdtempSync(join(tmpdir(), 'puntual-target-'));
  const file = join(folder, 'o.csv');
  const program = `
    import { writeFileSync } from 'node:fs';
    import { outputFileOf, writeInto } from ${JSON.stringify(join(import.meta.dir, 'output-file.ts'))};
    await writeInto(outputFileOf(${JSON.stringify(file)}, []), async (partial) => {
      writeFileSync(partial, 'half');
      console.log('begun');
      await new Promise((done) => setTimeout(done, 60_000));
    });`;
  const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' });
  await child.stdout.getReader().read();
  const partial = `${file}.${child.pid}.partial`;
  expect(existsSync(partial)).toBe(true);
  child.kill(signal);
  await child.exited;
  expect(child.signalCode).toBe(signal);
  expect(existsSync(partial)).toBe(false);
  expect(existsSync(file)).toBe(false);
  rmSync(folder, { recursive: true });
});
