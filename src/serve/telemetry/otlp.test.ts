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
