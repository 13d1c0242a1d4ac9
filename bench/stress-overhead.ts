/**
 * What recording, checking and the live view cost: the rate of a closed loop with each of them off, on nginx.
 * One generator process on core 0, nginx on core 1, alternating. `bun bench/stress-overhead.ts [SECONDS]`
 */
import { join } from 'node:path';
import { alternate, type Contender, printFigures, printMachine } from './lib/measure.ts';
import { onCore, runStress, startNginx, stop } from './stress-peers.ts';

const PORT = 18_194;
const URL = `http://127.0.0.1:${PORT}/`;
const seconds = process.argv[2] ?? '3';
const ASKED = ['-t', '1', '-c', '64', '-d', `${seconds}s`];
const LONE = join(import.meta.dir, 'peers', 'load', 'lone-shard.ts');

/** A shard alone, with its recorder or with one that only counts requests. */
const lone = (name: string, records: 'kept' | 'none'): Contender => ({
  name,
  run: async () => {
    const command = [process.execPath, LONE, String(PORT), seconds, records];
    const child = Bun.spawn(onCore(0, command), { stdio: ['ignore', 'pipe', 'inherit'] });
    return Number(await new Response(child.stdout).text());
  },
});

const whole = (name: string, ...flags: string[]): Contender => ({
  name,
  run: async () => (await runStress([URL, ...ASKED, ...flags], 0)).throughputPerSecond,
});

/** The same on a terminal, which the live view draws on. */
const viewed: Contender = {
  name: 'everything, and the live view on a terminal',
  run: async () => {
    const main = join(import.meta.dir, '..', 'src', 'cli', 'main.ts');
    const file = join('/tmp', `puntual-overhead-${process.pid}.json`);
    const command = [process.execPath, main, 'stress', URL, ...ASKED, '-o', file].join(' ');
    const child = Bun.spawn(onCore(0, ['script', '-qec', command, '/dev/null']), {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await child.exited;
    const run = (await Bun.file(file).json()) as {
      main: { summary: { throughputPerSecond: number } };
    };
    await Bun.file(file).delete();
    return run.main.summary.throughputPerSecond;
  },
};

printMachine();
const nginx = await startNginx(PORT, 1);
try {
  const bare = 'a shard that records nothing';
  const figures = await alternate(
    [
      lone(bare, 'none'),
      lone('a shard that records', 'kept'),
      whole('puntual stress --no-check', '--no-check'),
      whole('puntual stress, checked'),
      viewed,
    ],
    5,
    1,
  );
  console.log('');
  printFigures(figures, 'answers/s', bare);
} finally {
  await stop(nginx);
}
