import { expect, test } from 'bun:test';
import type { Summary } from './summary.ts';
import { judgeGenerator, type VerdictKind } from './verdict.ts';
import type { Window } from './window.ts';

const summary = (latenessP99Ms: number, p99Ms = 20): Summary =>
  ({ planned: 100, lateness: { p99Ms: latenessP99Ms }, responseTime: { p99Ms } }) as Summary;

const windows = (busy: number, starved: number, idle: number): Window[] =>
  Array.from({ length: 5 }, () => ({ busy, starved, idle }) as Window);

interface Case {
  readonly name: string;
  readonly windows: Window[];
  readonly latenessMs?: number;
  readonly p99Ms?: number;
  readonly limitMs?: number;
  readonly kind: VerdictKind;
  readonly says: string;
}

const CASES: readonly Case[] = [
  { name: 'room to spare', windows: windows(0.3, 0.1, 0.5), kind: 'valid', says: 'valid' },
  {
    name: 'a busy generator',
    windows: windows(0.74, 0, 0.5),
    kind: 'valid',
    says: 'valid, generator 74 % busy',
  },
  {
    name: 'a generator that uses its whole processor',
    windows: windows(0.97, 0, 0.5),
    kind: 'generator-bound',
    says: 'lower bound',
  },
  {
    name: 'half a processor, on a machine with processors to spare',
    windows: windows(0.5, 0.48, 0.3),
    kind: 'generator-bound',
    says: 'waited for one 48 %',
  },
  {
    name: 'half a processor, on a machine that service and generator use up',
    windows: windows(0.5, 0.48, 0.01),
    kind: 'valid',
    says: 'had to share them',
  },
  {
    name: 'requests that leave late',
    windows: windows(0.3, 0, 0.5),
    latenessMs: 30,
    kind: 'generator-bound',
    says: '30.0 ms late',
  },
  {
    name: 'lateness that is small beside the latency',
    windows: windows(0.3, 0, 0.5),
    latenessMs: 30,
    p99Ms: 1000,
    kind: 'valid',
    says: 'valid',
  },
  {
    name: 'lateness that is large beside the threshold',
    windows: windows(0.3, 0, 0.5),
    latenessMs: 30,
    p99Ms: 1000,
    limitMs: 50,
    kind: 'generator-bound',
    says: 'late',
  },
];

test.each(CASES)('$name: $kind', ({ windows, latenessMs = 1, p99Ms = 20, limitMs, kind, says }) => {
  const verdict = judgeGenerator(summary(latenessMs, p99Ms), windows, true, 4, limitMs);
  expect(verdict.kind).toBe(kind);
  expect(verdict.sentence).toContain(says);
});

test('a run without connections or without requests is invalid', () => {
  expect(judgeGenerator(summary(1), windows(0, 0, 1), true, 0).kind).toBe('invalid');
  const nothing = { ...summary(1), planned: 0 };
  expect(judgeGenerator(nothing, windows(0, 0, 1), true, 4).kind).toBe('invalid');
});
