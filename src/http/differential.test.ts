import { afterAll, expect, test } from 'bun:test';
import { type Comparison, compareOn, makeStream, type Stream } from '../../test/http-bytes.ts';
import { buildPlantedContext, handlersOf } from '../../test/planted-service.ts';
import { buildRandom } from '../core/random.ts';
import { openReferenceServer } from './reference-server.ts';
import { openHttp } from './server.ts';

const N_STREAMS = 400;
const AT_ONCE = 16;
const handlers = handlersOf(buildPlantedContext());
const limits = { requestMs: 10_000, idleMs: 75_000 };
const ours = openHttp({ hostname: '127.0.0.1', port: 0, limits, handlers });
const reference = openReferenceServer('127.0.0.1', 0, handlers);
afterAll(async () => {
  ours.stopListening();
  ours.endConnections('all');
  await reference.stop();
});

test('answers and refuses as the runtime’s own server does, or refuses more', async () => {
  const random = buildRandom(11);
  const odd: [Comparison, string][] = [];
  let nSame = 0;
  const check = async (stream: Stream): Promise<void> => {
    const comparison = await compareOn(ours.port, reference.port, stream);
    if (comparison.kind === 'same') nSame++;
    const isOdd = comparison.kind === 'laxer' || comparison.kind === 'different';
    if (isOdd && !stream.isBeyondReference) odd.push([comparison, stream.bytes.toString('latin1')]);
  };
  for (let n = 0; n < N_STREAMS; n += AT_ONCE) {
    const streams = Array.from({ length: AT_ONCE }, () =>
      makeStream({ below: (most) => Math.floor(random() * most) }),
    );
    await Promise.all(streams.map(check));
  }
  expect(odd).toEqual([]);
  expect(nSame).toBeGreaterThan(N_STREAMS / 3);
}, 180_000);
