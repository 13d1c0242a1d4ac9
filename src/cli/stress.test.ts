/** `puntual stress` as a person calls it: what it says, and the exit code that a pipeline sees. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dir, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'puntual-stress-'));

const http = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (request) => {
    const status = Number(new URL(request.url).pathname.slice(1)) || 404;
    return new Response('no', { status });
  },
});
afterAll(() => {
  http.stop(true);
  rmSync(folder, { recursive: true });
});

const stress = async (...args: string[]): Promise<{ code: number; out: string }> => {
  const run = Bun.spawn([process.execPath, MAIN, 'stress', ...args], {
    cwd: folder,
    stdout: 'pipe',
    stderr: 'ignore',
  });
  const out = await new Response(run.stdout).text();
  return { code: await run.exited, out };
};

const SHORT = ['--rate', '50', '-d', '300ms', '-t', '1'];

describe('a run in which nothing is answered ok', () => {
  test.each([
    ['a wrong path', '404'],
    ['a service that fails', '500'],
  ])('is invalid, says the most frequent reason and exits 3: %s', async (_, status) => {
    const { code, out } = await stress(`${http.url}${status}`, ...SHORT, '--json');
    const run = JSON.parse(out);
    expect({ code, verdict: run.verdict, ok: run.outcomes.ok }).toEqual({
      code: 3,
      verdict: 'invalid',
      ok: 0,
    });
    expect(run.verdictSentence).toMatch(
      new RegExp(`^invalid: none of \\d+ requests was answered ok; most often: status ${status}`),
    );
  });

  test('says so in the text and in the report as well', async () => {
    const { out } = await stress(`${http.url}404`, ...SHORT, '-o', 'report.html');
    const sentence = /verdict {6}(invalid: none of .*)/.exec(out)?.[1];
    expect(sentence).toBeDefined();
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain(sentence!);
  });

  test('misses every threshold, which is exit code 99', async () => {
    const { code, out } = await stress(`${http.url}500`, ...SHORT, '--slo', 'p99<1s');
    expect(out).toContain('FAILED  p99<1s');
    expect(code).toBe(99);
  });
});

test('what is not comparable is refused before the load, and compared anyway when asked', async () => {
  await stress(`${http.url}200`, ...SHORT, '-o', 'before.json');
  const other = ['--rate', '60', '-d', '300ms', '-t', '1', '--compare', 'before.json', '--json'];
  const refused = await stress(`${http.url}200`, ...other);
  expect(refused).toEqual({ code: 2, out: '' });
  const { out } = await stress(`${http.url}200`, ...other, '--anyway');
  expect(JSON.parse(out).comparison.changes).not.toBeEmpty();
});

test('SIGTERM gives the report of what was measured, with its files', async () => {
  const run = Bun.spawn(
    [
      process.execPath,
      MAIN,
      'stress',
      `${http.url}200`,
      '--rate',
      '50',
      '-d',
      '1m',
      '-o',
      'cut.json',
    ],
    { cwd: folder, stdout: 'pipe', stderr: 'pipe' },
  );
  const output = new Response(run.stdout).text();
  for await (const chunk of run.stderr) {
    if (Buffer.from(chunk).includes(' ok/s')) run.kill('SIGTERM');
  }
  expect(await output).toContain('(cut short: SIGTERM)');
  const { cutShort, main } = JSON.parse(readFileSync(join(folder, 'cut.json'), 'utf8'));
  expect(cutShort).toBe('SIGTERM');
  expect(main.summary.planned).toBeGreaterThan(40);
  expect([0, 3]).toContain(await run.exited);
});

test('an output that cannot be written is refused before the run', async () => {
  const { code, out } = await stress(
    `${http.url}200`,
    '-d',
    '1m',
    '-c',
    '1',
    '-o',
    'no/such/folder.html',
  );
  expect({ code, out }).toEqual({ code: 2, out: '' });
});

test.each([
  [['--rate', '5', '--slo', 'p99{nobody}<1s'], "is of 'nobody'"],
  [['--rate', '5@x'], 'is not understood'],
  [['--rate', '5@1s', '-d', '3s'], 'leave -d and -n out'],
  [['--expect-status', '999', '-c', '1'], 'is not a status'],
  [['--expect-body', '/(/', '-c', '1'], 'is not a pattern'],
  [['--resolve', 'x', '-c', '1'], 'is not HOST:PORT:ADDRESS'],
  [['--cert', 'x.pem', '-c', '1'], 'must be given together'],
  [['--rate', '5', '--fault', 'reload@1s'], "does not say that it is Puntual's"],
])('%p is refused in one sentence', async (args, sentence) => {
  const run = Bun.spawn([process.execPath, MAIN, 'stress', `${http.url}200`, ...args], {
    cwd: folder,
    stdout: 'ignore',
    stderr: 'pipe',
  });
  expect(await new Response(run.stderr).text()).toContain(sentence);
  expect(await run.exited).toBe(2);
});

test('a run with ok answers is not invalid', async () => {
  const { out } = await stress(`${http.url}200`, ...SHORT, '--json');
  expect(JSON.parse(out).verdict).not.toBe('invalid');
});

test('a stored run is told again as it was told at its end, its kind of load first', async () => {
  const first = await stress(`${http.url}200`, ...SHORT, '-o', 'run.json');
  const again = await stress('run.json', '-o', 'run.html');
  expect(again.out).toStartWith('open loop: 50 requests per second');
  const withoutReport = (out: string): string => out.replace(/^report .*$/m, '');
  expect(withoutReport(again.out)).toBe(withoutReport(first.out));
  expect(again.code).toBe(first.code);
});
