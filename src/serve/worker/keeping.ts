/**
 * How the connections of a worker outlive it: the supervisor gets a duplicate of each that has lived for a beat, so that
 * those of one request cost nothing, and reads from their states what was at rest; and how those of another worker come.
 */
import { constants } from 'node:os';
import {
  type ConnectionStates,
  isSame,
  noteKept,
  viewStates,
} from '../../host/connection-states.ts';
import { DESCRIPTORS_AT_ONCE, openDescriptorCalls } from '../../host/descriptor-channel.ts';
import type { SystemCall } from '../labels.ts';
import { mapCells } from '../telemetry/shared-counters.ts';

export interface Keeping {
  readonly states: ConnectionStates;
  /** To be told of every new connection. */
  readonly opened: (descriptor: number) => void;
  /** To be called on every beat. */
  readonly tend: () => void;
  /** Takes connections from the channel. @param take undefined: nobody can, and they end */
  readonly adopt: (take: ((descriptor: number) => void) | undefined) => void;
}

interface KeepingSetting {
  readonly channel: number;
  readonly statesPath: string;
  /** Called when duplicates lie in the channel. */
  readonly onKept: () => void;
  readonly onFailure: (call: SystemCall) => void;
}

/** A connection as it was when it began. */
interface Young {
  readonly descriptor: number;
  readonly cell: number;
}

const { EAGAIN, EPIPE } = constants.errno;

export const openKeeping = ({
  channel,
  statesPath,
  onKept,
  onFailure,
}: KeepingSetting): Keeping | undefined => {
  const calls = openDescriptorCalls();
  if (!calls) return undefined;
  const states = viewStates(mapCells(statesPath));
  let young: Young[] = [];
  /** Those that have seen a beat. */
  let older: Young[] = [];
  /** Nobody reads the channel any more. */
  let isOver = false;

  const send = (due: readonly Young[]): void => {
    for (let from = 0; from < due.length && !isOver; from += DESCRIPTORS_AT_ONCE) {
      const batch = due.slice(from, from + DESCRIPTORS_AT_ONCE);
      const fault = calls.send(
        channel,
        batch.map(({ descriptor, cell }) => ({ descriptor, marks: [descriptor, cell] })),
      );
      if (fault === 0) for (const { descriptor } of batch) noteKept(states, descriptor);
      else {
        isOver = fault === -EPIPE;
        if (!isOver && fault !== -EAGAIN) onFailure('sendmsg');
        // Later, when the supervisor has read.
        young.push(...due.slice(from));
        break;
      }
    }
    onKept();
  };

  return {
    states,
    opened: (descriptor) => {
      if (!isOver && descriptor < states.length)
        young.push({ descriptor, cell: states[descriptor]! });
    },
    tend: () => {
      const due = older.filter(({ descriptor, cell }) => isSame(states[descriptor]!, cell));
      older = young;
      young = [];
      if (due.length > 0) send(due);
    },
    adopt: (take) => {
      for (let passed = calls.receive(channel); passed; passed = calls.receive(channel))
        for (const { descriptor } of passed)
          if (take) take(descriptor);
          else calls.close(descriptor, true);
    },
  };
};
