/**
 * Sockets by the system's own calls: what plain HTTP/1.1 is spoken over on Linux. Nothing is allocated for what is read or
 * sent; of what happens on a socket one event tells, once for each change.
 */
import { constants } from 'node:os';
import {
  type ConnectionStates,
  noteBusy,
  noteClosed,
  noteNothing,
  noteOpen,
  noteRest,
  STATES_LIMIT,
} from '../../host/connection-states.ts';
import { addressesOf } from '../../host/name-lookup.ts';
import { encodePath, type SocketAddress } from '../../host/socket-address.ts';
import {
  ANY_CHANGE,
  FAILED,
  HUNG_UP,
  NOTHING_YET,
  PEER_DONE,
  READABLE,
  WRITABLE,
} from '../../host/socket-calls.ts';
import { SLAB } from '../slab.ts';
import { type EventLoop, eventLoop } from './event-loop.ts';
import type { Place, ServerSocket, Socket, SocketEvents } from './socket.ts';

/** Connections that are taken before they are accepted. */
const BACKLOG = 512;
/** Accepted in one turn at most: those that are open are waiting. */
const ACCEPTED = 64;
/** There is no descriptor, or no memory, for another connection: those that wait go on waiting for so long. */
const REST_MS = 100;
const { EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;
const EXHAUSTED: readonly number[] = [EMFILE, ENFILE, ENOBUFS, ENOMEM].map((number) => -number);

/** States that nobody reads. */
const NOBODYS: ConnectionStates = new Uint32Array(STATES_LIMIT);

interface SystemSetting<Connection> {
  readonly place: Place;
  readonly events: SocketEvents<Connection>;
  /** Of the connections, for whoever takes over when this process is gone. */
  readonly states?: ConnectionStates | undefined;
}

/** Undefined where the system does not offer it, and where the place cannot be opened in this way. */
export const listenBySystem = <Connection>(
  { place, events, states = NOBODYS }: SystemSetting<Connection>,
  loop = eventLoop(),
): ServerSocket | undefined => {
  if (!loop) return undefined;
  const { calls } = loop;
  let listener = -1;
  for (const address of addressesIn(place)) {
    listener = calls.listen(address, BACKLOG);
    if (listener >= 0) break;
  }
  if (listener < 0) return undefined;

  const open = (descriptor: number): void => openSocket({ loop, events, states }, descriptor);
  const acceptSome = (): void => {
    for (let n = 0; n < ACCEPTED; n++) {
      const descriptor = calls.accept(listener);
      if (descriptor >= 0) open(descriptor);
      else if (descriptor === NOTHING_YET) return;
      else if (EXHAUSTED.includes(descriptor)) {
        rest();
        return;
      }
    }
  };
  const watch = (): boolean => loop.watch(listener, READABLE, acceptSome);
  let resting: ReturnType<typeof setTimeout> | undefined;
  const rest = (): void => {
    loop.unwatch(listener);
    resting = setTimeout(watch, REST_MS);
  };
  if (!watch()) {
    calls.close(listener, false);
    return undefined;
  }
  return {
    port: calls.portOf(listener),
    descriptor: listener,
    stop: () => {
      clearTimeout(resting);
      loop.unwatch(listener);
      calls.close(listener, false);
    },
    adopt: open,
  };
};

const addressesIn = (place: Place): readonly SocketAddress[] => {
  if ('unix' in place) return [encodePath(place.unix) ?? []].flat();
  return addressesOf(place.hostname, place.port);
};

interface Surroundings<Connection> {
  readonly loop: EventLoop;
  readonly events: SocketEvents<Connection>;
  readonly states: ConnectionStates;
}

/** The other side sends no more, or there is no other side any more. */
const OVER = PEER_DONE | HUNG_UP | FAILED;

/** Takes a connection that has been accepted. */
const openSocket = <Connection>(
  { loop, events, states }: Surroundings<Connection>,
  descriptor: number,
): void => {
  const { calls } = loop;
  noteOpen(states, descriptor);
  let isOpen = true;
  let isPaused = false;
  /** There may be bytes that were not read, or the end. */
  let mayRead = false;
  let isQueued = false;
  /** Something of it was answered, and it stayed: it goes before those of whom nothing is known yet. */
  let isFamiliar = false;
  /** All that has happened, of what tells of an end. */
  let over = 0;
  let hasEnded = false;
  /** Less was taken than there was to send. */
  let isShort = false;
  let address: string | undefined;

  const close = (abruptly: boolean): void => {
    if (!isOpen) return;
    isOpen = false;
    address ??= '';
    loop.unwatch(descriptor);
    if (noteClosed(states, descriptor)) calls.disconnect(descriptor, abruptly);
    calls.close(descriptor, abruptly);
    events.closed(connection);
  };

  /** When the others have been read, so that no connection keeps them waiting. */
  const readSoon = (): void => {
    if (isQueued || isPaused || !mayRead) return;
    isQueued = true;
    loop.again(readAgain);
  };
  const readAgain = (): void => {
    isQueued = false;
    guarded(readOnce, 0);
  };

  const readOnce = (): void => {
    // It may be closed for what has just been answered.
    if (!loop.hasRoom()) loop.settle();
    if (!isOpen || isPaused) return;
    const before = noteBusy(states, descriptor);
    const got = receive(loop, descriptor);
    if (got > 0) {
      mayRead = over !== 0 || loop.isFull(got);
      const at = loop.receivedAt();
      const nWaiting = events.received(connection, SLAB, at, at + got);
      if (nWaiting === 1) loop.finally(events.answer);
      else if (nWaiting === 0) loop.settle();
      readSoon();
      return;
    }
    noteNothing(states, descriptor, before);
    mayRead = false;
    if (got === 0 && !hasEnded) {
      hasEnded = true;
      loop.settle();
      if (isOpen) events.ended(connection);
    }
    // What the system tells of the socket counts for more than the number of an error, which others may have written over.
    if ((got < 0 && got !== NOTHING_YET) || (over & (HUNG_UP | FAILED)) !== 0) close(true);
  };

  const happened = (what: number): void => {
    over |= what & OVER;
    if ((what & WRITABLE) !== 0 && isShort) {
      isShort = false;
      events.drained(connection);
    }
    if (!isOpen || (what & (READABLE | OVER)) === 0) return;
    mayRead = true;
    // Who has gone gets no answer any more, whatever it still asks.
    if ((over & FAILED) !== 0) close(true);
    else if (!isFamiliar) readSoon();
    else if (!isQueued) readOnce();
  };

  const guarded = (work: (what: number) => void, told: number): void => {
    try {
      work(told);
    } catch (error) {
      events.failed(connection, error as Error);
    }
  };

  const socket: Socket = {
    get remoteAddress() {
      address ??= calls.peerOf(descriptor);
      return address;
    },
    write: (bytes, at, length) => {
      if (!isOpen) return -1;
      // What a broken socket did not take is told by its close.
      const nTaken = Math.max(0, calls.send(descriptor, bytes, at, at + length));
      isShort = nTaken < length;
      return nTaken;
    },
    end: () => close(false),
    shutdown: () => {
      if (isOpen) calls.shutdown(descriptor);
    },
    terminate: () => close(true),
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      readSoon();
    },
    rested: () => {
      if (!isOpen) return;
      isFamiliar = true;
      noteRest(states, descriptor);
    },
  };
  if (!loop.watch(descriptor, ANY_CHANGE, (what) => guarded(happened, what))) {
    calls.close(descriptor, true);
    return;
  }
  const connection = events.opened(socket, descriptor);
};

/**
 * Between the call and the reading of its error others may have set the error: an odd one counts when it is told twice.
 */
const receive = (loop: EventLoop, descriptor: number): number => {
  const got = loop.receive(descriptor);
  if (got >= 0 || got === NOTHING_YET) return got;
  return loop.receive(descriptor) || got;
};
