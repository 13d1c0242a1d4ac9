/**
 * Faults injected: each acts, waits its time, and is undone whatever happens; its result says what was seen.
 */
import { AppError } from '../../core/errors.ts';
import type { Admin, WorkerState } from '../target/admin.ts';
import type { Target } from '../target/target.ts';
import type { FaultPlan } from './fault.ts';
import { holdSlowClients, throwGarbage } from './hostile-clients.ts';

interface FaultContext {
  readonly admin: Admin | undefined;
  readonly target: Target;
  /** Resets every connection of the generator. */
  readonly resetAll: () => void;
  /** When the run started, milliseconds since 1970. */
  readonly startAtMs: number;
  readonly runEndsAtMs: number;
  /** The run is cut short: what acts is undone at once, what has not begun does not. */
  readonly signal: AbortSignal;
}

/** What a fault did, in true times. */
export interface FaultResult {
  readonly plan: FaultPlan;
  /** Milliseconds from the start of the run. */
  readonly startedMs: number;
  readonly endedMs: number;
  readonly undone: boolean;
  /** How it went, in words. */
  readonly notes: readonly string[];
  /** From the kill to a new process in the list of workers, and to a list in which all are ready. */
  readonly replacedInMs: number | null;
  readonly readyInMs: number | null;
  readonly restartsBefore: number | null;
  readonly restartsAfter: number | null;
}

const POLL_EVERY_MS = 5;

/** Undefined when the run was cut short before. */
export const injectFault = async (
  plan: FaultPlan,
  context: FaultContext,
): Promise<FaultResult | undefined> => {
  const now = (): number => Date.now() - context.startAtMs;
  await sleepUntil(context.startAtMs + plan.atMs, context.signal);
  if (context.signal.aborted) return undefined;
  const before = await context.admin?.workers().catch(() => undefined);
  const startedMs = now();
  const result = await act(plan, context, before);
  const endedMs = now();
  const after = await context.admin?.workers().catch(() => undefined);
  return {
    plan,
    startedMs: result.actedMs ?? startedMs,
    endedMs,
    undone: result.undone,
    notes: result.notes,
    replacedInMs: result.replacedInMs ?? null,
    readyInMs: result.readyInMs ?? null,
    restartsBefore: restartsOf(before),
    restartsAfter: restartsOf(after),
  };
};

interface Act {
  readonly undone: boolean;
  readonly notes: readonly string[];
  readonly actedMs?: number;
  readonly replacedInMs?: number | null;
  readonly readyInMs?: number | null;
}

const act = async (
  plan: FaultPlan,
  context: FaultContext,
  before: readonly WorkerState[] | undefined,
): Promise<Act> => {
  switch (plan.kind) {
    case 'kill-worker': {
      const victim = pickVictim(before);
      const actedMs = Date.now() - context.startAtMs;
      sendSignal(victim.pid, 'SIGKILL');
      const back = await watchReturn(context, {
        before: before!,
        victim,
        fromMs: context.startAtMs + actedMs,
      });
      return {
        undone: back.readyInMs !== null,
        actedMs,
        ...back,
        notes: [`worker ${victim.id}, process ${victim.pid}, was killed`, ...back.notes],
      };
    }
    case 'pause-worker':
      return pauseWorker(plan, context, before);
    case 'reload': {
      const status = await context.admin!.reload();
      return { undone: true, notes: [`POST /reload answered ${status}`] };
    }
    case 'slow-clients':
      return {
        undone: true,
        notes: await holdSlowClients(context.target, plan.count, plan.lastsMs, context.signal),
      };
    case 'garbage':
      return {
        undone: true,
        notes: await throwGarbage(context.target, plan.lastsMs, context.signal),
      };
    case 'reset-storm':
      context.resetAll();
      return { undone: true, notes: ['every open connection was reset by this generator'] };
  }
};

const pauseWorker = async (
  plan: FaultPlan,
  context: FaultContext,
  before: readonly WorkerState[] | undefined,
): Promise<Act> => {
  const victim = pickVictim(before);
  const actedMs = Date.now() - context.startAtMs;
  sendSignal(victim.pid, 'SIGSTOP');
  const notes = [`worker ${victim.id}, process ${victim.pid}, was stopped`];
  const watching = watchReturn(context, {
    before: before!,
    victim,
    fromMs: context.startAtMs + actedMs,
    untilMs: context.startAtMs + actedMs + plan.lastsMs,
  });
  // Whoever ends this program at once must not leave a stopped worker behind.
  const undo = (): void => {
    if (isAlive(victim.pid)) process.kill(victim.pid, 'SIGCONT');
  };
  process.once('exit', undo);
  try {
    await sleepUntil(context.startAtMs + actedMs + plan.lastsMs, context.signal);
  } finally {
    process.off('exit', undo);
    if (isAlive(victim.pid)) sendSignal(victim.pid, 'SIGCONT');
    else notes.push('the service had replaced it before it was let go on');
  }
  const back = await watching;
  return { undone: true, actedMs, ...back, notes: [...notes, ...back.notes] };
};

/** The ready worker with the fewest restarts: it holds its share of the connections. */
const pickVictim = (workers: readonly WorkerState[] | undefined): WorkerState => {
  const ready = workers?.filter(({ state }) => state === 'ready') ?? [];
  const victim = ready.sort((a, b) => a.restarts - b.restarts || a.id - b.id)[0];
  if (!victim)
    throw new AppError('target-unreachable', 'The admin port names no worker that is ready.');
  return victim;
};

/** @throws AppError usage when the process is not on this machine */
const sendSignal = (pid: number, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void => {
  try {
    process.kill(pid, name);
  } catch (cause) {
    throw new AppError(
      'usage',
      `Process ${pid} cannot be reached by a signal: faults on workers need the service on this machine, run by the same user.`,
      { cause },
    );
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface Return {
  readonly replacedInMs: number | null;
  readonly readyInMs: number | null;
  readonly notes: readonly string[];
}

interface Watched {
  /** The workers before the fault. */
  readonly before: readonly WorkerState[];
  readonly victim: WorkerState;
  /** When the fault began and, if not the run's end, when to stop looking: milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** Polls the list of workers until a new process stands in for the victim and as many are ready as before. */
const watchReturn = async (
  { admin, runEndsAtMs, signal }: FaultContext,
  { before, victim, fromMs, untilMs = runEndsAtMs }: Watched,
): Promise<Return> => {
  const known = new Set(before.map(({ pid }) => pid));
  const nReady = before.filter(({ state }) => state === 'ready').length;
  let replacedInMs: number | null = null;
  while (Date.now() < untilMs && !signal.aborted) {
    const workers = await admin?.workers().catch(() => undefined);
    const elapsedMs = Date.now() - fromMs;
    const isNew = workers?.some(({ pid }) => !known.has(pid)) ?? false;
    if (isNew && replacedInMs === null) replacedInMs = elapsedMs;
    const isWhole =
      workers?.filter(({ state, pid }) => state === 'ready' && pid !== victim.pid).length ===
      nReady;
    if (replacedInMs !== null && isWhole) return { replacedInMs, readyInMs: elapsedMs, notes: [] };
    await Bun.sleep(POLL_EVERY_MS);
  }
  const notes =
    replacedInMs === null ? ['no other process took its place while it was watched'] : [];
  return { replacedInMs, readyInMs: null, notes };
};

const restartsOf = (workers: readonly WorkerState[] | undefined): number | null =>
  workers ? workers.reduce((sum, { restarts }) => sum + restarts, 0) : null;

const sleepUntil = (atMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const timer = setTimeout(settle, Math.max(0, atMs - Date.now()));
    if (signal.aborted) settle();
    else signal.addEventListener('abort', settle);
  });
