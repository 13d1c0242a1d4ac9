/**
 * Admission control: bounds the work in flight of one worker, in all and for each caller. Single predictions first;
 * batches in slices, which take turns caller by caller; nothing for a caller who is gone.
 *
 * A batch is charged what is left of it to do: rows times what a row has cost lately (an explanation costs hundreds of
 * predictions), but no more than one caller may have ahead. So one large batch is always let in where nothing else is
 * in flight, and never takes the room of all others.
 */
import type { Call } from '../../http/call.ts';
import { itemFromEnd } from '../../http/field-list.ts';
import { bufferBytesOf, type ServeConfig } from '../config.ts';
import type { Admission, RowWork, Ticket } from '../context.ts';
import type { ShedReason } from '../labels.ts';
import { buildBudget } from './budget.ts';
import { buildTurns } from './turns.ts';

/** Work that may be ahead of a new batch, in all and of its own caller. */
const WORK_LIMIT_MS = 4000;
const CALLER_LIMIT_MS = 2000;
/** A slice takes about so long: what a single flight, or a refusal, waits for at worst. Beside others less. */
const SLICE_MS = 1.5;
const SHARED_SLICE_MS = 1;
/** Streams open at once in one worker. They hold no place among the batches, only a connection and a line. */
const STREAMS_LIMIT = 1024;

/** What a row costs before any has been measured, and how fast the measure moves. */
const FIRST_COST_MS: Readonly<Record<RowWork, number>> = { predict: 0.005, explain: 1 };
const COST_STEP = 0.1;

type AdmissionConfig = Pick<ServeConfig, 'batchesInFlight' | 'memoryLimitMb' | 'auth' | 'proxies'>;

/**
 * Whose bounds a call counts against: the holder of a key or token where there are such, else the address that it comes
 * from. Behind `proxies` proxies that is the last entry but so many of `X-Forwarded-For`: what stands before it anybody
 * may have written.
 */
export const callerOf = (
  { header, peer }: Pick<Call, 'header' | 'peer'>,
  { auth, proxies }: Pick<ServeConfig, 'auth' | 'proxies'>,
): string => {
  const key = auth === undefined ? null : (header('authorization') ?? header('x-api-key'));
  if (key !== null) return key;
  const passed = proxies > 0 ? itemFromEnd(header('x-forwarded-for') ?? '', proxies) : '';
  return passed || peer();
};

export const buildAdmission = (
  config: AdmissionConfig,
  isOverloaded: () => boolean = () => false,
): Admission & { readonly inFlight: () => number } => {
  let singles = 0;
  let batches = 0;
  let streams = 0;
  const costMs: Record<RowWork, number> = { ...FIRST_COST_MS };
  const turns = buildTurns();
  const work = buildBudget({ inAll: WORK_LIMIT_MS, perCaller: CALLER_LIMIT_MS });
  const answerLimitBytes = bufferBytesOf(config);
  const answers = buildBudget({ inAll: answerLimitBytes, perCaller: answerLimitBytes / 2 });

  const hasNoPlace = (): ShedReason | undefined => {
    if (batches >= config.batchesInFlight) return 'queue-full';
    return isOverloaded() ? 'overload' : undefined;
  };

  /** @param nOwn places among the batches that it holds itself */
  const ticketFor = (
    call: Pick<Call, 'header' | 'signal' | 'peer'>,
    nOwn: 0 | 1,
    onLeave: () => void,
  ): Ticket => {
    const caller = callerOf(call, config);
    const signal = call.signal();
    const atMs = deadlineOf(call);
    let answerBytes = 0;
    let rowsLeft = 0;
    let chargedMs = 0;
    const isShared = (): boolean => batches > nOwn || turns.nWaiting() > 0;
    const sliceMs = (): number => (isShared() ? SHARED_SLICE_MS : SLICE_MS);
    const charge = (ms: number): void => {
      work.add(caller, ms - chargedMs);
      chargedMs = ms;
    };
    return {
      charge: (wanted) => {
        const estimateMs = Math.min(CALLER_LIMIT_MS, wanted.nRows * costMs[wanted.work]);
        const refused = work.refuses(caller, estimateMs);
        if (refused) return refused === 'caller' ? 'caller-busy' : 'queue-full';
        if (answers.refuses(caller, wanted.answerBytes)) return 'memory';
        rowsLeft = wanted.nRows;
        charge(estimateMs);
        answerBytes = wanted.answerBytes;
        answers.add(caller, answerBytes);
        return undefined;
      },
      isShared,
      pause: async () => {
        await turns.next(caller);
        if (signal.aborted) return 'client-gone';
        return performance.now() >= atMs ? 'deadline' : undefined;
      },
      sliceRows: (kind, most, ownMs = 0) =>
        Math.max(1, Math.min(most, Math.floor(sliceMs() / Math.max(ownMs, costMs[kind])))),
      sliceMs,
      done: (kind, nRows, ms) => {
        costMs[kind] += COST_STEP * (ms / nRows - costMs[kind]);
        rowsLeft = Math.max(0, rowsLeft - nRows);
        charge(Math.min(chargedMs, rowsLeft * costMs[kind]));
      },
      leave: () => {
        charge(0);
        onLeave();
      },
      sent: () => {
        answers.add(caller, -answerBytes);
        answerBytes = 0;
      },
    };
  };

  return {
    inFlight: () => singles + batches + turns.nWaiting(),
    answerLimitBytes,
    isFull: () => (work.total() >= WORK_LIMIT_MS ? 'queue-full' : hasNoPlace()),
    tryEnter: () => {
      singles++;
      return undefined;
    },
    leave: () => {
      singles--;
    },
    enterBatch: (call) => {
      const refused = hasNoPlace();
      if (refused) return refused;
      batches++;
      return ticketFor(call, 1, () => {
        batches--;
      });
    },
    openStream: (call) => {
      if (streams >= STREAMS_LIMIT) return 'queue-full';
      if (isOverloaded()) return 'overload';
      streams++;
      return ticketFor(call, 0, () => {
        streams--;
      });
    },
    enterExplained: (call) => {
      if (isOverloaded()) return 'overload';
      const ticket = ticketFor(call, 0, () => {});
      const refused = ticket.charge({ work: 'explain', nRows: 1, answerBytes: 0 });
      if (refused === undefined) return ticket;
      ticket.leave();
      return refused;
    },
    retryAfterSeconds: () => Math.max(1, Math.ceil(work.total() / 1000)),
  };
};

/** When the answer is no longer wanted, by `Request-Timeout` in seconds; Infinity when the caller set none. */
const deadlineOf = ({ header }: Pick<Call, 'header'>): number => {
  const text = header('request-timeout')?.trim() ?? '';
  const seconds = text === '' ? Number.NaN : Number(text);
  return seconds >= 0 ? performance.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
};
