import { expect, test } from 'bun:test';
import { paceProcess } from './paced-process.ts';

const TEST_MS = 60_000;

/** A process that works for 50 ms of processor and ends. */
const begin = (words = 'while (process.cpuUsage().user < 50_000);') => {
  const process_ = Bun.spawn([process.execPath, '-e', words], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const signals: string[] = [];
  const paced = {
    pid: process_.pid,
    started: process_.exited,
    nProcesses: 2,
    signal: (signal: 'SIGSTOP' | 'SIGCONT') => {
      signals.push(signal);
      process_.kill(signal);
    },
  };
  return { process: process_, paced, signals };
};

test.if(process.platform === 'linux')(
  'a process that starts beside others rests under a quota, and comes to its end',
  async () => {
    const { process, paced, signals } = begin();
    await paceProcess({ ...paced, isUrgent: () => false, quota: () => 0.5 });
    expect(process.exitCode).toBe(0);
    expect(signals.length).toBeGreaterThan(2);
    expect(signals.every((signal, i) => signal === (i % 2 === 0 ? 'SIGSTOP' : 'SIGCONT'))).toBe(
      true,
    );
  },
  TEST_MS,
);

test.each([
  ['where no quota holds it back', Number.POSITIVE_INFINITY, false],
  ['when it is needed', 0.5, true],
])(
  'it never rests %s',
  async (_, quota, isUrgent) => {
    const { process, paced, signals } = begin();
    await paceProcess({ ...paced, isUrgent: () => isUrgent, quota: () => quota });
    expect(process.exitCode).toBe(0);
    expect(signals).toEqual([]);
  },
  TEST_MS,
);

test.if(process.platform === 'linux')(
  'one that ends while it rests is not waited for',
  async () => {
    const { process, paced, signals } = begin('for (;;);');
    const end = paceProcess({ ...paced, isUrgent: () => false, quota: () => 0.5 });
    while (signals.length === 0) await Bun.sleep(1);
    process.kill('SIGKILL');
    await end;
    expect(process.signalCode).toBe('SIGKILL');
  },
  TEST_MS,
);
