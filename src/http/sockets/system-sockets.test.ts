import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { echo, get, open, post, talk } from '../../../test/http-talk.ts';
import { SLAB } from '../slab.ts';
import { type EventLoop, eventLoop } from './event-loop.ts';
import type { Socket, SocketEvents } from './socket.ts';
import { listenBySystem } from './system-sockets.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-system-sockets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** Writes over the slab between turns until it is told to stop. */
const spoil = (): (() => void) => {
  let isOver = false;
  const fill = (): void => {
    SLAB.fill('Z');
    if (!isOver) setImmediate(fill);
  };
  fill();
  return () => {
    isOver = true;
  };
};

describe('what is kept beyond a turn', () => {
  test('is not in the slab: slow and fast requests, whole and in pieces, are answered each with its own', async () => {
    const gates = new Map<string, PromiseWithResolvers<void>>();
    const gateOf = (path: string): PromiseWithResolvers<void> => {
      const gate = gates.get(path) ?? Promise.withResolvers<void>();
      gates.set(path, gate);
      return gate;
    };
    const server = open(async (call) => {
      if (call.path.startsWith('/fast')) return echo(call);
      // What a handler asks for only when its request has waited.
      await gateOf(call.path).promise;
      const body = await echo(call);
      return JSON.stringify([body, call.header('x-mark'), call.origin(), call.query]);
    });
    const stop = spoil();
    const callers = Array.from({ length: 40 }, (_, i) => {
      const body = `${i}-`.repeat(1 + ((i * 37) % 400));
      const slow = post(`/slow${i}?q=${i}`, body, `X-Mark: m${i}\r\n`);
      const more = `${get(`/fast${i}`)}${post(`/fast/more${i}`, body)}`;
      const chunks = `POST /slow/chunks${i} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
      return {
        i,
        body,
        bytes: `${slow}${more}${chunks}${chunk}${chunk}0\r\n\r\n`,
        talk: talk(server),
      };
    });
    const send = async ({
      i,
      bytes,
      talk: { socket },
    }: (typeof callers)[number]): Promise<void> => {
      const size = i % 4 === 0 ? bytes.length : 1 + ((i * 101) % 700);
      for (let at = 0; at < bytes.length; at += size) {
        await new Promise<void>((resolve) =>
          socket.write(bytes.slice(at, at + size), () => resolve()),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(callers.map(send));
    for (const { i } of callers.toReversed()) {
      gateOf(`/slow${i}`).resolve();
      gateOf(`/slow/chunks${i}`).resolve();
    }
    for (const { i, body, talk: one } of callers) {
      const heard = await one.until(`/slow/chunks${i}`);
      const bodies = heard
        .split('\r\n\r\n')
        .slice(1)
        .map((part) => part.split('HTTP/1.1')[0]!);
      await one.until('null,"http://t","');
      const last = one.heard().split('\r\n\r\n').at(-1)!;
      const told = (path: string, text: string, method = 'POST'): string =>
        JSON.stringify([method, path, text]);
      expect([...bodies.slice(0, 3), last]).toEqual([
        JSON.stringify([told(`/slow${i}`, body), `m${i}`, 'http://t', `q=${i}`]),
        told(`/fast${i}`, '', 'GET'),
        told(`/fast/more${i}`, body),
        JSON.stringify([told(`/slow/chunks${i}`, body + body), null, 'http://t', '']),
      ]);
      one.socket.destroy();
    }
    stop();
  });

  test('a body of 8 MB comes whole, and others are answered meanwhile', async () => {
    const size = 8 * 1024 * 1024;
    const letters = Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz');
    const server = open(async (call) => {
      const body = await call.bytes(size);
      return `${body.length} ${Buffer.from(body).equals(letters.subarray(0, body.length))}`;
    });
    const stop = spoil();
    const large = talk(server);
    large.socket.write(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`);
    for (let at = 0; at < size; at += size / 8) {
      large.socket.write(letters.subarray(at, at + size / 8));
      const other = talk(server, post('/', 'abc'));
      await other.until('3 true');
      other.socket.destroy();
    }
    await large.until(`${size} true`);
    stop();
    large.socket.destroy();
  });

  test('of many large ones only so much is read in a turn, and small ones are all read', async () => {
    const KIB = 1024;
    const nLarge = 24;
    let nRead = 0;
    let nSmall = 0;
    let nInTurn = 0;
    let mostInTurn = 0;
    const server = listenBySystem({
      place: { hostname: '127.0.0.1', port: 0 },
      events: eventsOf({
        received: (_connection, _bytes, at, end) => {
          // Before the next turn, which is asked for when this one ends.
          if (nInTurn === 0)
            setImmediate(() => {
              nInTurn = 0;
            });
          nInTurn += end - at;
          mostInTurn = Math.max(mostInTurn, nInTurn);
          nRead += end - at;
          if (end - at === 1) nSmall++;
          return 0;
        },
      }),
    })!;
    const callers = await Promise.all(
      Array.from({ length: nLarge + 8 }, () =>
        Bun.connect({ hostname: '127.0.0.1', port: server.port, socket: { data: () => {} } }),
      ),
    );
    const piece = Buffer.alloc(512 * KIB);
    let nSent = 0;
    for (const [i, caller] of callers.entries())
      nSent += Math.max(0, caller.write(i < nLarge ? piece : 'x'));
    await until(() => nRead >= nSent && nSmall === 8);
    // All that was ready at once was more than that.
    expect(nSent).toBeGreaterThan(nLarge * 64 * KIB);
    expect(mostInTurn).toBeLessThanOrEqual((256 + 64 + nLarge * 16) * KIB);
    for (const caller of callers) caller.terminate();
    server.stop();
  });

  test('who reads a body in place comes to a zero behind it', async () => {
    const behind: unknown[] = [];
    const server = open((call) => {
      const { source, end } = call.inPlace(100)!;
      behind.push(source[end]);
      return 'x';
    });
    const long = talk(server, post('/', 'y'.repeat(90)));
    await long.until('x');
    const short = talk(server, post('/', '{'));
    await short.until('x');
    expect(behind).toEqual([0, 0]);
  });
});

describe('a connection', () => {
  test('answers 10,000 pipelined requests in their order', async () => {
    const server = open((call) => call.path);
    const n = 10_000;
    const { until: heardUntil } = talk(
      server,
      Array.from({ length: n }, (_, i) => get(`/${i}`)).join(''),
    );
    const heard = await heardUntil(`\r\n\r\n/${n - 1}`);
    const paths = [...heard.matchAll(/\r\n\r\n\/(\d+)/g)].map(([, path]) => Number(path));
    expect(paths).toEqual(Array.from({ length: n }, (_, i) => i));
  });

  test('that has been answered goes before those of whom nothing is known yet', async () => {
    const asked: string[] = [];
    const server = open(({ path }) => {
      asked.push(path);
      return path;
    });
    const known = talk(server, get('/before'));
    await known.until('/before');
    const strangers = Array.from({ length: 30 }, () => talk(server));
    await until(() => server.nConnections() === 31);
    for (const { socket } of strangers) socket.write(get('/stranger'));
    known.socket.write(get('/known'));
    await Promise.all([known.until('/known'), ...strangers.map((one) => one.until('/stranger'))]);
    expect(asked.slice(0, 2)).toEqual(['/before', '/known']);
    expect(asked).toHaveLength(32);
  });

  test('is answered meanwhile, however many others have sent what takes long', async () => {
    const asked: string[] = [];
    const server = open(({ path }) => {
      asked.push(path);
      for (const endMs = performance.now() + 0.5; performance.now() < endMs; );
      return path;
    });
    const known = talk(server, get('/before'));
    await known.until('/before');
    const strangers = Array.from({ length: 60 }, () => talk(server, get('/stranger')));
    await until(() => asked.length > 1);
    known.socket.write(get('/known'));
    await Promise.all([known.until('/known'), ...strangers.map((one) => one.until('/stranger'))]);
    expect(asked.indexOf('/known')).toBeLessThan(asked.length - 1);
    expect(asked).toHaveLength(62);
  });

  test('whose caller ends with its request is answered, and then closed', async () => {
    const server = open(async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return call.path;
    });
    for (let n = 0; n < 20; n++) {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      let heard = '';
      socket.on('data', (part) => {
        heard += part;
      });
      socket.end(get(`/${n}`));
      await new Promise((resolve) => socket.on('end', resolve));
      expect(heard).toEndWith(`\r\n\r\n/${n}`);
      socket.destroy();
    }
    await until(() => server.nConnections() === 0);
  });

  test('whose caller is gone before its request is read harms nobody, and leaves no descriptor', async () => {
    const server = open(async (call) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return call.path;
    });
    const own = (): number => readdirSync('/proc/self/fd').length;
    const before = own();
    for (let n = 0; n < 200; n++) {
      const socket = await Bun.connect({
        hostname: '127.0.0.1',
        port: server.port,
        socket: { data: () => {}, error: () => {} },
      });
      if (n % 3 > 0) socket.write(get('/'));
      if (n % 2 === 0) socket.terminate();
      else socket.end();
    }
    const last = talk(server, get('/last'));
    await last.until('/last');
    last.socket.destroy();
    await until(() => server.nConnections() === 0 && own() <= before);
    expect(server.nAccepted()).toBe(201);
  });

  test('that was reset asks for nothing any more', async () => {
    const asked: string[] = [];
    const server = open(({ path }) => {
      asked.push(path);
      return path;
    });
    for (let n = 0; n < 20; n++) {
      const socket = await Bun.connect({
        hostname: '127.0.0.1',
        port: server.port,
        socket: { data: () => {}, error: () => {} },
      });
      socket.write(get('/gone'));
      socket.terminate();
    }
    const last = talk(server, get('/last'));
    await last.until('/last');
    last.socket.destroy();
    await until(() => server.nConnections() === 0);
    expect(asked).toEqual(['/last']);
  });

  test('over a path in the file system is served as well', async () => {
    const path = join(folder, 'socket');
    const heard = Promise.withResolvers<string>();
    const ended = Promise.withResolvers<void>();
    const server = listenBySystem({
      place: { unix: path },
      events: eventsOf({ ended: () => ended.resolve() }),
    })!;
    const socket = await Bun.connect({
      unix: path,
      socket: { data: (_, bytes) => heard.resolve(bytes.toString()) },
    });
    socket.write('ask');
    expect(await heard.promise).toBe('ask');
    socket.end();
    await ended.promise;
    server.stop();
  });
});

const PLACE = { hostname: '127.0.0.1', port: 0 };

/** Sends back what comes. */
const eventsOf = (more: Partial<SocketEvents<Socket>>): SocketEvents<Socket> => ({
  opened: (socket) => socket,
  received: (socket, bytes, at, end) => {
    socket.write(bytes, at, end - at);
    return 0;
  },
  answer: () => {},
  drained: () => {},
  ended: (socket) => socket.end(),
  closed: () => {},
  failed: (_, error) => {
    throw error;
  },
  ...more,
});

describe('the system', () => {
  const { EINVAL, EMFILE, EPERM } = constants.errno;
  const loop = eventLoop()!;
  const ask = async (port: number, hostname = '127.0.0.1'): Promise<string> => {
    const heard = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      hostname,
      port,
      socket: {
        data: (_, bytes) => heard.resolve(bytes.toString()),
        close: () => heard.resolve('closed'),
      },
    });
    socket.write('ask');
    const text = await heard.promise;
    socket.terminate();
    return text;
  };

  test('is asked again when it tells an odd error once: another call may have written over the number', async () => {
    let nOdd = 0;
    const odd: EventLoop = {
      ...loop,
      receive: (descriptor) => (nOdd++ % 2 === 0 ? -EINVAL : loop.receive(descriptor)),
    };
    const server = listenBySystem({ place: PLACE, events: eventsOf({}) }, odd)!;
    expect(await ask(server.port)).toBe('ask');
    server.stop();
  });

  test('is believed when it tells it twice', async () => {
    const broken: EventLoop = { ...loop, receive: () => -EPERM };
    const server = listenBySystem({ place: PLACE, events: eventsOf({}) }, broken)!;
    expect(await ask(server.port)).toBe('closed');
    server.stop();
  });

  test('is asked for the addresses of a name', async () => {
    const place = { hostname: 'localhost', port: 0 };
    const server = listenBySystem({ place, events: eventsOf({}) })!;
    expect(await ask(server.port, 'localhost')).toBe('ask');
    server.stop();
  });

  test('that has no descriptor left is left alone for a while, and then asked again', async () => {
    let nRefused = 0;
    let nHeld = 0;
    const poor: EventLoop = {
      ...loop,
      calls: {
        ...loop.calls,
        accept: (listener) => (nRefused < 3 && ++nRefused ? -EMFILE : loop.calls.accept(listener)),
      },
      unwatch: (descriptor) => {
        if (descriptor === server.descriptor && nRefused <= 3) nHeld++;
        loop.unwatch(descriptor);
      },
    };
    const server = listenBySystem({ place: PLACE, events: eventsOf({}) }, poor)!;
    expect(await ask(server.port)).toBe('ask');
    expect({ nRefused, nHeld }).toEqual({ nRefused: 3, nHeld: 3 });
    server.stop();
  });
});

test('a process ends when its servers have', async () => {
  const program = `
    const { eventLoop } = await import(${JSON.stringify(join(import.meta.dir, 'event-loop.ts'))});
    const { listenBySystem } = await import(${JSON.stringify(join(import.meta.dir, 'system-sockets.ts'))});
    const server = listenBySystem({ place: { hostname: '127.0.0.1', port: 0 }, events: {} }, eventLoop());
    setTimeout(() => server.stop(), 20);
    process.on('exit', () => console.log('ended', server.port > 0));
  `;
  const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' });
  expect(await new Response(child.stdout).text()).toBe('ended true\n');
  expect(await child.exited).toBe(0);
});
