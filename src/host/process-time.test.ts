import { expect, test } from 'bun:test';
import { openProcessTime } from './process-time.ts';

test.if(process.platform === 'linux')(
  'the processor time of another process grows while it works, and is none when it is gone',
  async () => {
    const timeOf = openProcessTime()!;
    const child = Bun.spawn([process.execPath, '-e', 'for (;;);']);
    const beforeMs = timeOf(child.pid);
    while (timeOf(child.pid) < beforeMs + 20) await Bun.sleep(1);
    child.kill('SIGKILL');
    await child.exited;
    expect(timeOf(child.pid)).toBeNaN();
  },
  60_000,
);
