/**
 * `puntual stress --on kubernetes`, with a `kubectl` in the PATH that runs the parts of the Job as processes here.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addStressOptions } from './flags.ts';
import { forParts } from './parts.ts';

const MAIN = join(import.meta.dir, '../main.ts');
const folder = mkdtempSync(join(tmpdir(), 'puntual-kubectl-'));
const said = join(folder, 'said');

const service = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => new Response('hello'),
});

beforeAll(() => {
  const kubectl = join(folder, 'kubectl');
  writeFileSync(
    kubectl,
    `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dir, '../../../test/fake-kubectl.ts')}' "$@"\n`,
  );
  chmodSync(kubectl, 0o755);
});
afterAll(async () => {
  await service.stop(true);
  rmSync(folder, { recursive: true });
});

const stress = (mode: string, ...flags: string[]) =>
  Bun.spawn([process.execPath, MAIN, 'stress', `http://127.0.0.1:${service.port}/x`, ...flags], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: `${folder}:${process.env['PATH']}`,
      FAKE_KUBECTL: folder,
      FAKE_MODE: mode,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const ON = ['--on', 'kubernetes', '--image', 'registry/puntual:1', '--namespace', 'load'];

const wordsSaid = (): readonly string[] => readFileSync(said, 'utf8').trim().split('\n');

describe('a run in parts on Kubernetes', () => {
  test('is the run of all its parts, of which each missed the threshold, and nothing of it is left', async () => {
    writeFileSync(join(folder, 'body.txt'), 'x');
    const run = stress(
      'run',
      ...ON,
      ...['--parts', '3', '--start-in', '20s', '--json', '--rate', '90', '-d', '1s', '-c', '6'],
      ...['--body', '@body.txt', '-H', 'x-note: $(PART)', '--slo', 'p99<0.001ms', '--threads', '1'],
    );
    const [out, problems] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
    ]);
    expect(`${await run.exited} ${problems}`).toStartWith('99 ');
    const document = JSON.parse(out) as Record<string, unknown>;
    expect(document).toMatchObject({
      planned: 90,
      outcomes: { ok: 90 },
      connections: { planned: 6, opened: 6 },
      result: 'failed',
      thresholds: [{ threshold: 'p99<0.001ms', holds: false }],
    });
    expect(problems).toContain('3 parts of registry/puntual:1');
    const words = wordsSaid();
    expect(words.every((line) => line.startsWith('--namespace load '))).toBe(true);
    expect(words.at(-1)).toMatch(
      / delete job,secret -l app\.kubernetes\.io\/instance=puntual-stress-/,
    );
    const job = JSON.parse(readFileSync(join(folder, 'created'), 'utf8')) as {
      items: readonly { kind: string; data?: Record<string, string> }[];
    };
    expect(job.items.map(({ kind }) => kind)).toEqual(['Secret', 'Job']);
    expect(Object.values(job.items[0]!.data!)).toEqual([btoa('x')]);
  }, 180_000);

  test('stops at once when a pod cannot start, with the reason, and takes the Job away', async () => {
    const output = join(folder, 'report.html');
    const run = stress('no-image', ...ON, '--rate', '10', '-d', '1s', '-o', output);
    const problems = await new Response(run.stderr).text();
    expect(await run.exited).toBe(2);
    expect(problems).toContain('pod part-0: ErrImagePull: no such image');
    expect(wordsSaid().at(-1)).toContain(' delete job,secret ');
    expect(existsSync(output)).toBe(false);
  }, 180_000);

  test('says what a part said that left no run', async () => {
    const run = stress('broken', ...ON, '--rate', '10', '-d', '1s');
    const problems = await new Response(run.stderr).text();
    expect(await run.exited).toBe(3);
    expect(problems).toContain('part 0 (pod part-0) left no run: puntual: nobody answers');
  }, 180_000);

  test('ends on Ctrl-C, and takes the Job away first', async () => {
    const run = stress('pending', ...ON, '--rate', '10', '-d', '1s');
    const reader = run.stderr.getReader();
    let problems = '';
    while (!problems.includes('0 of 4 parts are there; pod part-0: 0/1 nodes are free'))
      problems += Buffer.from((await reader.read()).value!).toString();
    run.kill('SIGINT');
    expect(await run.exited).toBe(130);
    expect(wordsSaid().at(-1)).toContain(' delete job,secret ');
  }, 180_000);

  test.each([
    [['--rate', '10'], 'needs --image'],
    [['--image', 'x', '--rate', '10', '--part', '0/2'], '--part and --on kubernetes exclude'],
    [['--image', 'x', '--find-max'], 'need a plain run'],
    [['--image', 'x', '--rate', '10', '--body', '@none'], "'none' does not exist"],
  ])('refuses %p in one sentence', async (flags, sentence) => {
    const run = stress('run', '--on', 'kubernetes', ...flags);
    const problems = await new Response(run.stderr).text();
    expect(problems).toContain(sentence);
    expect(problems.trim().split('\n')).toHaveLength(1);
    expect(await run.exited).toBe(2);
  });
});

test('each way to write a flag reaches the parts, but what is done here does not', () => {
  const objectives = join(import.meta.dir, '../../../deploy/slo.yaml');
  const argv = [
    ...['http://a/', '-r', '50', '-c9', '--duration=5s', '--no-keep-alive', '--json'],
    ...['-o', 'x.html', '--output=y.json', '--on', 'kubernetes', '--image=i', '--slo'],
    `@${objectives}`,
  ];
  const command = addStressOptions(new Command('stress')).exitOverride();
  command.action(() => {});
  command.parse(argv, { from: 'user' });
  expect(forParts(command, argv)).toEqual({
    args: [
      ...['http://a/', '--rate=50', '--connections=9', '--duration=5s', '--no-keep-alive'],
      '--slo=errors<0.1%,p99<50ms',
    ],
    env: {},
    files: new Map(),
  });
});
