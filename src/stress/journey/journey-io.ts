/**
 * Journeys on the sockets of a shard: each socket belongs to one user as long as its journey lasts.
 *
 * What plain requests do on flat arrays is done here with an object and a promise for each request: a journey runs the
 * user's own script between them, and costs accordingly.
 */
import { buildRandom } from '../../core/random.ts';
import { buildAnswerRecord, type LossOutcome } from '../generator/recorder.ts';
import type { Reconnection, RequestIo } from '../generator/request-io.ts';
import {
  BUSY,
  CLOSED,
  type Connection,
  closeReason,
  forget,
  IDLE,
  nowUsOf,
  type ShardState,
  whyUnsent,
} from '../generator/sockets.ts';
import { addReason, OTHER } from '../generator/tally.ts';
import { readResponse } from '../response/reference.ts';
import { closeCompletes, hasBegun, resetScanner, scanResponse } from '../response/scanner.ts';
import { faultOfAnswer, INCOMPLETE } from '../response/scanner-state.ts';
import { type Exchange, type Journey, type JourneyPlan, walk } from './user.ts';

/** The user of a socket. */
interface User {
  /** When its next request was planned: a user who arrives plans its first by arriving. */
  arrivedUs: number;
  /** Whether a request of it is planned and not ended; its name, and when it was sent (-1: not yet). */
  isAsking: boolean;
  name: number;
  plannedUs: number;
  sentUs: number;
  /** Bytes that wait for the socket to be open. */
  unsent: Uint8Array | null;
  isBodiless: boolean;
  /** Bytes under way that the kernel has not taken, and the answer so far. */
  bytes: Uint8Array;
  chunks: Uint8Array[];
  doneUs: number;
  readonly resolve: (exchange: Exchange) => void;
  readonly reject: (fault: Error) => void;
}

/** A request of a user was not answered: the journey ends, unless its script catches it. */
class Unanswered extends Error {}

const SENT_NONE_MS = 10;

export const buildJourneyIo =
  (
    journey: Journey,
    journeyPlan: JourneyPlan,
    rows: readonly Readonly<Record<string, unknown>>[],
  ) =>
  (shared: ShardState, reconnect: (i: number, when: Reconnection) => void): RequestIo => {
    const { plan, sockets, step, recorder, waiting } = shared;
    const { handles, state, plannedUs, sentUs, readyUs, answered, unwritten, idle, scanner } =
      sockets;
    const users = new Array<User | null>(plan.nConnections).fill(null);
    const nameAt = new Map(plan.names.map((name, at) => [name, at]));
    const timeoutUs = plan.timeoutMs * 1000;
    let nStarted = 0;
    let maxUsers = Number.POSITIVE_INFINITY;
    /** Users that began in steps before: numbers are never given twice. */
    let nBefore = 0;

    const record = buildAnswerRecord();

    /** A free place takes the next user, or becomes idle. */
    const serve = (i: number, t: number): void => {
      const user = users[i];
      if (user) {
        if (user.unsent !== null) transmit(i, user, t);
      } else if (waiting.size > 0) welcome(i, waiting.shift(), t);
      else if (step.isClosedLoop && t < step.endUs && nStarted < maxUsers) {
        const since = readyUs[i]! >= 0 ? readyUs[i]! : t;
        readyUs[i] = -1;
        recorder.planned(since);
        welcome(i, since, t);
      } else idle.push(i);
    };

    /** A user begins its journey on a place whose socket is open. */
    const welcome = (i: number, arrivedUs: number, _t: number): void => {
      const number = plan.place + plan.nPlaces * (nBefore + nStarted++);
      const user = buildUser(arrivedUs);
      users[i] = user;
      state[i] = IDLE;
      recorder.walked('usersStarted', arrivedUs);
      const isGone = (): boolean => users[i] !== user;
      const walking = walk(
        journey,
        journeyPlan,
        {
          begin: (name) => {
            const t = nowUsOf(step);
            user.isAsking = true;
            user.name = nameAt.get(name) ?? nameAt.get(OTHER) ?? 0;
            user.plannedUs = user.arrivedUs >= 0 ? user.arrivedUs : t;
            user.sentUs = -1;
            if (isGone()) user.isAsking = false;
            else if (user.arrivedUs < 0 && t >= step.endUs) leave(i, user);
            else if (user.arrivedUs < 0) recorder.planned(t);
            user.arrivedUs = -1;
          },
          exchange: (bytes, isBodiless) =>
            new Promise((resolve, reject) => {
              // A user whose journey was ended by the end of the plan asks nothing more, and hears of nothing.
              if (isGone() || !user.isAsking) return;
              Object.assign(user, { resolve, reject, unsent: bytes, isBodiless, chunks: [] });
              const t = nowUsOf(step);
              if (handles[i] !== null) transmit(i, user, t);
              else if (state[i] === CLOSED) reconnect(i, 'at-once');
            }),
          settle: (status, isRight, fault) => settle(i, user, { status, isRight, fault }),
          sleep: (ms) => Bun.sleep(ms),
        },
        {
          user: number,
          row: rows.length === 0 ? {} : rows[number % rows.length]!,
          random: buildRandom(plan.seed * 7919 + number),
        },
      );
      walking.then(
        () => end(i, user, 'usersDone'),
        (fault: unknown) => {
          if (!(fault instanceof Unanswered) && !isGone()) {
            const why = fault instanceof Error ? fault.message.split('\n')[0] : String(fault);
            addReason(recorder.tally, `the script failed: ${why}`);
          }
          end(i, user, 'usersFailed');
        },
      );
    };

    const buildUser = (arrivedUs: number): User => ({
      arrivedUs,
      isAsking: false,
      name: 0,
      plannedUs: arrivedUs,
      sentUs: -1,
      unsent: null,
      isBodiless: false,
      bytes: new Uint8Array(0),
      chunks: [],
      doneUs: 0,
      resolve: () => {},
      reject: () => {},
    });

    /** The journey is over; its place is free for another user. */
    const end = (i: number, user: User, how: 'usersDone' | 'usersFailed'): void => {
      if (users[i] !== user) return;
      const t = nowUsOf(step);
      // A request that was planned must end, also where the script ended before it.
      const sentNone = user.arrivedUs >= 0;
      if (sentNone) {
        addReason(recorder.tally, 'the script sent no request');
        recorder.unsent('unanswered', user.arrivedUs, t, 0);
      } else if (user.isAsking) loseRequest(i, user, 'unanswered', t);
      recorder.walked(how, user.plannedUs);
      user.arrivedUs = -1;
      // A script that ends at once must not take the time of all others.
      if (sentNone) setTimeout(free, SENT_NONE_MS, i, user);
      else free(i, user);
    };

    /** The plan is over: a user asks nothing more, and whoever arrived before and waits has its place. */
    const leave = (i: number, user: User): void => {
      user.isAsking = false;
      free(i, user);
    };

    const free = (i: number, user: User): void => {
      if (users[i] !== user) return;
      const t = nowUsOf(step);
      users[i] = null;
      readyUs[i] = t;
      if (handles[i] === null) {
        if (state[i] === CLOSED) reconnect(i, step.isClosedLoop ? 'at-once' : 'on-demand');
      } else if (state[i] === BUSY) hangUp(i, true, 'at-once');
      else if (step.isRunning) serve(i, t);
      else idle.push(i);
    };

    const transmit = (i: number, user: User, t: number): void => {
      const bytes = user.unsent!;
      user.unsent = null;
      user.bytes = bytes;
      state[i] = BUSY;
      answered[i] = 0;
      resetScanner(scanner, i);
      scanner.bodiless[i] = user.isBodiless ? 1 : 0;
      if (user.sentUs < 0) {
        user.sentUs = t;
        recorder.sent(user.plannedUs, t);
      }
      plannedUs[i] = user.plannedUs;
      sentUs[i] = user.sentUs;
      const written = handles[i]!.write(bytes);
      if (written < 0) drop(i, 'write failed');
      else unwritten[i] = bytes.length - written;
    };

    const settle = (
      i: number,
      user: User,
      answer: { readonly status: number; readonly isRight: boolean; readonly fault: string | null },
    ): void => {
      if (users[i] !== user || !user.isAsking) return;
      user.isAsking = false;
      const { status, isRight, fault } = answer;
      if (user.doneUs - user.sentUs > timeoutUs) {
        addReason(recorder.tally, 'timeout');
        const { plannedUs, sentUs, name } = user;
        recorder.lost('timeout', { plannedUs, sentUs, name }, user.doneUs);
        return;
      }
      if (isRight && fault !== null) addReason(recorder.tally, `wrong answer: ${fault}`);
      record.plannedUs = user.plannedUs;
      record.sentUs = user.sentUs;
      record.status = status;
      record.isRight = isRight && fault === null;
      record.isWrong = isRight && fault !== null;
      record.name = user.name;
      recorder.answered(record, user.doneUs);
    };

    /** The planned request of a user ends without an answer. */
    const loseRequest = (i: number, user: User, outcome: LossOutcome, t: number): void => {
      user.isAsking = false;
      user.unsent = null;
      if (state[i] === BUSY) state[i] = IDLE;
      const { plannedUs, sentUs, name } = user;
      if (sentUs >= 0) recorder.lost(outcome, { plannedUs, sentUs, name }, t);
      else {
        recorder.unsent(outcome === 'inFlight' ? 'inFlight' : 'unanswered', plannedUs, t, name);
      }
    };

    /** It ends without an answer, and with it the journey unless the script goes on. */
    const fail = (i: number, outcome: LossOutcome, t: number): void => {
      const user = users[i];
      if (!user?.isAsking) return;
      loseRequest(i, user, outcome, t);
      user.reject(new Unanswered(outcome));
    };

    const receive = (socket: Connection, chunk: Uint8Array): void => {
      const i = socket.data;
      if (handles[i] !== socket) return;
      recorder.count('bytesIn', chunk.length);
      const user = users[i];
      if (!user || state[i] !== BUSY) {
        recorder.count('unsolicited');
        drop(i, 'bytes that answer no request');
        return;
      }
      user.chunks.push(chunk.slice());
      const end = scanResponse(scanner, i, chunk, 0);
      if (end === INCOMPLETE) return;
      if (end < 0) drop(i, faultOfAnswer(end));
      else if (end < chunk.length) {
        recorder.count('unsolicited');
        drop(i, 'an answer longer than it says');
      } else complete(i, user, scanner.closes[i] === 1 || !plan.keepAlive || unwritten[i]! > 0);
    };

    const complete = (i: number, user: User, closes: boolean): void => {
      user.doneUs = nowUsOf(step);
      state[i] = handles[i] === null ? CLOSED : IDLE;
      const text = Buffer.concat(user.chunks).toString('latin1');
      user.chunks = [];
      const answer = readResponse(text, user.isBodiless, true);
      const socket = handles[i];
      if (closes && socket) {
        // Whoever needs it opens it again.
        forget(sockets, i);
        socket.end();
      }
      if (answer === undefined) fail(i, 'socketError', user.doneUs);
      else {
        const { status, head } = answer;
        user.resolve({ status, head, body: Buffer.from(answer.body, 'latin1') });
      }
    };

    const hangUp = (i: number, abruptly: boolean, when: Reconnection): void => {
      const socket = handles[i];
      forget(sockets, i);
      if (abruptly) socket?.terminate();
      else socket?.end();
      if (!users[i]) reconnect(i, when);
    };

    const drop = (i: number, reason: string, isDelayed = true): void => {
      const isAsking = state[i] === BUSY;
      if (isAsking) addReason(recorder.tally, reason);
      hangUp(i, true, isDelayed ? 'later' : 'at-once');
      if (isAsking) fail(i, 'socketError', nowUsOf(step));
    };

    return {
      serve,
      send: welcome,
      receive,
      writeRest: (i, socket) => {
        const user = users[i];
        if (!user || unwritten[i] === 0) return;
        const written = socket.write(user.bytes, user.bytes.length - unwritten[i]!);
        if (written > 0) unwritten[i]! -= written;
      },
      closed: (i, fault) => {
        const user = users[i];
        if (user && state[i] === BUSY) {
          if (closeCompletes(scanner, i) && fault === null) {
            forget(sockets, i);
            complete(i, user, false);
            return;
          }
          addReason(recorder.tally, closeReason(fault, hasBegun(scanner, i)));
          forget(sockets, i);
          fail(i, 'socketError', nowUsOf(step));
          return;
        }
        if (state[i] === IDLE) recorder.count('closedIdle');
        forget(sockets, i);
        if (!user) reconnect(i, 'later');
      },
      drop,
      giveUp: (i, outcome, t) => {
        hangUp(i, true, 'at-once');
        fail(i, outcome, t);
      },
      giveUpUnsent: (outcome, plannedAt, t) => recorder.unsent(outcome, plannedAt, t, 0),
      renew: (i) => {
        if (step.isClosedLoop) readyUs[i] = 0;
        hangUp(i, false, step.isClosedLoop ? 'at-once' : 'on-demand');
      },
      begin: (max) => {
        maxUsers = max;
        nBefore += nStarted;
        nStarted = 0;
      },
      isSpent: () => nStarted >= maxUsers && users.every((user) => user === null),
      tick: () => {
        const t = nowUsOf(step);
        for (const [i, user] of users.entries()) {
          const isThinking = user !== null && !user.isAsking && user.arrivedUs < 0;
          if (isThinking && t >= step.endUs && waiting.size > 0) leave(i, user);
          if (!user?.isAsking || user.unsent === null || t - user.plannedUs < timeoutUs) continue;
          addReason(recorder.tally, whyUnsent(shared, 'no free connection within the timeout'));
          fail(i, 'unanswered', t);
        }
      },
      isHeld: () => users.some((user, i) => user?.isAsking === true && state[i] !== BUSY),
      drain: (t, outcome) => {
        for (const [i, user] of users.entries()) {
          if (!user) continue;
          users[i] = null;
          if (user.isAsking) {
            const why = 'no answer until the end';
            addReason(recorder.tally, user.sentUs < 0 ? whyUnsent(shared, why) : why);
            loseRequest(i, user, outcome, t);
          } else if (user.arrivedUs >= 0) recorder.unsent(outcome, user.arrivedUs, t, 0);
          if (handles[i] === null) {
            if (state[i] === CLOSED) reconnect(i, 'at-once');
          } else idle.push(i);
        }
      },
    };
  };
