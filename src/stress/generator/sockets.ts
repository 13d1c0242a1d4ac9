/**
 * The sockets of a shard as flat arrays, and the step that runs on them: the state that its hot path shares.
 *
 * A socket is CLOSED -> CONNECTING -> IDLE <-> BUSY.
 */
import type { ShardPlan } from '../messages.ts';
import { resetScanner } from '../response/scanner.ts';
import { buildScanner, type Scanner } from '../response/scanner-state.ts';
import type { Recorder } from './recorder.ts';
import { buildSocketRing, type NumberRing, type SocketRing } from './ring.ts';

export const CLOSED = 0;
export const CONNECTING = 1;
export const IDLE = 2;
export const BUSY = 3;

/** One established connection, of the runtime or of the system's own calls. */
export interface Connection {
  /** Its place. */
  readonly data: number;
  /** @returns how many bytes were taken from `from` on, -1 when it is closed */
  readonly write: (bytes: Uint8Array, from?: number) => number;
  /** An orderly end. */
  readonly end: () => unknown;
  /** A reset. */
  readonly terminate: () => unknown;
}

interface Sockets {
  /** Each array has one place per socket. */
  readonly handles: (Connection | null)[];
  readonly state: Uint8Array;
  /** Of the request in flight, microseconds from the step's start: when it was planned, and sent. */
  readonly plannedUs: Float64Array;
  readonly sentUs: Float64Array;
  /** In a closed loop: since when the next request could have been sent; -1: since it is free. */
  readonly readyUs: Float64Array;
  /** When its last answer was complete. */
  readonly freeUs: Float64Array;
  /** Index of the request in flight. */
  readonly requestIndex: Int32Array;
  /** Bytes of it that the kernel has not taken yet. */
  readonly unwritten: Int32Array;
  /** 1 when it was answered before it was written whole. */
  readonly answered: Uint8Array;
  readonly scanner: Scanner;
  /** Open and free, the one that has been free longest first. */
  readonly idle: SocketRing;
  /** How many of the sockets shall be open. */
  wanted: number;
  nOpen: number;
  closing: boolean;
}

/** The running step. */
interface RunningStep {
  isRunning: boolean;
  isClosedLoop: boolean;
  /** Whether request k belongs to the k-th planned moment. */
  isReplay: boolean;
  /** Its start on the clock of `performance.now()`. */
  originMs: number;
  endUs: number;
  graceEndUs: number;
}

/** What the parts of a shard share. */
export interface ShardState {
  readonly plan: ShardPlan;
  readonly sockets: Sockets;
  readonly step: RunningStep;
  readonly recorder: Recorder;
  /** Planned times that found no free socket. */
  readonly waiting: NumberRing;
  /** Why the last attempt to open a connection failed; null when one was opened since. */
  readonly opening: { fault: string | null };
}

/** Why a request was not sent: no connection could be opened, or else what is said. */
export const whyUnsent = ({ opening: { fault } }: ShardState, otherwise: string): string => {
  if (fault === null) return otherwise;
  const why =
    fault === 'ECONNREFUSED' ? `connection refused (${fault})` : `no connection (${fault})`;
  return `not sent: ${why}`;
};

export const buildSockets = (nSockets: number): Sockets => ({
  handles: new Array<Connection | null>(nSockets).fill(null),
  state: new Uint8Array(nSockets),
  plannedUs: new Float64Array(nSockets),
  sentUs: new Float64Array(nSockets),
  readyUs: new Float64Array(nSockets).fill(-1),
  freeUs: new Float64Array(nSockets),
  requestIndex: new Int32Array(nSockets),
  unwritten: new Int32Array(nSockets),
  answered: new Uint8Array(nSockets),
  scanner: buildScanner(nSockets),
  idle: buildSocketRing(nSockets),
  wanted: 0,
  nOpen: 0,
  closing: false,
});

export const buildRunningStep = (): RunningStep => ({
  isRunning: false,
  isClosedLoop: false,
  isReplay: false,
  originMs: 0,
  endUs: 0,
  graceEndUs: 0,
});

/** Microseconds from the step's start. */
export const nowUsOf = (step: RunningStep): number => (performance.now() - step.originMs) * 1000;

/** A socket is gone: nothing of it is left but its place. */
export const forget = (sockets: Sockets, i: number): void => {
  if (sockets.handles[i] !== null) sockets.nOpen--;
  sockets.handles[i] = null;
  sockets.state[i] = CLOSED;
  sockets.unwritten[i] = 0;
  sockets.answered[i] = 0;
  resetScanner(sockets.scanner, i);
};

/** What is said of a request whose connection the service closed. @param fault null: in order, with a FIN */
export const closeReason = (fault: string | null, hasBegun: boolean): string =>
  `${fault === null ? 'closed' : `reset (${fault})`} ${hasBegun ? 'inside' : 'before'} an answer`;
