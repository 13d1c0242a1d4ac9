/**
 * Does the load come as it was planned, by the service's own log? Stages, a weighted mix, a journey of three steps at 200
 * users a second. `bun bench/stress-load.ts [stages] [mix] [journey]`
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printMachine } from './lib/measure.ts';
import { runStress, startPeer, stop } from './stress-peers.ts';

const PORT = 18_195;
const URL = `http://127.0.0.1:${PORT}/`;
const folder = mkdtempSync(join(tmpdir(), 'puntual-load-'));
let nFailed = 0;
const asked = process.argv.slice(2);
const isAsked = (part: string): boolean => asked.length === 0 || asked.includes(part);

interface Entry {
  readonly ms: number;
  readonly path: string;
}

const logged = async (args: readonly string[]) => {
  const log = join(folder, `${nRuns++}.log`);
  const shop = await startPeer('shop.ts', PORT, [log]);
  try {
    const result = await runStress([`${URL}load`, ...args]);
    // What is written last lies in the shop's buffer until it has time.
    await Bun.sleep(200);
    const entries = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line): Entry => {
        const [ms, path] = line.split(' ');
        return { ms: Number(ms), path: path! };
      })
      .filter(({ path }) => path !== '/');
    return { result, entries };
  } finally {
    await stop(shop);
  }
};
let nRuns = 0;

const rowOf = (name: string, planned: number, seen: number): void => {
  const off = seen / planned - 1;
  if (Math.abs(off) > 0.01) nFailed++;
  console.log(`| ${name} | ${planned} | ${seen} | ${(off * 100).toFixed(2)} % |`);
};

printMachine();

if (isAsked('stages')) {
  console.log(
    '\nStages, by the log of the service\n\n| stage | planned | in the log | off by |\n|---|---:|---:|---:|',
  );
  const stages = [
    { text: '100@4s', seconds: 4, planned: 400 },
    { text: '100..1000@6s', seconds: 6, planned: 3300 },
    { text: '1000@4s', seconds: 4, planned: 4000 },
    { text: '200@4s', seconds: 4, planned: 800 },
  ];
  const { entries } = await logged([
    '--rate',
    stages.map(({ text }) => text).join(','),
    '-c',
    '200',
  ]);
  // The probe comes first; the first request of the load begins the first stage.
  const [, first] = entries;
  let fromMs = first!.ms;
  for (const { text, seconds, planned } of stages) {
    const toMs = fromMs + seconds * 1000;
    const seen = entries.slice(1).filter(({ ms }) => ms >= fromMs - 0.5 && ms < toMs - 0.5).length;
    rowOf(text, planned, seen);
    fromMs = toMs;
  }
}

if (isAsked('mix')) {
  console.log(
    '\nA weighted mix, 7:2:1 and 0.55:0.45, 500/s for 6 s\n\n| path | by its weight | in the log | off by |\n|---|---:|---:|---:|',
  );
  for (const weights of [
    [7, 2, 1],
    [0.55, 0.45],
  ]) {
    const script = join(folder, `mix-${weights.length}.mjs`);
    const list = weights.map((weight, i) => ({ name: `r${i}`, weight, path: `/r${i}` }));
    writeFileSync(script, `export const requests = ${JSON.stringify(list)};`);
    const { entries } = await logged(['-s', script, '--rate', '500', '-d', '6s']);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (const { path, weight } of list) {
      // The probe asked the first.
      const seen = entries.filter((entry) => entry.path === path).length - (path === '/r0' ? 1 : 0);
      rowOf(path, Math.round((3000 * weight) / sum), seen);
    }
  }
}

if (isAsked('journey')) {
  console.log(
    '\nA journey of three steps (log in, search with the token, buy; thinking 0.2 to 0.6 s), 200 users/s for 10 s\n',
  );
  const script = join(folder, 'journey.mjs');
  writeFileSync(
    script,
    `export const journey = async ({ request, think, user }) => {
  const login = await request('login', { method: 'POST', path: '/login', body: { user } });
  const headers = { authorization: 'Bearer ' + login.json().token };
  await think(200, 600);
  await request('search', { path: '/search', headers });
  await request('buy', { method: 'POST', path: '/buy', headers });
};`,
  );
  const { result, entries } = await logged(['-s', script, '--rate', '200', '-d', '10s']);
  console.log('| step | planned by the run | in the log | off by |\n|---|---:|---:|---:|');
  for (const { name, planned } of result.names ?? []) {
    // One user walked before the load.
    rowOf(name, planned, entries.filter(({ path }) => path === `/${name}`).length - 1);
  }
  const { started = 0, done = 0, failed = 0 } = result.users ?? {};
  rowOf('users that began (2,000 planned)', 2000, started);
  console.log(
    `\n${done} came to the end, ${failed} failed; ${result.errors} errors of ${result.planned} requests; generator ${(result.generator.busy * 100).toFixed(0)} % busy; exit ${result.exitCode}: ${result.verdict}`,
  );
  if (failed > 0 || result.errors > 0) nFailed++;
}

console.log(
  `\n${nFailed === 0 ? 'holds' : `FAILS (${nFailed})`}: everything within 1 % of its plan`,
);
rmSync(folder, { recursive: true });
