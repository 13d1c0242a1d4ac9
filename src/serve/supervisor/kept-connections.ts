/**
 * Kept connections: the supervisor has a duplicate of every connection that has lived for some time, so that one which is
 * at rest (`host/connection-states.ts`) outlives a worker that is killed, crashes or hangs: another worker takes it over,
 * and its caller notices nothing. What the dead worker was busy with is closed, as the system would have done: a request
 * that kills workers must not wander from one to the next.
 */
import { type ConnectionStates, isAtRest, isSame } from '../../host/connection-states.ts';
import {
  DESCRIPTORS_AT_ONCE,
  type DescriptorCalls,
  openDescriptorCalls,
  type PassedDescriptor,
} from '../../host/descriptor-channel.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
import { nameOfError } from '../../host/socket-calls.ts';
import type { Log } from '../log.ts';
import type { KeptCounts } from '../telemetry/view.ts';
import { supervisorDescriptors } from './worker-count.ts';

/** Descriptors that the supervisor needs itself, at least. */
const OWN_DESCRIPTORS = 256;
/** Where the system sets no limit. */
const MOST_DESCRIPTORS = 2 ** 20;
/** Duplicates of connections that have ended are closed so often at least. */
const SWEEP_MS = 1000;
/** So long the worker that takes the place of a dead one is waited for, so that it gets its share. */
const SUCCESSOR_MS = 100;
/** Whom nobody has taken after this is closed. In a small container a worker without a standby takes seconds to start. */
const ORPHAN_LIMIT_MS = 3000;
const RETRY_MS = 10;

/** The connections of one worker. */
export interface Keeping {
  /** The worker's end of the channel, until `started`. */
  readonly end: number;
  /** The worker has its end. */
  readonly started: () => void;
  /** The worker has sent duplicates. */
  readonly collect: () => void;
}

/** A worker that may take over connections. */
export interface Heir {
  readonly keeping: Keeping | undefined;
  readonly nConnections: () => number;
  /** To be called when connections lie in its channel. */
  readonly adopt: () => void;
}

interface Ending {
  /** Which worker it was, for the log. */
  readonly worker: number;
  /** Whether others take over what was at rest; else it was to end, and has ended its connections. */
  readonly isInherited: boolean;
}

export interface KeptConnections {
  /**
   * For a worker that is about to be started; undefined where none are kept.
   * @param createStates called if they are
   */
  readonly open: (createStates: () => ConnectionStates) => Keeping | undefined;
  /** A worker is gone, and can write no state any more. */
  readonly end: (keeping: Keeping, ending: Ending) => void;
  /** To be called when a worker has become ready. */
  readonly place: () => void;
  readonly counts: () => KeptCounts;
  /** Closes all. */
  readonly stop: () => void;
}

interface KeptSetting {
  /** Ready workers, and whether none is missing. */
  readonly heirs: () => { readonly ready: readonly Heir[]; readonly isFull: boolean };
  readonly log: Log;
  readonly calls?: DescriptorCalls | undefined;
  /** 0: none are kept. */
  readonly limit?: number;
  readonly clockMs?: () => number;
}

interface Channel extends Keeping {
  readonly own: number;
  readonly states: ConnectionStates;
  /** By descriptor of the worker. */
  readonly kept: Map<number, Duplicate>;
}

interface Duplicate {
  readonly descriptor: number;
  /** The state of its connection when it was sent. */
  readonly cell: number;
}

/** Connections of a worker that is gone, not taken over yet. */
interface Orphans {
  readonly worker: number;
  readonly sinceMs: number;
  descriptors: readonly number[];
  adopted: number;
  reset: number;
}

/** What a worker has, and what it is about to be given. */
interface Share {
  readonly heir: Heir;
  n: number;
  readonly given: number[];
}

/** How many duplicates the supervisor of so many workers may hold. */
export const keptLimit = (nWorkers: number, descriptors = descriptorLimit()): number =>
  Math.max(
    0,
    Math.min(descriptors, MOST_DESCRIPTORS) -
      Math.max(OWN_DESCRIPTORS, supervisorDescriptors(nWorkers)),
  );

export const buildKeptConnections = ({
  heirs,
  log,
  calls = openDescriptorCalls(),
  limit = keptLimit(1),
  clockMs = () => performance.now(),
}: KeptSetting): KeptConnections => {
  const channels = new Map<Keeping, Channel>();
  let orphans: readonly Orphans[] = [];
  let nKept = 0;
  let nAdopted = 0;
  let nReset = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isRefused = false;

  const drop = (descriptor: number, abruptly: boolean): void => {
    nKept--;
    calls!.close(descriptor, abruptly);
  };

  const sweepChannel = ({ kept, states }: Channel): void => {
    for (const [at, { descriptor, cell }] of kept) {
      if (isSame(states[at]!, cell)) continue;
      kept.delete(at);
      drop(descriptor, false);
    }
  };
  const sweep = (): void => {
    for (const channel of channels.values()) sweepChannel(channel);
  };
  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();

  const keep = ({ kept, states }: Channel, { descriptor, marks }: PassedDescriptor): void => {
    const [at, cell] = marks;
    nKept++;
    const last = kept.get(at);
    if (last) drop(last.descriptor, false);
    if (isSame(states[at]!, cell)) kept.set(at, { descriptor, cell });
    else {
      kept.delete(at);
      drop(descriptor, false);
    }
  };

  const collect = (channel: Channel): void => {
    while (channels.has(channel)) {
      const passed = calls!.receive(channel.own);
      if (passed === undefined) return;
      if (nKept + passed.length > limit) sweep();
      const nFree = Math.max(0, limit - nKept);
      for (const one of passed.slice(0, nFree)) keep(channel, one);
      for (const { descriptor } of passed.slice(nFree)) calls!.close(descriptor, false);
    }
  };

  /** @returns how many it was given */
  const give = ({ keeping, adopt }: Heir, descriptors: readonly number[]): number => {
    const channel = keeping && channels.get(keeping);
    if (!channel) return 0;
    let nGiven = 0;
    while (nGiven < descriptors.length) {
      const batch = descriptors.slice(nGiven, nGiven + DESCRIPTORS_AT_ONCE);
      const passed = batch.map((descriptor) => ({ descriptor, marks: [0, 0] as const }));
      if (calls!.send(channel.own, passed) < 0) break;
      for (const descriptor of batch) drop(descriptor, false);
      nGiven += batch.length;
    }
    if (nGiven > 0) adopt();
    return nGiven;
  };

  /** Each goes to whoever has the fewest. */
  const deal = (group: Orphans, shares: readonly Share[]): void => {
    for (const descriptor of group.descriptors) {
      const least = shares.reduce((best, share) => (share.n < best.n ? share : best));
      least.n++;
      least.given.push(descriptor);
    }
    group.descriptors = shares.flatMap(({ heir, given }) => {
      const all = given.splice(0);
      return all.slice(give(heir, all));
    });
  };

  const close = (group: Orphans): void => {
    for (const descriptor of group.descriptors) drop(descriptor, true);
    group.reset += group.descriptors.length;
    nReset += group.descriptors.length;
    group.descriptors = [];
  };

  const place = (): void => {
    clearTimeout(retry);
    retry = undefined;
    const { ready, isFull } = heirs();
    const shares = ready
      .filter(({ keeping }) => keeping !== undefined && channels.has(keeping))
      .map((heir): Share => ({ heir, n: heir.nConnections(), given: [] }));
    for (const group of orphans) {
      const waitedMs = clockMs() - group.sinceMs;
      const nBefore = group.descriptors.length;
      if (shares.length > 0 && (isFull || waitedMs >= SUCCESSOR_MS)) deal(group, shares);
      group.adopted += nBefore - group.descriptors.length;
      nAdopted += nBefore - group.descriptors.length;
      if (waitedMs >= ORPHAN_LIMIT_MS) close(group);
      if (group.descriptors.length === 0)
        log.info(`connections of worker ${group.worker} go on with others`, {
          worker: group.worker,
          adopted: group.adopted,
          reset: group.reset,
        });
    }
    orphans = orphans.filter(({ descriptors }) => descriptors.length > 0);
    if (orphans.length > 0) retry = setTimeout(place, RETRY_MS);
  };

  const end = (keeping: Keeping, { worker, isInherited }: Ending): void => {
    const channel = channels.get(keeping);
    if (!channel) return;
    collect(channel);
    sweepChannel(channel);
    channels.delete(keeping);
    calls!.close(channel.own, false);
    const isResting = (at: number): boolean => isInherited && isAtRest(channel.states[at]!);
    const all = [...channel.kept];
    const descriptors = all.flatMap(([at, { descriptor }]) => (isResting(at) ? descriptor : []));
    for (const [at, { descriptor }] of all) if (!isResting(at)) drop(descriptor, isInherited);
    const reset = isInherited ? all.length - descriptors.length : 0;
    nReset += reset;
    if (descriptors.length === 0) return;
    const sinceMs = clockMs();
    orphans = [...orphans, { worker, sinceMs, descriptors, adopted: 0, reset }];
    place();
  };

  return {
    open: (createStates) => {
      if (limit === 0 || isRefused) return undefined;
      const states = createStates();
      let why = '';
      const pair = calls?.pair((error) => {
        why = ` (socketpair: ${nameOfError(error)})`;
      });
      if (!pair) {
        isRefused = true;
        log.warn(`connections cannot be kept here${why}: those of a killed worker end`);
        return undefined;
      }
      const [own, other] = pair;
      const channel: Channel = {
        own,
        end: other,
        states,
        kept: new Map(),
        started: () => calls!.close(other, false),
        collect: () => collect(channel),
      };
      channels.set(channel, channel);
      return channel;
    },
    end,
    place,
    counts: () => ({
      kept: nKept,
      limit: isRefused ? 0 : limit,
      adopted: nAdopted,
      reset: nReset,
    }),
    stop: () => {
      clearInterval(timer);
      clearTimeout(retry);
      for (const group of orphans) close(group);
      orphans = [];
      for (const keeping of [...channels.keys()]) end(keeping, { worker: 0, isInherited: false });
    },
  };
};
