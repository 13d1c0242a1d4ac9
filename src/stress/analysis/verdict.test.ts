import { expect, test } from 'bun:test';
import type { Window } from '../coordinator/window.ts';
import type { Summary } from './summary.ts';
import { judgeGenerator, type VerdictKind } from './verdict.ts';

const summary = (latenessP99Ms: number, lagP99Ms = latenessP99Ms, p99Ms = 20): Summary =>
  ({
    planned: 100,
    lateness: { p99Ms: latenessP99Ms },
    lag: { p99Ms: lagP99Ms },
    responseTime: { p99Ms },
  }) as Summary;

/** What the self-check reads of five equal seconds. */
interface Machine {
  readonly busy: number;
  readonly starved?: number;
  readonly service?: number | null;
  readonly idle?: number;
}

const windows = ({ busy, starved = 0, service = null, idle = 0 }: Machine): Window[] =>
  Array.from({ length: 5 }, () => ({ seconds: 1, busy, starved, service, idle }) as Window);

interface Case extends Machine {
  readonly name: string;
  readonly isHere?: boolean;
  /** Given: an open loop. */
  readonly latenessMs?: number;
  readonly lagMs?: number;
  readonly p99Ms?: number;
  readonly limitMs?: number;
  readonly kind: VerdictKind;
  readonly says: string;
}

const CASES: readonly Case[] = [
  { name: 'room to spare', busy: 0.3, starved: 0.1, idle: 0.5, kind: 'valid', says: 'valid' },
  { name: 'a busy generator', busy: 0.74, kind: 'valid', says: 'valid, generator 74 % busy' },
  {
    name: 'a generator on half a processor, and a service that rests half of the time',
    busy: 0.5,
    starved: 0.48,
    service: 0.5,
    kind: 'generator-bound',
    says: 'waited for a processor 48 % of the time; the service was idle 50 %',
  },
  {
    name: 'the same while other work takes what the service leaves',
    busy: 0.5,
    starved: 0.48,
    service: 0.6,
    idle: 0,
    kind: 'generator-bound',
    says: 'was idle 40 %',
  },
  {
    name: 'a generator on half a processor, and a service that never rests',
    busy: 0.5,
    starved: 0.48,
    service: 0.97,
    kind: 'valid',
    says: 'were saturated together',
  },
  {
    name: 'a planned rate that is kept with the last of half a processor',
    busy: 0.45,
    starved: 0.49,
    service: 0.46,
    latenessMs: 4,
    kind: 'valid',
    says: 'valid',
  },
  {
    name: 'a planned rate that half a processor cannot keep: answers lie unread, requests wait for them',
    busy: 0.47,
    starved: 0.52,
    service: 0.49,
    latenessMs: 8,
    lagMs: 80,
    p99Ms: 93,
    kind: 'generator-bound',
    says: '80.0 ms late',
  },
  {
    name: 'requests that wait for a slow service, not for the generator',
    busy: 0.3,
    service: 0.2,
    latenessMs: 1,
    lagMs: 80,
    p99Ms: 93,
    kind: 'valid',
    says: 'valid',
  },
  {
    name: 'a generator on half a processor that rests all the same',
    busy: 0.3,
    starved: 0.3,
    service: 1,
    kind: 'valid',
    says: 'valid',
  },
  {
    name: 'a generator that uses its whole processor, and a service with room',
    busy: 0.97,
    service: 0.6,
    kind: 'generator-bound',
    says: 'lower bound',
  },
  {
    name: 'a generator that uses its whole processor, and a service that is not seen',
    busy: 0.97,
    kind: 'generator-bound',
    says: 'lower bound',
  },
  {
    name: 'a generator that uses its whole processor as the service does',
    busy: 0.97,
    service: 0.98,
    kind: 'valid',
    says: 'for this machine',
  },
  {
    name: 'half a processor before a service on another machine',
    busy: 0.5,
    starved: 0.48,
    isHere: false,
    kind: 'generator-bound',
    says: 'lower bound',
  },
  {
    name: 'half a processor, a service that is not seen, and processors to spare',
    busy: 0.5,
    starved: 0.48,
    idle: 0.3,
    kind: 'generator-bound',
    says: 'waited for a processor 48 %',
  },
  {
    name: 'half a processor, a service that is not seen, and no processor to spare',
    busy: 0.5,
    starved: 0.48,
    idle: 0.01,
    kind: 'valid',
    says: 'for this machine',
  },
  {
    name: 'requests that leave late',
    busy: 0.3,
    latenessMs: 30,
    kind: 'generator-bound',
    says: '30.0 ms late',
  },
  {
    name: 'requests that leave late because other work takes the processor',
    busy: 0.1,
    starved: 0.4,
    service: 0.2,
    latenessMs: 30,
    kind: 'noisy',
    says: 'the machine was too noisy: 1 request in 100 left more than 30.0 ms late',
  },
  {
    name: 'a generator with time to spare that leaves late because it waits for a processor',
    busy: 0.13,
    starved: 0.23,
    service: 0.05,
    latenessMs: 29,
    kind: 'noisy',
    says: 'the machine was too noisy',
  },
  {
    name: 'requests that leave late because the service takes all processors',
    busy: 0.3,
    starved: 0.5,
    service: 0.96,
    latenessMs: 30,
    kind: 'valid',
    says: 'for this machine',
  },
  {
    name: 'lateness that is small beside the latency',
    busy: 0.3,
    latenessMs: 30,
    p99Ms: 1000,
    kind: 'valid',
    says: 'valid',
  },
  {
    name: 'lateness that is large beside the threshold',
    busy: 0.3,
    latenessMs: 30,
    p99Ms: 1000,
    limitMs: 50,
    kind: 'generator-bound',
    says: 'late',
  },
];

test.each(CASES)('$name: $kind', ({ latenessMs, lagMs, p99Ms, limitMs, kind, says, ...rest }) => {
  const { isHere = true } = rest;
  const isOpenLoop = latenessMs !== undefined;
  const facts = { isOpenLoop, nOpened: 4, isHere, latencyLimitMs: limitMs };
  const verdict = judgeGenerator(summary(latenessMs ?? 0, lagMs, p99Ms), windows(rest), facts);
  expect(verdict.kind).toBe(kind);
  expect(verdict.sentence).toContain(says);
});

test('a planned rate suffers from single seconds without rest, and the service is judged in those', () => {
  const run = windows({ busy: 0.4, starved: 0.1, service: 0.3 });
  const facts = { isOpenLoop: true, nOpened: 4, isHere: true };
  const judge = (second: Machine): VerdictKind =>
    judgeGenerator(summary(5, 60, 80), [...run, ...windows(second).slice(0, 2)], facts).kind;
  expect(judge({ busy: 0.4, starved: 0.1, service: 1 })).toBe('valid');
  expect(judge({ busy: 0.4, starved: 0.6, service: 0.5 })).toBe('generator-bound');
  expect(judge({ busy: 0.4, starved: 0.6, service: 1 })).toBe('valid');
});

test('a run without connections or without requests is invalid', () => {
  const facts = { isOpenLoop: true, nOpened: 0, isHere: true };
  expect(judgeGenerator(summary(1), windows({ busy: 0 }), facts).kind).toBe('invalid');
  const nothing = { ...summary(1), planned: 0 };
  const opened = { ...facts, nOpened: 4 };
  expect(judgeGenerator(nothing, windows({ busy: 0 }), opened).kind).toBe('invalid');
});
