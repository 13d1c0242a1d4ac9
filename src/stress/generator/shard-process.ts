/**
 * The entry of a shard's process: connects one shard with the messages of its coordinator.
 * Started by `fleet.ts`; ends when the coordinator ends.
 */
import type { FromShard, ToShard } from '../messages.ts';
import { buildShard, type Shard } from './shard.ts';

const emit = (message: FromShard): void => {
  process.send?.(message);
};

let shard: Shard | undefined;

const obey = (message: ToShard): void => {
  switch (message.kind) {
    case 'open':
      shard = buildShard(message.plan, emit);
      break;
    case 'grow':
      shard?.grow(message.nConnections);
      break;
    case 'step':
      shard?.start(message.step);
      break;
    case 'stop':
      shard?.stop();
      break;
    case 'reset':
      shard?.reset(message.share);
      break;
    case 'close':
      shard?.close();
      process.exit(0);
  }
};

process.on('message', (message: ToShard) => obey(message));
process.on('disconnect', () => process.exit(0));
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
emit({ kind: 'ready' });
