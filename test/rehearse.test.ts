/**
 * `deploy/rehearse` with a kubectl, a helm and a load of the test's own that never come to an end: however it is killed,
 * none of the processes that it started is left, nor its namespace, its folder, or a node that it had cordoned.
 */
import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const REHEARSE = join(import.meta.dir, '../deploy/rehearse');
const folder = mkdtempSync(join(tmpdir(), 'puntual-rehearse-'));
const tools = join(folder, 'tools');
mkdirSync(tools);

/** What hangs writes its process beside the others that hang, and what it is. */
const HANG = 'echo "$0 $*" >"$FAKE/hangs/$$"; exec sleep 1000';
const FAKES: Readonly<Record<string, string>> = {
  kubectl: `echo "$*" >>"$FAKE/said"
case "$*" in
  'get namespace'*) exit 1 ;;
  *nodeName*) echo one ;;
  *port-forward* | 'drain '*) ${HANG} ;;
esac`,
  // The only pod, its node and what else is asked of an answer.
  jq: 'echo one',
  helm: '',
  curl: '',
  // The load that runs meanwhile.
  puntual: HANG,
};
for (const [name, does] of Object.entries(FAKES)) {
  writeFileSync(join(tools, name), `#!/bin/sh\n${does}\n`);
  chmodSync(join(tools, name), 0o755);
}

const isThere = (pid: number): boolean => {
  try {
    // A process that has ended and is not yet waited for is none any more.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};
const started: number[] = [];
afterAll(() => {
  for (const pid of started) if (isThere(pid)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

const until = async (holds: () => boolean, what: string): Promise<void> => {
  for (let i = 0; i < 1200; i++) {
    if (holds()) return;
    await Bun.sleep(25);
  }
  throw new Error(`in 30 s it did not come to this: ${what}`);
};

test.concurrent.each([
  ['SIGTERM', 'reload', 143],
  ['SIGINT', 'reload', 130],
  ['SIGHUP', 'drained', 129],
  ['SIGKILL', 'drained', 137],
  ['SIGKILL', 'reload', 137],
] as const)(
  '%s in the middle of "%s": no process, namespace, file or cordon is left',
  async (signal, step, code) => {
    const fake = mkdtempSync(join(folder, 'run-'));
    const [hangs, temporary] = [join(fake, 'hangs'), join(fake, 'tmp')];
    for (const path of [hangs, temporary]) mkdirSync(path);
    const rehearsal = Bun.spawn(['bash', REHEARSE, '--image', 'puntual:1', '--only', step], {
      cwd: fake,
      env: {
        ...{ PATH: `${tools}:${process.env['PATH']}`, HOME: fake, TMPDIR: temporary },
        ...{ FAKE: fake, PUNTUAL: 'puntual' },
      },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    started.push(rehearsal.pid);
    const isHanging = (): boolean => {
      const whats = readdirSync(hangs).map((pid) => readFileSync(join(hangs, pid), 'latin1'));
      const act = step === 'reload' ? 'port-forward' : 'drain one';
      return [' stress http', act].every((word) => whats.some((what) => what.includes(word)));
    };
    await until(isHanging, 'the step and its load run');
    const pids = readdirSync(hangs).map(Number);
    started.push(...pids);
    rehearsal.kill(signal);
    await rehearsal.exited;
    expect(rehearsal.exitCode ?? 137).toBe(code);
    await until(() => !pids.some(isThere), 'none of its processes is left');
    await until(() => readdirSync(temporary).length === 0, 'its folder is removed');
    const said = readFileSync(join(fake, 'said'), 'latin1').split('\n');
    expect(said).toContain('delete namespace puntual-rehearsal --wait=false');
    expect(said.includes('uncordon one')).toBe(step === 'drained');
    expect(existsSync(join(fake, 'rehearsal-report.md'))).toBe(false);
  },
  180_000,
);
