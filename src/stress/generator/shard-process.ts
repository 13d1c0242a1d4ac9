/**
 * The entry of a shard's process: connects one shard with the messages of its coordinator.
 * Started by `fleet.ts`; ends when the coordinator ends.
 */
import type { FromShard, ShardPlan, ToShard } from '../messages.ts';
import { buildJourneyIo } from '../journey/journey-io.ts';
import { readJourney } from '../journey/script.ts';
import { buildShard, type Shard } from './shard.ts';

const emit = (message: FromShard): void => {
  process.send?.(message);
};

let shard: Shard | undefined;

const open = async (plan: ShardPlan): Promise<Shard> => {
  const { journey } = plan;
  if (journey === null) return buildShard(plan, emit);
  const script = (await readJourney(journey.path))!;
  const { headers, follow, rows } = journey;
  const shared = {
    url: new URL(journey.url),
    headers,
    follow,
    keepAlive: plan.keepAlive,
    statuses: plan.expect.statuses,
  };
  return buildShard(plan, emit, { buildIo: buildJourneyIo(script, shared, rows) });
};

const obey = async (message: ToShard): Promise<void> => {
  switch (message.kind) {
    case 'open':
      shard = await open(message.plan);
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

/** One after another: the module of a journey takes its time to load. */
let obeyed = Promise.resolve();
process.on('message', (message: ToShard) => {
  obeyed = obeyed.then(() => obey(message));
});
process.on('disconnect', () => process.exit(0));
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
emit({ kind: 'ready' });
