import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { echo, get, opener, post, SOCKETS, talk } from '../../test/http-talk.ts';
import { keepAnswer } from './kept-answer.ts';
import { ageOf } from './limits.ts';

describe.each(SOCKETS)('over sockets of %s:', (_, byRuntime) => {
  const open = opener(byRuntime);

  describe('a connection', () => {
    test('answers pipelined requests in their order, the slow ones too', async () => {
      const gate = Promise.withResolvers<void>();
      const server = open(async (call) => {
        if (call.path === '/slow') await gate.promise;
        return call.path === '/now' ? call.path : echo(call);
      });
      const { until, heard } = talk(
        server,
        get('/now') + post('/slow', 'abc') + get('/now') + get('/last'),
      );
      await until('/now');
      gate.resolve();
      await until('/last');
      expect([...heard().matchAll(/\r\n\r\n(.*?)(?=HTTP|$)/g)].map(([, body]) => body)).toEqual([
        '/now',
        '["POST","/slow","abc"]',
        '/now',
        '["GET","/last",""]',
      ]);
    });

    test.each([
      ['at once', (path: string) => path],
      ['later', (path: string) => Promise.resolve(path)],
    ])('with thousands of requests behind each other, answered %s, keeps others waiting for few of them', async (_, answer) => {
      const N = 1500;
      const asked: string[] = [];
      const server = open((call) => {
        asked.push(call.path);
        for (const endMs = performance.now() + 0.05; performance.now() < endMs; );
        return answer(call.path);
      });
      const many = talk(server, get('/many').repeat(N) + get('/end'));
      await many.until('/many');
      many.socket.end();
      const other = talk(server, get('/other'));
      await other.until('/other');
      const heard = await many.until('/end');
      expect(asked.indexOf('/other')).toBeLessThan(N / 2);
      expect(heard.match(/\/many/g)).toHaveLength(N);
      await many.closed;
    });

    test('passes over an empty line between requests, and refuses paths that are read in two ways', async () => {
      const server = open(echo);
      const { until, closed } = talk(server, `\r\n${post('/a', 'abc')}\r\n${get('/b')}`);
      await until('/b');
      const two = talk(server, post('/x\\..\\predict', 'abc'));
      await two.closed;
      expect(two.heard()).toStartWith('HTTP/1.1 400 ');
      server.endConnections('idle');
      await closed;
    });

    test('is the same however its bytes are cut on their way', async () => {
      const server = open(echo);
      const chunks = '3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nSum: 1\r\n\r\n';
      const chunked = `POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`;
      const bytes = post('/a', 'hello') + chunked + get('/b') + get('/end');
      const answersOf = async (size: number): Promise<string> => {
        const { socket, until } = talk(server);
        socket.setNoDelay(true);
        for (let at = 0; at < bytes.length; at += size) {
          socket.write(bytes.slice(at, at + size), 'latin1');
          await new Promise((resolve) => setImmediate(resolve));
        }
        return (await until('/end",""]')).replaceAll(/Date: .*\r\n/g, '');
      };
      const whole = await answersOf(bytes.length);
      expect(whole).toContain('["POST","/c","abcde"]');
      for (const size of [1, 2, 3, 7, 50]) expect(await answersOf(size)).toBe(whole);
    });

    test('answers HEAD with the length of what GET would bring, and no body', async () => {
      const server = open((call) =>
        call.path === '/text' ? 'text' : new Response('four', { status: 201 }),
      );
      const { until } = talk(
        server,
        `HEAD /text HTTP/1.1\r\nHost: t\r\n\r\nHEAD /r HTTP/1.1\r\nHost: t\r\n\r\n${get('/text')}`,
      );
      const heard = await until(/text$/);
      expect(heard.match(/Content-Length: 4/g)).toHaveLength(3);
      expect(heard.match(/four|text/g)).toHaveLength(1);
    });

    test('writes a kept answer as it is, with the Date of now, and says where the connection ends', async () => {
      const kept = keepAnswer(
        200,
        { 'content-type': 'text/plain', etag: '"a"' },
        Buffer.from('kept'),
      );
      const unchanged = keepAnswer(304, { etag: '"a"' });
      const server = open((call) => (call.path === '/304' ? unchanged : kept));
      const { until } = talk(
        server,
        `HEAD /k HTTP/1.1\r\nHost: t\r\n\r\n${get('/304')}${get('/k')}`,
      );
      const heard = await until(/kept$/);
      const dates = [...heard.matchAll(/^Date: (.*)\r$/gm)].map(([, date]) => Date.parse(date!));
      expect(dates).toHaveLength(3);
      for (const date of dates) expect(date).toBeGreaterThan(Date.parse('2026-01-01'));
      expect(heard.replaceAll(/Date: .*\r\n/g, '').replaceAll('\r\n', '|')).toBe(
        'HTTP/1.1 200 OK|content-type: text/plain|etag: "a"|Content-Length: 4||' +
          'HTTP/1.1 304 Not Modified|etag: "a"||' +
          'HTTP/1.1 200 OK|content-type: text/plain|etag: "a"|Content-Length: 4||kept',
      );
      const once = talk(server, 'GET /k HTTP/1.0\r\n\r\n');
      await once.closed;
      expect(once.heard()).toContain('Connection: close');
      expect(once.heard()).toEndWith('\r\n\r\nkept');
    });

    test('writes an answer that writes itself, however long it is', async () => {
      const server = open((call) => {
        const text = 'x'.repeat(Number(call.path.slice(1)));
        return {
          kind: 'written',
          status: 200,
          isSpoken: call.query === 'spoken',
          mostBytes: () => text.length + 5,
          write: (into, at) => at + Buffer.from(into.buffer, into.byteOffset).write(text, at),
        };
      });
      const sizes = [
        0, 7, 10, 99, 100, 101, 999, 1000, 300, 9999, 10_000, 31_000, 40_000, 500, 500,
      ];
      const { until } = talk(
        server,
        `${sizes.map((size) => get(`/${size}`)).join('')}${get('/1', 'Connection: close\r\n')}`,
      );
      const heard = await until(/Connection: close[^x]*x$/);
      const answers = heard.split('HTTP/1.1 200 OK\r\n').slice(1);
      expect(answers.map((answer) => Number(/Content-Length: (\d+)\r\n/.exec(answer)![1]))).toEqual(
        [...sizes, 1],
      );
      expect(answers.map((answer) => answer.split('\r\n\r\n')[1])).toEqual(
        [...sizes, 1].map((size) => 'x'.repeat(size)),
      );
      for (const answer of answers)
        expect(answer).toMatch(/^Content-Type: application\/json\r\nDate: /);
      const mixed = talk(
        server,
        ['/5', '/5?spoken', '/70?spoken', '/200?spoken', '/200', '/40000?spoken', '/200?spoken']
          .map((path) => get(path))
          .join('') + get('/1?spoken', 'Connection: close\r\n'),
      );
      await mixed.closed;
      const varied = mixed.heard().split('HTTP/1.1 200 OK\r\n').slice(1);
      expect(varied.map((answer) => answer.includes('\r\nVary: accept-language\r\n'))).toEqual([
        false,
        true,
        true,
        true,
        false,
        true,
        true,
        true,
      ]);
      expect(varied.map((answer) => answer.split('\r\n\r\n')[1]!.length)).toEqual([
        5, 5, 70, 200, 200, 40_000, 200, 1,
      ]);
    });

    test('gives each caller his own answer, however many ask in one turn', async () => {
      const server = open(echo);
      const callers = Array.from({ length: 40 }, (_, i) =>
        talk(server, post(`/${i}`, `${i * i}`) + post(`/more/${i}`, '')),
      );
      for (const [i, { until, socket }] of callers.entries()) {
        const heard = await until(`["POST","/more/${i}",""]`);
        expect(heard.split('["POST"').length).toBe(3);
        expect(heard).toContain(`["POST","/${i}","${i * i}"]`);
        socket.destroy();
      }
    });

    test('keeps what a caller does not take, and sends it in its order later', async () => {
      const server = open((call) => JSON.stringify([call.path, 'y'.repeat(50_000)]));
      const { socket, heard, until } = talk(server);
      socket.pause();
      const n = 300;
      socket.write(Array.from({ length: n }, (_, i) => get(`/${i}`)).join(''));
      while (server.nAnswered() === 0) await Bun.sleep(5);
      socket.resume();
      await until(`["/${n - 1}",`);
      const paths = heard().matchAll(/\["(\/\d+)","/g);
      expect([...paths].map(([, path]) => path)).toEqual(
        Array.from({ length: n }, (_, i) => `/${i}`),
      );
      socket.destroy();
    });

    test('ends after an answer to HTTP/1.0, unless that asks to keep it', async () => {
      const server = open(() => 'x');
      const once = talk(server, 'GET / HTTP/1.0\r\n\r\n');
      await once.closed;
      expect(once.heard()).toContain('Connection: close');
      const kept = talk(server, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      expect(await kept.until('x')).toContain('Connection: keep-alive');
      kept.socket.write('GET / HTTP/1.0\r\n\r\n');
      await kept.closed;
    });

    test('asks for a body only when the handler does', async () => {
      const server = open((call) =>
        call.path === '/no' ? new Response('', { status: 401 }) : echo(call),
      );
      const expecting = 'Expect: 100-continue\r\nContent-Length: 5\r\n\r\n';
      const asked = talk(server, `POST /yes HTTP/1.1\r\nHost: t\r\n${expecting}`);
      await asked.until('HTTP/1.1 100 Continue\r\n\r\n');
      asked.socket.write('hello');
      await asked.until('["POST","/yes","hello"]');
      const refused = talk(server, `POST /no HTTP/1.1\r\nHost: t\r\n${expecting}`);
      await refused.closed;
      expect(refused.heard()).toMatch(/^HTTP\/1\.1 401/);
    });

    test('goes on after a short body that nobody asked for, and ends before a long one', async () => {
      const server = open(() => 'no');
      const short = talk(server, 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe');
      await short.until('no');
      short.socket.write(`llo${get('/')}`);
      await short.until(/no[\s\S]*no/);
      const long = talk(server, 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 500000\r\n\r\nhe');
      await long.closed;
      expect(long.heard()).toContain('Connection: close');
    });

    test('is told of the end of a connection on which the end of its chunks is not known', async () => {
      const server = open(() => 'no');
      const start = 'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n';
      const unfinished = talk(server, start);
      await unfinished.until('no');
      expect(unfinished.heard()).toContain('Connection: close');
      await unfinished.closed;
      const whole = talk(server, `${start}0\r\n\r\n`);
      await whole.until('no');
      expect(whole.heard()).not.toContain('Connection: close');
      whole.socket.write(get('/'));
      await whole.until(/no[\s\S]*no/);
    });

    test('answers who has ended only his own side', async () => {
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const server = open(async () => {
        begun.resolve();
        await gate.promise;
        return 'late';
      });
      const { socket, until, closed } = talk(server, get('/'));
      await begun.promise;
      socket.end();
      // The probe, which a client must pass over.
      await until('100 Continue');
      gate.resolve();
      await until('late');
      await closed;
    });

    test('tells the handler when the caller has gone', async () => {
      const gone = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const server = open(async (call) => {
        call.signal().addEventListener('abort', () => gone.resolve());
        begun.resolve();
        await gone.promise;
        return 'nobody';
      });
      const { socket } = talk(server, get('/'));
      await begun.promise;
      socket.destroy();
      await gone.promise;
    });

    test('of a bug gets what the handler has for it, and others notice nothing', async () => {
      const server = open((call) => {
        if (call.path === '/sync') throw new Error('oops');
        return call.path === '/async' ? Promise.reject(new Error('later')) : 'well';
      });
      const { until } = talk(server, get('/sync') + get('/async') + get('/'));
      expect(await until('well')).toMatch(/500[\s\S]*oops[\s\S]*500[\s\S]*later[\s\S]*200/);
    });
  });

  describe('bytes that are no request', () => {
    test('are refused with a document, behind the answers before them, and the end', async () => {
      const server = open(() => 'fine');
      const { closed, heard } = talk(server, `${get('/')}GET / HTTP/2.0\r\n\r\n${get('/')}`);
      await closed;
      expect(heard()).toMatch(
        /^HTTP\/1\.1 200[\s\S]*fineHTTP\/1\.1 400[\s\S]*\{"code":"request-malformed"\}$/,
      );
    });

    test('in the frames of a body fail the body, not the service', async () => {
      const server = open((call) =>
        echo(call).catch((error: Error) => new Response(error.message, { status: 400 })),
      );
      for (const body of ['5\r\nhello!', '5\r\nhello\r\n0\r\n\rX']) {
        const start = 'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n';
        const { closed, heard } = talk(server, start + body + get('/'));
        await closed;
        expect(heard()).toContain('a chunk of the body is not framed correctly');
        expect(heard().match(/HTTP/g)).toHaveLength(1);
      }
    });
  });

  describe('limits of time', () => {
    test('send a slow head and a slow body away with 408, and count them', async () => {
      let nSlow = 0;
      const refused = (error: { message: string }): string => error.message;
      const server = open(
        (call) => echo(call).catch((error: Error) => new Response(error.message, { status: 408 })),
        { requestMs: 50 },
        { refused, onShed: () => nSlow++ },
      );
      for (const start of [
        'GET / HT',
        'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe',
      ]) {
        const { closed, heard } = talk(server, start);
        await closed;
        expect(heard()).toMatch(/^HTTP\/1\.1 408[\s\S]*took too long/);
      }
      expect(nSlow).toBe(2);
    });

    test('end a handshake that is never finished', async () => {
      const file = join(import.meta.dir, '../../test/service/fixtures/first');
      const tls = { certFile: `${file}.crt`, keyFile: `${file}.key` };
      // Long enough for the handshake of a sound caller on a machine that is busy.
      const server = open(() => 'x', { requestMs: 1500 }, {}, tls);
      const { closed, heard } = talk(server, '\x16\x03\x01\x02\x00\x01\x00');
      await closed;
      expect(heard()).toBe('');
      const answer = await fetch(`https://127.0.0.1:${server.port}`, {
        tls: { rejectUnauthorized: false },
      });
      expect(await answer.text()).toBe('x');
    });

    test('let an old connection finish its next request, then close it', async () => {
      const server = open(() => 'x', { ageMs: 100 });
      const { socket, until, closed, heard } = talk(server, get('/'));
      expect(await until('x')).not.toContain('Connection: close');
      const asking = setInterval(() => socket.write(get('/')), 20);
      await closed;
      clearInterval(asking);
      const answers = heard().split('HTTP/1.1 200').slice(1);
      expect(answers.findIndex((answer) => answer.includes('Connection: close'))).toBe(
        answers.length - 1,
      );
    });

    test('give connections that were opened together ages that differ by up to a tenth', () => {
      const limits = { requestMs: 1, idleMs: 1, ageMs: 1000 };
      expect([0, 0.5, 1].map((random) => ageOf(limits, random))).toEqual([900, 1000, 1100]);
      expect(ageOf({ ...limits, ageMs: 0 }, 0.5)).toBe(Number.POSITIVE_INFINITY);
    });

    test('end an idle connection without a word', async () => {
      const server = open(() => 'x', { idleMs: 50 });
      const { closed, heard } = talk(server, get('/'));
      await closed;
      expect(heard().match(/HTTP/g)).toHaveLength(1);
    });
  });
});
