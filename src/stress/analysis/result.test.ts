import { expect, test } from 'bun:test';
import { judgeResult, type ResultKind } from './result.ts';
import type { Judgement } from './slo.ts';
import type { Step } from './step.ts';
import type { VerdictKind } from './verdict.ts';

interface Case {
  readonly name: string;
  readonly verdict?: VerdictKind;
  readonly failed?: readonly Judgement[];
  readonly held?: readonly Judgement[];
  readonly latenessMs?: number;
  readonly errorShare?: number;
  readonly unsolicited?: number;
  readonly outage?: Step['outage'];
  readonly hasFaults?: boolean;
  readonly found?: boolean;
  readonly kind: ResultKind;
  readonly says: string;
}

const P99: Judgement = { threshold: 'p99<50ms', actual: 80, holds: false };
const ERRORS: Judgement = { threshold: 'errors<1%', actual: 0.02, holds: false };
const OUTAGE = { fromMs: 4000, lengthMs: 6000, isOver: false };

const CASES: readonly Case[] = [
  {
    name: 'all holds',
    held: [{ ...P99, actual: 12, holds: true }],
    kind: 'passed',
    says: 'PASSED: p99<50ms (12 ms)',
  },
  {
    name: 'a threshold fails',
    failed: [P99],
    kind: 'failed',
    says: 'FAILED: p99<50ms (was 80 ms)',
  },
  {
    name: 'nothing was asked, nothing failed',
    kind: 'passed',
    says: 'no threshold was set: 0.000 % errors',
  },
  {
    name: 'nothing was asked, and 2 % failed',
    errorShare: 0.02,
    kind: 'attention',
    says: 'LOOK: 20 requests failed, 2.000 %',
  },
  {
    name: 'every request was answered, and answers came that nobody had asked for',
    held: [{ ...P99, actual: 12, holds: true }],
    unsolicited: 30,
    kind: 'attention',
    says: 'LOOK: bytes that answered no request came 30 times',
  },
  {
    name: 'an outage to the end',
    outage: OUTAGE,
    kind: 'failed',
    says: 'no good answer for 6.0 s, from 4.0 s to the end',
  },
  {
    name: 'an outage that ended',
    outage: { ...OUTAGE, isOver: true },
    kind: 'failed',
    says: 'from 4.0 s to 10.0 s',
  },
  {
    name: 'an outage that a fault was to make',
    outage: OUTAGE,
    hasFaults: true,
    kind: 'passed',
    says: 'no threshold',
  },
  { name: 'a search that found nothing', found: false, kind: 'failed', says: 'no rate held' },
  {
    name: 'errors, however noisy the machine',
    verdict: 'noisy',
    failed: [ERRORS],
    kind: 'failed',
    says: 'errors<1% (was 2.000 %)',
  },
  {
    name: 'latency that noise may explain',
    verdict: 'noisy',
    failed: [P99],
    latenessMs: 20,
    kind: 'unproven',
    says: 'noisy',
  },
  {
    name: 'latency that noise cannot explain',
    verdict: 'generator-bound',
    failed: [{ ...P99, actual: 900 }],
    latenessMs: 20,
    kind: 'failed',
    says: 'was 900 ms',
  },
  {
    name: 'a rate that the generator did not send',
    verdict: 'generator-bound',
    failed: [{ threshold: 'rate>=900', actual: 800, holds: false }],
    kind: 'unproven',
    says: 'generator-bound',
  },
  { name: 'nothing that was answered ok', verdict: 'invalid', kind: 'unproven', says: 'invalid' },
];

test.each(CASES)('$name: $kind', ({
  kind,
  says,
  verdict = 'valid',
  failed = [],
  held = [],
  ...rest
}) => {
  const {
    latenessMs = 0,
    errorShare = 0,
    unsolicited = 0,
    outage = null,
    hasFaults = false,
    found,
  } = rest;
  const summary = {
    planned: 1000,
    unsolicited,
    errors: errorShare * 1000,
    errorShare,
    lateness: { p99Ms: latenessMs },
  };
  const result = judgeResult({
    verdict: { kind: verdict, sentence: verdict } as never,
    main: { outage, summary } as Step,
    thresholds: [...failed, ...held],
    hasFaults,
    ...(found === undefined ? {} : { found }),
  });
  expect(result.kind).toBe(kind);
  expect(result.sentence).toContain(says);
});
