/**
 * Does our HTTP layer answer as the runtime's own server does, and refuse all that it refuses? The same streams of
 * requests, sound and broken, cut at random places, go to both, over the same handler.
 * `npx bun bench/http-differential.ts [REQUESTS] [SEED]`; ends with 1 when ours takes what the runtime refuses.
 */
import { buildRandom } from '../src/core/random.ts';
import { openHttp } from '../src/http/server.ts';
import { openReferenceServer } from '../src/http/reference-server.ts';
import { type Comparison, compareOn, makeStream, type Stream } from '../test/http-bytes.ts';
import { buildPlantedContext, handlersOf } from '../test/planted-service.ts';
import { printMachine } from './lib/measure.ts';

const nRequests = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const AT_ONCE = 128;
printMachine();

const handlers = handlersOf(buildPlantedContext());
const limits = { requestMs: 10_000, idleMs: 75_000 };
const ours = openHttp({ hostname: '127.0.0.1', port: 0, limits, handlers });
const twin = openReferenceServer('127.0.0.1', 0, handlers);
const random = buildRandom(seed);
const below = (n: number): number => Math.floor(random() * n);

const counts = new Map<Comparison['kind'], Map<string, number>>();
const wrong: string[] = [];
let nSent = 0;
const check = async (stream: Stream): Promise<void> => {
  const { kind, what } = await compareOn(ours.port, twin.port, stream);
  const beyond = stream.isBeyondReference ? ' (beyond Bun.serve)' : '';
  const whats = counts.get(kind) ?? new Map<string, number>();
  counts.set(kind, whats.set(what + beyond, (whats.get(what + beyond) ?? 0) + 1));
  if ((kind === 'laxer' || kind === 'different') && !stream.isBeyondReference)
    wrong.push(`${kind}: ${what}\n${JSON.stringify(stream.bytes.toString('latin1'))}`);
};
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (nSent < nRequests) {
      const stream = makeStream({ below });
      nSent += stream.nRequests;
      await check(stream);
    }
  }),
);

console.log(
  `\n${nSent.toLocaleString('en')} requests, seed ${seed}\n\n| ours and Bun.serve | streams |\n|---|---:|`,
);
for (const [kind, whats] of [...counts].sort()) {
  const sum = [...whats.values()].reduce((all, n) => all + n, 0);
  console.log(`| ${kind} | ${sum.toLocaleString('en')} |`);
  if (kind === 'same') continue;
  for (const [what, n] of [...whats].sort(([, m], [, o]) => o - m).slice(0, 12))
    console.log(`| - ${what.replaceAll('|', '/')} | ${n.toLocaleString('en')} |`);
}
for (const one of wrong.slice(0, 10)) console.log(`\n${one}`);
process.exit(wrong.length > 0 ? 1 : 0);
