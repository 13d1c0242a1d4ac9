/** A service that is frozen, as a container without traffic may be, and thawed: nobody is taken for hung. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { PLANTED_FLIGHT } from '../planted.ts';
import { metricOf, startService, until } from './running.ts';

const FROZEN_MS = 5000;
const BODY = JSON.stringify(PLANTED_FLIGHT);

test('a tree that stood still for many times its limits goes on with the same workers, and answers what came meanwhile', async () => {
  const service = await startService(['--hang-limit', '300ms', '--request-timeout', '4s']);
  const workers = await service.workerList();
  const children = readFileSync(
    `/proc/${service.process.pid}/task/${service.process.pid}/children`,
    'utf8',
  );
  const tree = [service.process.pid, ...children.split(' ').map(Number)].filter((pid) => pid > 0);
  const answer = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('data', (part) => answer.resolve(String(part)));
  socket.on('close', () => answer.resolve('closed'));
  socket.write(
    `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`,
  );
  // The head has been read by whoever answers what was sent after it.
  for (let i = 0; i < 20; i++) expect((await service.predict()).status).toBe(200);
  for (const pid of tree) process.kill(pid, 'SIGSTOP');
  socket.write(BODY);
  await Bun.sleep(FROZEN_MS);
  for (const pid of tree) process.kill(pid, 'SIGCONT');
  expect(await answer.promise).toStartWith('HTTP/1.1 200');
  socket.destroy();
  const lookedAt = performance.now() + 1000;
  await until(() => performance.now() > lookedAt);
  expect((await service.workerList()).map(({ pid }) => pid)).toEqual(workers.map(({ pid }) => pid));
  expect(await metricOf(service, 'puntual_worker_restarts_total{reason="hung"}')).toBe(0);
  expect(await service.stop()).toBe(0);
}, 180_000);
