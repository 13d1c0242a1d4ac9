import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from '../../../test/http-talk.ts';
import { restedMs } from './event-loop.ts';

const server = open(() => 'x');
const dir = mkdtempSync(join(tmpdir(), 'puntual-event-loop-'));
afterAll(() => {
  server.stopListening();
  rmSync(dir, { recursive: true, force: true });
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a loop rests while nothing happens', async () => {
  while (restedMs() === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(restedMs()).toBeGreaterThan(0);
});

test('it does not while somebody works on from turn to turn', async () => {
  const rests: number[] = [];
  for (let n = 0; n < 20; n++) {
    const untilMs = performance.now() + 1;
    while (performance.now() < untilMs);
    await nextTurn();
    rests.push(restedMs());
  }
  // The first two turns may have begun before.
  expect(rests.slice(2)).toEqual(Array(18).fill(0));
});

test.if(process.platform === 'linux')(
  'while the share of a quota is used up, known connections go before new ones, for as long as any asks',
  async () => {
    const program = join(dir, 'program.test.ts');
    writeFileSync(
      program,
      `import { expect, test } from 'bun:test';
import { get, open, talk } from '${join(import.meta.dir, '../../../test/http-talk.ts')}';
import { pace } from '${join(import.meta.dir, '../../host/pace.ts')}';
test('in turn', async () => {
let isUsedUp = false;
pace.kind = () => () => (isUsedUp ? 1 : 0);
let nowMs = performance.now();
performance.now = () => nowMs;
const asked = [];
const server = open(({ path }) => {
  asked.push(path);
  return 'answer to ' + path;
});
const known = talk(server, get('/known'));
await known.until('answer to /known');
isUsedUp = true;
const ask = async (n) => {
  known.socket.write(get('/known-' + n));
  await known.until('answer to /known-' + n);
};
await ask(0);
const fresh = talk(server, get('/new'));
await new Promise((resolve) => fresh.socket.once('connect', resolve));
for (let n = 1; n <= 5; n++) await ask(n);
expect(asked.splice(0)).toEqual(['/known', ...[0, 1, 2, 3, 4, 5].map((n) => '/known-' + n)]);
nowMs += 2000;
await fresh.until('answer to /new');
await ask(6);
const other = talk(server, get('/other'));
await new Promise((resolve) => other.socket.once('connect', resolve));
await ask(7);
isUsedUp = false;
await other.until('answer to /other');
expect(asked).toEqual(['/new', '/known-6', '/known-7', '/other']);
}, 60_000);
`,
    );
    // In a process of its own, since there is one loop in each.
    const child = Bun.spawn([process.execPath, 'test', program], {
      cwd: dir,
      stdout: 'ignore',
      stderr: 'pipe',
    });
    expect(await new Response(child.stderr).text()).toContain(' 1 pass\n 0 fail\n');
  },
);
