/** The log of a service, as a program reads it: what is in it from the start to the end, and nothing that is no line of it. */
import { expect, test } from 'bun:test';
import { MAIN, makeModelsDir, runServe, until } from './running.ts';

interface Line {
  readonly severity: string;
  readonly time: string;
  readonly message: string;
}

test('the log holds JSON lines alone: an open port, the start with its addresses, the shutdown with its signal, the end', async () => {
  const service = Bun.spawn(
    [
      ...[process.execPath, MAIN, 'serve', '--models', makeModelsDir(), '--workers', '1'],
      ...['--host', '0.0.0.0', '--port', '0', '--admin-port', '0', '--drain-delay', '10ms'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let text = '';
  const isRead = (async () => {
    for await (const part of service.stderr) text += Buffer.from(part).toString();
  })();
  await until(() => text.includes('the service is ready'));
  service.kill('SIGTERM');
  expect(await service.exited).toBe(0);
  await isRead;
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  for (const { severity, time } of lines) {
    expect(['INFO', 'WARNING']).toContain(severity);
    expect(new Date(time).toISOString()).toBe(time);
  }
  const line = (message: string) => lines.find((one) => one.message === message);
  expect(line('anybody who reaches 0.0.0.0 may call it: see --auth')).toMatchObject({
    severity: 'WARNING',
  });
  const address = expect.stringMatching(/^http:\/\/localhost:\d+$/);
  expect(line('the service is ready')).toMatchObject({
    url: address,
    adminUrl: address,
    workers: 1,
    model: 'planted',
  });
  expect(line('the service is shutting down')).toMatchObject({ signal: 'SIGTERM' });
  expect(lines.at(-1)).toMatchObject({ message: 'the service has ended', exit: 0 });
}, 180_000);

test('a drain delay that leaves nothing of the drain limit is refused', async () => {
  const { exitCode, stderr } = await runServe('--drain-delay', '8s');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--drain-delay is a part of --drain-limit, and must be shorter');
}, 60_000);
