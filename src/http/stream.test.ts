import { describe, expect, test } from 'bun:test';
import { get, opener, post, SOCKETS, talk } from '../../test/http-talk.ts';
import type { Answer, Call } from './call.ts';

/** A line for each line, and the failure, if there is one. */
async function* linesOf(call: Call): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    for await (const part of call.parts()) if (part.includes(10)) yield new Uint8Array(part);
  } catch (error) {
    yield new TextEncoder().encode((error as Error).message);
  }
}

/** Resolves when a number has begun to grow and then not changed for so many turns of the loop, which both ends share. */
const SAME_TURNS = 30;
const settled = async (read: () => number): Promise<void> => {
  for (let last = read(), nSame = 0; nSame < SAME_TURNS; nSame++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (read() !== last || last === 0) nSame = 0;
    last = read();
  }
};

describe.each(SOCKETS)('over sockets of %s:', (_, byRuntime) => {
  const open = opener(byRuntime);

  describe('a stream', () => {
    test('that brings bytes and gets no answer is sent away', async () => {
      const server = open(
        (call) => ({ status: 200, headers: new Headers(), parts: linesOf(call) }),
        {
          requestMs: 50,
        },
      );
      const { until, closed } = talk(
        server,
        'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\nno end',
      );
      await until('took too long');
      await closed;
    });
  });

  describe('the end of a server', () => {
    test('closes connections with their next answer, then the idle ones', async () => {
      const server = open(() => 'x');
      const [busy, idle] = [talk(server, get('/')), talk(server, get('/'))];
      await busy.until('x');
      await idle.until('x');
      server.closeAfterAnswers();
      server.stopListening();
      busy.socket.write(get('/'));
      await busy.closed;
      expect(busy.heard()).toContain('Connection: close');
      expect(server.nConnections()).toBeGreaterThanOrEqual(1);
      server.endConnections('idle');
      await idle.closed;
      expect(idle.heard()).not.toContain('Connection: close');
    });

    test('is answered part by part while it comes', async () => {
      const server = open(
        (call): Answer => ({ status: 200, headers: new Headers(), parts: linesOf(call) }),
      );
      const { socket, until } = talk(
        server,
        'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n',
      );
      await until('4\r\none\n\r\n');
      socket.write('4\r\ntwo\n\r\n');
      await until('4\r\ntwo\n\r\n');
      socket.write(`0\r\n\r\n${get('/')}`);
      await until(/0\r\n\r\nHTTP\/1\.1 200[\s\S]*0\r\n\r\n$/);
    });

    test('is not read faster than its answer is taken, nor anything behind it', async () => {
      let nTaken = 0;
      const part = new Uint8Array(256 * 1024);
      const server = open((call): Answer => {
        const parts = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
          for await (const { length } of call.parts()) {
            nTaken += length;
            yield part;
          }
        };
        return { status: 200, headers: new Headers(), parts: parts() };
      });
      const { socket, heard, closed } = talk(server);
      socket.pause();
      socket.write('POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let n = 0; n < 400; n++) socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`);
      socket.write('0\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n');
      await settled(() => nTaken);
      expect(nTaken).toBeGreaterThan(0);
      expect(nTaken).toBeLessThan(200 * 65_536);
      socket.resume();
      // Not by what is heard meanwhile: a hundred megabytes would be looked through again with each part.
      await closed;
      expect(heard()).toEndWith('0\r\n\r\n');
      expect(nTaken).toBe(400 * 65_536);
    });

    test('asks for a body that is held back before it begins to answer', async () => {
      const server = open(
        (call): Answer => ({ status: 200, headers: new Headers(), parts: linesOf(call) }),
      );
      const { socket, until } = talk(
        server,
        'POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
      );
      await until(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
      socket.write('one\n');
      await until(/\r\n\r\n4\r\none\n\r\n0\r\n\r\n$/);
    });

    test('is to HEAD what its head is to GET, and nothing of it is made', async () => {
      let nMade = 0;
      const endless = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
        for (;;) {
          nMade++;
          yield new TextEncoder().encode('more');
        }
      };
      const server = open((call) =>
        call.path === '/endless'
          ? { status: 200, headers: new Headers(), parts: endless() }
          : 'next',
      );
      const { until } = talk(server, `HEAD /endless HTTP/1.1\r\nHost: t\r\n\r\n${get('/')}`);
      const heard = await until('next');
      expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*chunked\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
      expect(heard).not.toContain('more');
      expect(nMade).toBe(0);
    });

    test('to HTTP/1.0 ends with the connection', async () => {
      const server = open(
        (call): Answer => ({ status: 200, headers: new Headers(), parts: linesOf(call) }),
      );
      const { closed, heard } = talk(server, 'POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\none\n');
      await closed;
      expect(heard()).toMatch(/\r\n\r\none\n$/);
      expect(heard()).not.toContain('chunked');
    });
  });

  describe('a stream that ends before its body', () => {
    const parts = async function* (call: Call): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      try {
        for await (const _ of call.parts()) break;
      } catch {}
      yield new TextEncoder().encode('enough');
    };
    const early = (call: Call): Answer =>
      call.path === '/next' ? 'next' : { status: 200, headers: new Headers(), parts: parts(call) };
    const chunked = (size: number): string =>
      `POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`;
    const ENDED = /enough\r\n0\r\n\r\n$/;

    test.each([
      ['of known length', post('/', 'x'.repeat(1_000_000))],
      ['in chunks', chunked(1_000_000)],
    ])('%s has read all of it before the end of its answer: the next request is answered', async (_, request) => {
      const { socket, heard, until } = talk(open(early));
      socket.write(request.slice(0, 100_000));
      await until('enough');
      socket.write(request.slice(100_000, -10));
      await new Promise((resolve) => setImmediate(resolve));
      expect(heard()).not.toMatch(ENDED);
      socket.write(request.slice(-10));
      await until(ENDED);
      socket.write(get('/next'));
      expect(await until(/next$/)).not.toContain('Connection: close');
    });

    test('takes up the requests that came behind it', async () => {
      const { until } = talk(
        open(early),
        chunked(300_000) + post('/', 'x'.repeat(300_000)) + get('/next'),
      );
      expect((await until(/next$/)).match(/enough/g)).toHaveLength(2);
    });

    test('ends with its connection where too much is left, or nothing more comes', async () => {
      const server = open(early);
      const large = talk(server, 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5000000\r\n\r\nx');
      const endless = talk(server, chunked(5_000_000));
      const silent = talk(server, post('/', 'x'.repeat(100)).slice(0, -50));
      for (const { closed, heard } of [large, endless, silent]) {
        await closed;
        expect(heard()).toMatch(ENDED);
      }
    });

    test('for want of memory takes no request behind it for its body', async () => {
      const gate = Promise.withResolvers<void>();
      const waiting = async function* (call: Call): AsyncGenerator<Uint8Array<ArrayBuffer>> {
        try {
          for await (const _ of call.parts()) await gate.promise;
        } catch {}
        yield new TextEncoder().encode('enough');
      };
      const server = open(
        (call): Answer =>
          call.path === '/'
            ? { status: 200, headers: new Headers(), parts: waiting(call) }
            : call.path,
        { heldBytes: 150_000 },
        { onShed: () => gate.resolve() },
      );
      const behind = Array.from({ length: 10_000 }, (_, i) => get(`/${i}`)).join('');
      const { heard, closed } = talk(server, post('/', 'x'.repeat(1_000_000)) + behind);
      await closed;
      expect(heard()).toMatch(ENDED);
    });

    test('because its caller was too slow has the rest of its body read all the same', async () => {
      const server = open(
        (call): Answer =>
          call.path === '/next'
            ? 'next'
            : { status: 200, headers: new Headers(), parts: linesOf(call) },
        { requestMs: 50 },
      );
      const { socket, until } = talk(server, chunked(100).slice(0, -50));
      await until('took too long');
      socket.write(chunked(100).slice(-50) + get('/next'));
      await until(/took too long[^\r]*\r\n0\r\n\r\n[\s\S]*next$/);
    });
  });

  describe('a large answer', () => {
    test('waits for its reader, and the next request waits with it', async () => {
      const large = 'x'.repeat(8_000_000);
      const server = open((call) => (call.path === '/large' ? new Response(large) : 'next'));
      const { socket, until } = talk(server);
      socket.pause();
      socket.write(get('/large') + get('/'));
      socket.resume();
      const heard = await until('next');
      expect(heard).toContain(large);
    });
  });
});
