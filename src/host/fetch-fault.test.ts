import { afterAll, expect, test } from 'bun:test';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fetchFault } from './fetch-fault.ts';

const FIXTURES = join(import.meta.dir, '../../test/service/fixtures');
const servers: Server[] = [];
const secure: Bun.Server<undefined> = Bun.serve({
  port: 0,
  tls: { cert: Bun.file(join(FIXTURES, 'first.crt')), key: Bun.file(join(FIXTURES, 'first.key')) },
  fetch: () => new Response('secret'),
});
afterAll(() => {
  for (const server of servers) server.close();
  void secure.stop(true);
});

/** @returns the port of one that answers so, and ends the connection */
const answering = async (text: string): Promise<number> => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(text));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
};

const faultOf = async (address: string, options?: RequestInit): Promise<string> => {
  try {
    await (await fetch(address, options)).arrayBuffer();
  } catch (error) {
    return fetchFault(error);
  }
  return 'it was fetched';
};

const HEAD = 'HTTP/1.1 200 OK\r\n';
const MOVED = 'HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ';
test.each([
  ['ends without an answer', '', 'connection broke'],
  ['says something else', 'hello\r\n\r\n', 'connection broke'],
  ['ends early', `${HEAD}Content-Length: 100\r\n\r\nabc`, 'connection broke'],
  ['ends within chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nab`, 'connection broke'],
  ['sends chunks that are none', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'no HTTP'],
  [
    'has a length beyond all numbers',
    `${HEAD}Content-Length: ${'9'.repeat(30)}\r\n\r\n`,
    'no HTTP',
  ],
  ['has a negative length', `${HEAD}Content-Length: -1\r\n\r\n`, 'no HTTP'],
  [
    'says gzip and is not',
    `${HEAD}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`,
    'not packed as it says',
  ],
  ['leads to itself', `${MOVED}/\r\n\r\n`, 'redirects without end'],
  ['leads to a file', `${MOVED}file:///etc/passwd\r\n\r\n`, 'no http or https address'],
  ['leads to no address', `${MOVED}http://[\r\n\r\n`, 'no http or https address'],
])('of an address that %s the fault is said in our words, without the address', async (_, answer, says) => {
  const fault = await faultOf(`http://127.0.0.1:${await answering(answer)}/?key=secret`);
  expect(fault).toContain(says);
  expect(fault).not.toMatch(/verbose|fetch\(|secret|127\.0\.0\.1/);
});

test('so is one where nobody listens, that is unknown, late, not trusted, or not encrypted', async () => {
  expect(await faultOf('http://127.0.0.1:1/')).toBe('nothing listens there');
  expect(await faultOf('http://nobody.invalid/')).toContain('no such host');
  const silent = createServer(() => {});
  servers.push(silent);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const signal = AbortSignal.timeout(50);
  expect(await faultOf(`http://127.0.0.1:${port}/`, { signal })).toBe('it takes too long');
  expect(await faultOf(`https://127.0.0.1:${secure.port}/`)).toContain('its certificate');
  const plain = await answering(`${HEAD}\r\n`);
  expect(await faultOf(`https://127.0.0.1:${plain}/`)).toContain('plain HTTP');
});

test('a fault of an unknown kind keeps its code alone', () => {
  const error = Object.assign(new Error('pass `verbose: true`'), { code: 'Odd' });
  expect(fetchFault(error)).toBe('the request failed (Odd)');
});
