import { expect, test } from 'bun:test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildLog } from '../log.ts';
import { buildPost } from './otlp.ts';

test('pushes share a connection, also where a collector sends head and body apart', async () => {
  let nConnections = 0;
  const collector = createServer((request, response) => {
    request.resume().on('end', () => {
      response.flushHeaders();
      setImmediate(() => response.end('{}'));
    });
  }).on('connection', () => nConnections++);
  await new Promise<void>((listening) => collector.listen(0, '127.0.0.1', listening));
  const { port } = collector.address() as AddressInfo;
  const { send } = buildPost(`http://127.0.0.1:${port}`, 'metrics', buildLog('silent'));
  for (let i = 0; i < 5; i++) expect(await send({}, 1)).toBe(true);
  expect(nConnections).toBe(1);
  collector.closeAllConnections();
  collector.close();
});

test('what is secret in the address of a collector reaches it, and no log', async () => {
  const asked: string[] = [];
  const lines: string[] = [];
  const collector = Bun.serve({
    port: 0,
    fetch: (request) => {
      asked.push(new URL(request.url).pathname + new URL(request.url).search);
      return new Response('', { status: 503 });
    },
  });
  const log = buildLog('warn', {}, 'json', (line) => lines.push(line));
  const { port } = collector;
  const address = `http://user:secret@127.0.0.1:${port}/base/?key=secret`;
  expect(await buildPost(address, 'metrics', log).send({}, 1)).toBe(false);
  await collector.stop(true);
  expect(asked).toEqual(['/base/v1/metrics?key=secret']);
  expect(lines.join()).toContain(`http://127.0.0.1:${port}/base/v1/metrics`);
  expect(lines.join()).not.toContain('secret');
});
