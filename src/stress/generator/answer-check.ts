/**
 * Whether an answer is right: its status, and of a random sample of answers the body, against the one that came before
 * the load and against what the user expects of it.
 */

import type { BodyExpectation, ShardPlan } from '../messages.ts';
import { readResponse } from '../response/reference.ts';

/** Bodies that one shard looks at in a second, and the smallest share of them when there are more. */
const CHECKS_PER_SECOND = 2000;
const MIN_SHARE = 1 / 16;

export interface AnswerCheck {
  /** Whether a status is right, by status. */
  readonly isRightStatus: Uint8Array;
  /** Whether something is known of the body of a request. */
  readonly isKnown: (index: number) => boolean;
  /** Whether this answer is one of the sample. */
  readonly isSampled: () => boolean;
  /** Why a body is wrong, null when it is right. @param body null: one that does not end as it says */
  readonly faultOf: (index: number, body: Buffer | null) => string | null;
  /** A second is over: the sample grows and shrinks with the number of answers. */
  readonly adapt: (nAnswers: number) => void;
}

export const buildAnswerCheck = (plan: ShardPlan): AnswerCheck => {
  const { statuses, body } = plan.expect;
  const isRightStatus = new Uint8Array(1000);
  if (statuses === null) {
    isRightStatus.fill(1, 200, 300);
    isRightStatus[304] = 1;
  } else for (const status of statuses) isRightStatus[status] = 1;
  const golden: (Buffer | undefined)[] = [];
  for (const [index, text] of plan.golden) golden[index] = Buffer.from(text, 'base64');
  const isBodyless = new Set(plan.bodiless);
  const matches = body === null ? null : buildMatcher(body);
  let share = 1;
  // Numerical Recipes' linear congruence: good enough to choose a sample by, and cheap.
  let random = (plan.seed * 7919 + plan.place * 104_729 + 1) >>> 0;
  return {
    isRightStatus,
    isKnown: (index) => (matches !== null && !isBodyless.has(index)) || golden[index] !== undefined,
    isSampled: () => {
      if (share >= 1) return true;
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      return random < share * 2 ** 32;
    },
    faultOf: (index, text) => {
      if (text === null) return 'a body that does not end as it says';
      if (matches !== null && !matches(text.toString()))
        return 'the body is not what --expect-body says';
      const truth = golden[index];
      return truth === undefined || truth.equals(text)
        ? null
        : 'the body differs from the one before the load';
    },
    adapt: (nAnswers) => {
      share = Math.min(1, Math.max(MIN_SHARE, CHECKS_PER_SECOND / Math.max(1, nAnswers)));
    },
  };
};

/** The body in the bytes of a whole HTTP/1.1 answer; null when it does not end as it says. */
export const bodyOf = (bytes: Uint8Array, isBodiless: boolean): Buffer | null => {
  const answer = readResponse(Buffer.from(bytes).toString('latin1'), isBodiless, true);
  return answer === undefined ? null : Buffer.from(answer.body, 'latin1');
};

const buildMatcher = (expected: BodyExpectation): ((body: string) => boolean) => {
  switch (expected.kind) {
    case 'text':
      return (body) => body.includes(expected.text);
    case 'pattern': {
      const pattern = new RegExp(expected.source, expected.flags);
      return (body) => pattern.test(body);
    }
    case 'json':
      return (body) => {
        const found = valueAt(body, expected.path);
        return found !== undefined && textOf(found) === expected.value;
      };
  }
};

/** The value at a path of a JSON text; undefined where there is none. */
const valueAt = (body: string, path: readonly string[]): unknown => {
  try {
    let value: unknown = JSON.parse(body);
    for (const name of path) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string, unknown>)[name];
    }
    return value;
  } catch {
    return undefined;
  }
};

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
