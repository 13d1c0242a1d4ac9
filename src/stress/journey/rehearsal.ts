/**
 * The first user of a journey, before the load: does the script work, which requests does it make, how long does it take?
 */
import { AppError } from '../../core/errors.ts';
import { buildRandom } from '../../core/random.ts';
import { sendSingleRequest } from '../target/single-request.ts';
import { sentenceOf } from '../target/probe.ts';
import type { Target } from '../target/target.ts';
import { type Journey, type JourneyPlan, walk } from './user.ts';

interface RehearsalOptions {
  readonly timeoutMs: number;
  readonly row: Readonly<Record<string, unknown>>;
  readonly seed: number;
}

interface Rehearsal {
  /** Names of its requests, in their order. */
  readonly names: readonly string[];
  readonly nRequests: number;
  /** The whole journey, thinking and all; and the mean of one request. */
  readonly journeyMs: number;
  readonly requestMs: number;
  readonly notes: readonly string[];
}

/** Before the load nobody thinks longer than this. */
const MAX_THOUGHT_MS = 1000;

/** @throws AppError usage when the script fails, target-unreachable when the service does */
export const rehearse = async (
  journey: Journey,
  plan: JourneyPlan,
  target: Target,
  { timeoutMs, row, seed }: RehearsalOptions,
): Promise<Rehearsal> => {
  const names: string[] = [];
  const notes: string[] = [];
  let nRequests = 0;
  let askedMs = 0;
  let unsleptMs = 0;
  let name = '';
  let refusal: AppError | undefined;
  const startMs = performance.now();
  const walking = walk(
    journey,
    { ...plan, keepAlive: false },
    {
      begin: (wanted) => {
        name = wanted;
        nRequests++;
        if (!names.includes(wanted)) names.push(wanted);
      },
      exchange: async (bytes, bodiless) => {
        const sentMs = performance.now();
        const result = await sendSingleRequest(target, bytes, { timeoutMs, bodiless });
        askedMs += performance.now() - sentMs;
        if ('status' in result) return result;
        refusal = new AppError('target-unreachable', sentenceOf(target, result, timeoutMs));
        throw refusal;
      },
      settle: (status, isRight, fault) => {
        if (!isRight) notes.push(`'${name}' answered ${status} before any load.`);
        else if (fault !== null) notes.push(`The answer to ${fault} before any load.`);
      },
      sleep: async (ms) => {
        const sleptMs = Math.min(ms, MAX_THOUGHT_MS);
        unsleptMs += ms - sleptMs;
        await Bun.sleep(sleptMs);
      },
    },
    { user: 0, row, random: buildRandom(seed) },
  );
  await walking.catch((cause: unknown) => {
    if (refusal) throw refusal;
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new AppError('usage', `The journey of the first user failed before the load: ${why}`, {
      cause,
    });
  });
  if (nRequests === 0) throw new AppError('usage', 'The journey sends no request.');
  return {
    names,
    nRequests,
    journeyMs: performance.now() - startMs + unsleptMs,
    requestMs: askedMs / nRequests,
    notes: [
      ...notes,
      `One user walked the journey before the load: ${nRequests} ${nRequests === 1 ? 'request' : 'requests'}, to see what the service answers.`,
    ],
  };
};
