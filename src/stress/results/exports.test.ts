import { expect, test } from 'bun:test';
import { csvOf } from './csv.ts';
import { junitOf } from './junit.ts';
import { markdownOf } from './markdown.ts';
import type { RunFile } from './run-file.ts';

const RUN = {
  url: 'http://h/a?b=1&c=2',
  load: 'open loop',
  payload: 'GET /a',
  startedAt: '2026-01-02T03:04:05.000Z',
  result: { kind: 'failed', sentence: 'FAILED: p99<50ms (was 80 ms)' },
  verdict: { kind: 'valid', sentence: 'valid' },
  thresholds: [
    { threshold: 'p99<50ms', actual: 80, holds: false },
    { threshold: 'errors<1%', actual: 0, holds: true },
  ],
  main: {
    durationMs: 2000,
    summary: {
      planned: 200,
      answered: 200,
      throughputPerSecond: 100,
      errors: 0,
      errorShare: 0,
      longestGapMs: 20,
      responseTime: { p50Ms: 1, p99Ms: 80, maxMs: 90, count: 200 },
      reasons: { 'a | b': 2 },
    },
    windows: [
      { second: 0, seconds: 1, planned: 100, ok: 99, p50Ms: 1.23456789, p99Ms: null },
      { second: 1, seconds: 1, planned: 100, ok: 100, p50Ms: 1, p99Ms: 80 },
    ].map((window) => ({
      ...{ sent: 100, httpError: 0, wrong: 0, socketError: 0, timeout: 0, unanswered: 0 },
      ...{ dropped: 0, maxMs: 90, serviceP50Ms: 1, nOpen: 4, inFlight: 1, waiting: 0, busy: 0.1 },
      ...window,
    })),
  },
} as unknown as RunFile;

test('JUnit has a case for each threshold, and the failed ones say what was measured', () => {
  const xml = junitOf(RUN);
  expect(xml).toContain('<testsuites tests="4" failures="2">');
  expect(xml).toContain('name="p99&lt;50ms" time="2.000">\n      <failure message="was 80 ms"/>');
  expect(xml).toContain('http://h/a?b=1&amp;c=2');
  expect(xml).toMatch(/name="errors&lt;1%" time="2.000"\/>/);
});

test('CSV has a row for each second, and an empty cell where nothing was measured', () => {
  const [header, first, second] = csvOf(RUN)
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const cell = (row: readonly string[], name: string) => row[header!.indexOf(name)];
  expect([cell(first!, 'ok'), cell(second!, 'ok')]).toEqual(['99', '100']);
  expect([cell(first!, 'response_p99_ms'), cell(second!, 'response_p99_ms')]).toEqual(['', '80']);
  expect(cell(first!, 'response_p50_ms')).toBe('1.23457');
});

test('Markdown says the result first, and no p99 of too few samples', () => {
  const text = markdownOf(RUN);
  expect(text).toStartWith('### ❌ FAILED: p99\\<50ms (was 80 ms)');
  expect(text).toContain('| p99\\<50ms | 80 ms | **FAILED** |');
  expect(text).toContain('too few');
  expect(text).toContain('| a \\| b | 2 |');
});
