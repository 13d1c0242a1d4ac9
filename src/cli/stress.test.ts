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
    const status = Number(new URL(request.url).pathname.slice(1));
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
