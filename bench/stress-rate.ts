/**
 * Does the generator ask as many requests per second and core as wrk, and 1.5 times autocannon?
 * Generator on core 0, nginx returning a constant on core 1, alternating.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  alternate,
  type Contender,
  printFigures,
  printMachine,
  versionLine,
} from './lib/measure.ts';
import { onCore, runStress, startNginx, stop } from './stress-peers.ts';

const PORT = 18_198;
const SECONDS = 3;
const URL = `http://127.0.0.1:${PORT}/`;
const AUTOCANNON = join(
  import.meta.dir,
  'peers',
  'load',
  'node_modules',
  'autocannon',
  'autocannon.js',
);

const textOf = async (command: readonly string[]): Promise<string> => {
  const child = Bun.spawn(onCore(0, command), { stdio: ['ignore', 'pipe', 'ignore'] });
  return new Response(child.stdout).text();
};

const wrk = (connections: number): Contender => ({
  name: 'wrk -t1',
  run: async () => {
    const text = await textOf(['wrk', '-t1', `-c${connections}`, `-d${SECONDS}s`, URL]);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  },
});

const ours = (connections: number, name: string, extra: readonly string[]): Contender => ({
  name,
  run: async () => {
    const asked = ['-t', '1', '-c', String(connections), '-d', `${SECONDS}s`, ...extra];
    return (await runStress([URL, ...asked], 0)).throughputPerSecond;
  },
});

const autocannon = (connections: number): Contender => ({
  name: 'autocannon',
  run: async () => {
    const asked = ['-c', String(connections), '-d', String(SECONDS), '-j', '-n', URL];
    const text = await textOf(['node', AUTOCANNON, ...asked]);
    return (JSON.parse(text) as { requests: { average: number } }).requests.average;
  },
});

printMachine({ wrk: versionLine('wrk', '-v'), nginx: versionLine('nginx', '-v') });
const nginx = await startNginx(PORT, 1);
try {
  for (const connections of [64, 400]) {
    const contenders = [
      wrk(connections),
      ours(connections, 'puntual stress', []),
      ours(connections, 'puntual stress, answers checked', ['--check']),
      ...(existsSync(AUTOCANNON) ? [autocannon(connections)] : []),
    ];
    console.log(`\n${connections} connections, generator on one core, nginx on the other\n`);
    printFigures(await alternate(contenders, 5, 1), 'requests/s', 'wrk -t1');
  }
} finally {
  await stop(nginx);
}
