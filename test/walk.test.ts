/**
 * Walks the README as a newcomer would: `npm start` with no model yet, then the commands of "A short walk"
 * against it, with the ports and the models' folder of this test instead of the usual ones. The last step, a
 * model that was handed over, is walked by `handed.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-walk-'));
const steps = [
  ...readFileSync(join(ROOT, 'README.md'), 'utf8')
    .split('## A short walk')[1]!
    .matchAll(/```sh\n([\s\S]*?)```/g),
].map(([, block]) => block!);

/** A port that was free a moment ago. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** The folder of `bringCurl`, first on the path of what is walked. */
const programs = join(folder, 'bin');

/** Puts a curl of our own there, for a machine with nothing but Node. */
const bringCurl = (): void => {
  mkdirSync(programs);
  writeFileSync(
    join(programs, 'curl'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dir, 'curl.ts')}' "$@"\n`,
    { mode: 0o755 },
  );
};

let service: Bun.Subprocess<'ignore', 'ignore', 'pipe'>;
let ports: { service: number; admin: number };

const isReady = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200;
  } catch {
    return false;
  }
};

/** Waits for a condition; the test's own time limit ends a wait in vain. */
const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await Bun.sleep(50);
};

beforeAll(async () => {
  symlinkSync(join(ROOT, 'data'), join(folder, 'data'));
  if (Bun.which('curl') === null) bringCurl();
  ports = { service: await freePort(), admin: await freePort() };
  service = Bun.spawn(
    [
      'npm',
      'start',
      '--',
      '--models',
      join(folder, 'models'),
      '--port',
      `${ports.service}`,
      '--admin-port',
      `${ports.admin}`,
    ],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await until(async () => {
    if (service.exitCode !== null) throw new Error(await new Response(service.stderr).text());
    return isReady(ports.service);
  });
}, 220_000);

afterAll(async () => {
  service.kill('SIGTERM');
  await service.exited;
  rmSync(folder, { recursive: true });
}, 180_000);

/** Runs a step of the walk as it is printed, but for ports and the way to the command. */
const walk = (step: string): { exitCode: number; out: string } => {
  const command = step
    .replaceAll('localhost:8080', `127.0.0.1:${ports.service}`)
    .replaceAll('localhost:8081', `127.0.0.1:${ports.admin}`)
    .replaceAll('npx puntual stress', `npx puntual stress --admin http://127.0.0.1:${ports.admin}`)
    .replaceAll('npx puntual', join(ROOT, 'bin/puntual'));
  const { exitCode, stdout, stderr } = Bun.spawnSync(['bash', '-euo', 'pipefail', '-c', command], {
    cwd: folder,
    env: { ...process.env, PATH: `${programs}:${process.env['PATH']}` },
    stdin: 'ignore',
  });
  return { exitCode, out: `${stdout}${stderr}` };
};

/** What a run that printed this must exit with; how fast this machine is today decides which of the three it is. */
const exitCodeOf = (out: string): number => {
  if (/^verdict\s+FAILED/m.test(out)) return 99;
  return /^measurement\s+valid/m.test(out) ? 0 : 3;
};

describe('the walk of the README', () => {
  test('asks about one flight and gets an answer', () => {
    const { exitCode, out } = walk(steps[0]!);
    expect(exitCode).toBe(0);
    const answer = JSON.parse(out) as {
      probability: number;
      delayed: boolean;
      model: { name: string };
    };
    expect(answer.probability).toBeGreaterThan(0);
    expect(answer.probability).toBeLessThan(1);
    expect(answer.model.name).toBe('nyc');
  });

  test('stresses the service: every request is accounted for, and the exit code says what the verdict says', () => {
    const { exitCode, out } = walk(steps[1]!);
    expect(out).toMatch(/20,000 planned = [\d,]+ ok/);
    expect(out).toContain('response time');
    expect(exitCode).toBe(exitCodeOf(out));
  }, 180_000);

  test('kills a worker, which is replaced and said so', () => {
    const [stress, workers] = steps[2]!.trim().split('\n');
    const { exitCode, out } = walk(stress!);
    expect(out).toContain('was killed');
    expect(out).toContain('replaced in');
    expect(exitCode).toBe(exitCodeOf(out));
    expect(walk(workers!).out).toContain('"restarts":1');
  }, 180_000);

  test('profiles, trains, evaluates and scores a file', () => {
    const { exitCode, out } = walk(steps[3]!);
    expect({ exitCode, out: exitCode === 0 ? '' : out }).toEqual({ exitCode: 0, out: '' });
    const [header, ...rows] = readFileSync(join(folder, 'predictions.csv'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(header).toContain('probability');
    expect(rows.length).toBe(336_776);
  }, 180_000);
});

test('a signal to npm ends the service too, not npm alone: exit code 0', async () => {
  service.kill('SIGTERM');
  expect(await service.exited).toBe(0);
  expect(await isReady(ports.service)).toBe(false);
}, 180_000);
