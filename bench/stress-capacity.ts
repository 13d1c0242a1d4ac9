/**
 * Does the capacity search find a known limit within 5 % in under 90 s? Is "generator-bound" said exactly when a
 * stronger generator would have asked more? The truth is measured: each case is run again with a whole processor.
 *
 *   bun bench/stress-capacity.ts [known] [busy] [bound] [search]
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import { printMachine } from './lib/measure.ts';
import { makeQuota } from './peers/load/quota.ts';
import {
  listens,
  onCore,
  runStress,
  type StressResult,
  startNginx,
  startPeer,
  stop,
} from './stress-peers.ts';

const PORT = 18_196;
const URL = `http://127.0.0.1:${PORT}/`;
const SERVICE_MS = 2;
const asked = process.argv.slice(2);
const isAsked = (part: string): boolean => asked.length === 0 || asked.includes(part);

/** What takes half a processor from the generator, which runs on core 0. */
const HINDRANCES = [
  'none',
  'a busy loop beside it',
  'nice 5 and a busy loop',
  'a quota of half',
] as const;
type Hindrance = (typeof HINDRANCES)[number];

const startSpinner = (core = 0): Subprocess =>
  Bun.spawn(onCore(core, [process.execPath, '-e', 'for (;;);']), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });

const runHindered = async (
  hindrance: Hindrance,
  args: readonly string[],
): Promise<StressResult | undefined> => {
  switch (hindrance) {
    case 'none':
      return runStress(args, 0);
    case 'a quota of half': {
      const quota = makeQuota(0.5);
      if (!quota) return undefined;
      try {
        return await runStress(args, 0, quota.before);
      } finally {
        quota.remove();
      }
    }
    default: {
      const spinner = startSpinner();
      try {
        return await runStress(args, 0, hindrance.startsWith('nice') ? ['nice', '-n', '5'] : []);
      } finally {
        await stop(spinner);
      }
    }
  }
};

/** Services on core 1, each with the loads that it is asked. */
const CASES: readonly {
  readonly name: string;
  readonly start: () => Promise<Subprocess>;
  readonly loads: readonly (readonly [string, readonly string[]])[];
}[] = [
  {
    name: 'nginx, a constant',
    start: () => startNginx(PORT, 1),
    loads: [
      ['closed, 64 connections', ['-c', '64']],
      ['60,000/s planned', ['--rate', '60000', '-c', '256']],
      ['5,000/s planned', ['--rate', '5000']],
    ],
  },
  {
    name: 'one lane of 2 ms',
    start: () => startPeer('lane.ts', PORT, ['fixed', SERVICE_MS]),
    loads: [['closed, 16 connections', ['-c', '16']]],
  },
  {
    name: '0.4 ms of work for each answer',
    start: () => startPeer('constant.ts', PORT, [400]),
    loads: [['closed, 64 connections', ['-c', '64']]],
  },
];

/** A stronger generator asks so much more, or its answers come so much sooner: then the hindered one is a lower bound. */
const GAIN = 1.1;
const SOONER_MS = 20;
/** Lateness that the rule allows; what lies between is a matter of taste. */
const ALLOWED_MS = 10;

/** What the verdict should be, undefined where either will do. */
const truthOf = (run: StressResult, free: StressResult): StressResult['verdict'] | undefined => {
  if (free.throughputPerSecond > GAIN * run.throughputPerSecond) return 'generator-bound';
  const soonerMs = run.model === 'open' ? run.responseTime.p99Ms - free.responseTime.p99Ms : 0;
  if (soonerMs > SOONER_MS) return 'generator-bound';
  return soonerMs > ALLOWED_MS ? undefined : 'valid';
};

const percent = (share: number | null): string =>
  share === null ? '-' : `${(share * 100).toFixed(0)} %`;

const printBound = async (): Promise<void> => {
  console.log(
    '\n| service | load | hindrance | answers/s | with a whole processor | p99 ms | ran | waited | service worked | verdict | |',
  );
  console.log('|---|---|---|---:|---:|---:|---:|---:|---:|---|---|');
  let nWrong = 0;
  for (const { name, start, loads } of CASES) {
    const service = await start();
    try {
      for (const [load, args] of loads) {
        const full = [URL, '-t', '1', '-d', '3s', ...args];
        const free = (await runHindered('none', full))!;
        for (const hindrance of HINDRANCES) {
          const run = hindrance === 'none' ? free : await runHindered(hindrance, full);
          if (!run) {
            console.log(`| ${name} | ${load} | ${hindrance} | no quota can be set here ||||||||`);
            continue;
          }
          const { busy, starved, service: worked } = run.generator;
          // With a whole processor nothing stronger can be tried here: that row only shows the figures.
          const truth = hindrance === 'none' ? run.verdict : truthOf(run, free);
          const word = truth === undefined ? 'either' : truth === run.verdict ? 'right' : 'WRONG';
          if (word === 'WRONG') nWrong++;
          console.log(
            `| ${name} | ${load} | ${hindrance} | ${run.throughputPerSecond.toFixed(0)} | ${free.throughputPerSecond.toFixed(0)} | ${run.responseTime.p99Ms.toFixed(1)} | ${percent(busy)} | ${percent(starved)} | ${percent(worked)} | ${run.verdict} | ${hindrance === 'none' ? '' : word} |`,
          );
        }
      }
    } finally {
      await stop(service);
    }
  }
  console.log(`\n${nWrong === 0 ? 'holds' : 'FAILS'}: ${nWrong} wrong verdicts`);
};

const printKnown = async (): Promise<void> => {
  console.log(`\nOne lane of ${SERVICE_MS} ms: the limit is ${1000 / SERVICE_MS} per second\n`);
  const lane = await startPeer('lane.ts', PORT, ['fixed', SERVICE_MS]);
  try {
    const startMs = performance.now();
    const { findMax, verdict } = await runStress([URL, '--find-max'], 0);
    const seconds = (performance.now() - startMs) / 1000;
    const found = findMax?.sustainedPerSecond ?? 0;
    const off = found / (1000 / SERVICE_MS) - 1;
    console.log(
      `found ${found.toFixed(0)} (${(off * 100).toFixed(1)} %), broke at ${findMax?.breakingPerSecond?.toFixed(0)} (${findMax?.reason}), ${seconds.toFixed(0)} s, ${verdict}`,
    );
    console.log(Math.abs(off) <= 0.05 && seconds < 90 ? 'holds' : 'FAILS');
  } finally {
    await stop(lane);
  }
};

/** haproxy that answers so many requests a second itself, and refuses the others with 429. */
const startHaproxy = async (perSecond: number): Promise<Subprocess> => {
  const path = join(mkdtempSync(join(tmpdir(), 'puntual-haproxy-')), 'haproxy.cfg');
  writeFileSync(
    path,
    `global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend all
  bind 127.0.0.1:${PORT}
  stick-table type integer size 1 expire 10s store http_req_rate(1s)
  http-request track-sc0 int(1)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${perSecond} }
  http-request return status 200 content-type text/plain string "ok"
`,
  );
  const child = Bun.spawn(['haproxy', '-db', '-f', path], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await listens(PORT);
  return child;
};

/** Known limits, while other work keeps the second core: within 5 %, or "too noisy", never a wrong number. */
const printBusy = async (): Promise<void> => {
  console.log(
    '\nKnown limits, a busy loop on the second core all the time; nothing else is pinned\n',
  );
  console.log(
    '| service | limit/s | sustained/s | off by | broke at/s | seconds | exit | |\n|---|---:|---:|---:|---:|---:|---:|---|',
  );
  const services = [
    { name: 'haproxy, 429 above 400/s', limit: 400, start: () => startHaproxy(400) },
    {
      name: `one lane of ${SERVICE_MS} ms`,
      limit: 1000 / SERVICE_MS,
      start: () => startPeer('lane.ts', PORT, ['fixed', SERVICE_MS], null),
    },
  ];
  let nWrong = 0;
  for (const { name, limit, start } of services) {
    const spinner = startSpinner(1);
    const service = await start();
    try {
      const startMs = performance.now();
      const { exitCode, verdict, findMax } = await runStress([
        URL,
        '--find-max',
        '--max-time',
        '100s',
      ]);
      const seconds = (performance.now() - startMs) / 1000;
      const found = findMax?.sustainedPerSecond ?? 0;
      const off = found / limit - 1;
      // The figure that is given beside "too noisy" is a lower bound, and says so.
      const isTold = exitCode === 3 && found <= limit * 1.05;
      const isRight = seconds < 105 && (isTold || Math.abs(off) <= 0.05);
      if (!isRight) nWrong++;
      console.log(
        `| ${name} | ${limit} | ${found.toFixed(0)} | ${(off * 100).toFixed(1)} % | ${findMax?.breakingPerSecond?.toFixed(0)} (${findMax?.reason}) | ${seconds.toFixed(0)} | ${exitCode} ${verdict} | ${isRight ? '' : 'WRONG'} |`,
      );
    } finally {
      await stop(service);
      await stop(spinner);
    }
  }
  console.log(`\n${nWrong === 0 ? 'holds' : 'FAILS'}`);
};

const printSearch = async (): Promise<void> => {
  console.log('\nThe search on nginx, a busy loop beside the generator\n');
  const nginx = await startNginx(PORT, 1);
  const spinner = startSpinner();
  try {
    const { exitCode, verdictSentence, findMax } = await runStress(
      [URL, '--find-max', '-t', '1'],
      0,
    );
    console.log(
      `sustained ${findMax?.sustainedPerSecond?.toFixed(0)}, broke at ${findMax?.breakingPerSecond?.toFixed(0)} (${findMax?.reason}); exit ${exitCode}: ${verdictSentence}`,
    );
    console.log(exitCode === 3 ? 'holds' : 'FAILS');
  } finally {
    await stop(spinner);
    await stop(nginx);
  }
};

printMachine();
if (isAsked('known')) await printKnown();
if (isAsked('busy')) await printBusy();
if (isAsked('bound')) await printBound();
if (isAsked('search')) await printSearch();
