/** Connections whose states are written for whoever takes over, that are taken over, and that another process has as well. */
import { afterAll, describe, expect, test } from 'bun:test';
import { fstatSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { get, post } from '../../test/http-talk.ts';
import { isAtRest, noteKept } from '../host/connection-states.ts';
import { openDescriptorCalls } from '../host/descriptor-channel.ts';
import { encodeAddress } from '../host/socket-address.ts';
import { openSocketCalls } from '../host/socket-calls.ts';
import type { Handlers } from './call.ts';
import { type HttpServer, openHttp } from './server.ts';

const passing = openDescriptorCalls()!;
const calls = openSocketCalls(new Uint8Array(16))!;
const servers: HttpServer[] = [];
const opened: Socket[] = [];
afterAll(() => {
  for (const socket of opened) socket.destroy();
  for (const server of servers) {
    server.stopListening();
    server.endConnections('all');
  }
});

const buildScene = (answer: Handlers['answer']) => {
  const states = new Uint32Array(4096);
  const descriptors: number[] = [];
  const server = openHttp({
    hostname: '127.0.0.1',
    port: 0,
    limits: { requestMs: 10_000, idleMs: 75_000 },
    states,
    onAccept: (descriptor) => descriptors.push(descriptor),
    handlers: {
      answer,
      refused: ({ code }) => code,
      failed: (error) => new Response(error.message, { status: 500 }),
      onShed: () => {},
    },
  });
  servers.push(server);
  return { server, states, descriptors };
};

const callTo = (port: number) => {
  let heard = '';
  let end: 'open' | 'ended' | 'reset' = 'open';
  const socket = connect({ host: '127.0.0.1', port });
  opened.push(socket);
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    heard += part;
  });
  socket.on('error', () => {
    end = 'reset';
  });
  socket.on('close', () => {
    if (end === 'open') end = 'ended';
  });
  return { socket, heard: () => heard, end: () => end };
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await Bun.sleep(1);
};

describe('the state of a connection', () => {
  const big = 'x'.repeat(32 * 2 ** 20);
  let gate = Promise.withResolvers<void>();
  let nAsked = 0;
  const { server, states, descriptors } = buildScene(async (call) => {
    nAsked++;
    const { length } = await call.bytes(2 ** 20);
    if (call.path === '/slow') await gate.promise;
    return call.path === '/big' ? big : `${call.path} ${length}`;
  });
  const quick = buildScene((call) => call.path);

  const begin = async (scene: ReturnType<typeof buildScene>) => {
    const n = scene.descriptors.length;
    const caller = callTo(scene.server.port);
    await until(() => scene.descriptors.length > n);
    const descriptor = scene.descriptors[n]!;
    return { ...caller, isResting: () => isAtRest(scene.states[descriptor]!) };
  };

  test('is at rest before a request, and when it is answered at once', async () => {
    const { socket, heard, isResting } = await begin(quick);
    expect(isResting()).toBe(true);
    for (const path of ['/a', '/b', '/c']) {
      socket.write(get(path) + get(`${path}2`));
      await until(() => heard().endsWith(`${path}2`));
      await until(isResting);
    }
  });

  test('is at rest when requests behind each other were answered in later turns', async () => {
    const { socket, heard, isResting } = await begin(
      buildScene((call) => {
        for (const startMs = performance.now(); performance.now() - startMs < 3; );
        return call.path;
      }),
    );
    socket.write(get('/a') + get('/b') + get('/c'));
    await until(() => heard().endsWith('/c'));
    await until(isResting);
  });

  test('is busy while an answer is made, however many wait behind it', async () => {
    gate = Promise.withResolvers();
    const { socket, heard, isResting } = await begin({ server, states, descriptors });
    const before = nAsked;
    socket.write(get('/slow'));
    await until(() => nAsked > before);
    expect(isResting()).toBe(false);
    socket.write(get('/now'));
    await new Promise(setImmediate);
    expect(isResting()).toBe(false);
    gate.resolve();
    await until(() => heard().endsWith('/now 0'));
    await until(isResting);
  });

  test('is busy while a request has come in part: its head, its body, or the next behind it', async () => {
    const { socket, heard, isResting } = await begin({ server, states, descriptors });
    const whole = post('/body', 'abcdef');
    for (const [i, cut] of [10, whole.length - 3].entries()) {
      socket.write(get(`/first${i}`) + whole.slice(0, cut));
      await until(() => heard().endsWith(`/first${i} 0`));
      // What follows the answer was read with what it answers.
      await new Promise(setImmediate);
      expect(isResting()).toBe(false);
      socket.write(whole.slice(cut));
      await until(() => heard().endsWith('/body 6'));
      await until(isResting);
    }
  });

  test('is busy until the system has taken the answer', async () => {
    const { socket, heard, isResting } = await begin({ server, states, descriptors });
    socket.pause();
    const before = server.nAnswered();
    socket.write(get('/big'));
    await until(() => server.nAnswered() > before);
    await new Promise(setImmediate);
    expect(isResting()).toBe(false);
    socket.resume();
    await until(() => heard().length > big.length);
    await until(isResting);
  });
});

describe('a connection that somebody else has accepted', () => {
  const scene = buildScene((call) => call.path);
  const listener = calls.listen(encodeAddress('127.0.0.1', 0)!, 8);
  const [own, other] = passing.pair()!;
  const duplicates: number[] = [];
  afterAll(() => {
    for (const descriptor of [listener, own, other, ...duplicates])
      passing.close(descriptor, false);
  });

  /** @param isKept another has a duplicate, as the supervisor does */
  const adopt = async (isKept: boolean) => {
    const caller = callTo(calls.portOf(listener));
    caller.socket.write(get('/before'));
    let descriptor = -1;
    await until(() => {
      descriptor = calls.accept(listener);
      return descriptor >= 0;
    });
    if (isKept) {
      passing.send(own, [{ descriptor, marks: [0, 0] }]);
      duplicates.push(...passing.receive(other)!.map((passed) => passed.descriptor));
    }
    scene.server.adopt!(descriptor);
    if (isKept) noteKept(scene.states, descriptor);
    await until(() => caller.heard().endsWith('/before'));
    return { ...caller, descriptor };
  };

  test('is answered what was sent before, and after', async () => {
    const { socket, heard } = await adopt(false);
    socket.write(get('/after'));
    await until(() => heard().endsWith('/after'));
  });

  test('ends in order, whoever else has it', async () => {
    const { socket, heard, end } = await adopt(true);
    socket.write('GET /last HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n');
    await until(() => end() !== 'open');
    expect(end()).toBe('ended');
    expect(heard()).toEndWith('/last');
    expect(fstatSync(duplicates.at(-1)!).isSocket()).toBe(true);
  });

  test('is reset, whoever else has it', async () => {
    const { end } = await adopt(true);
    scene.server.endConnections('all');
    await until(() => end() !== 'open');
    expect(end()).toBe('reset');
    expect(fstatSync(duplicates.at(-1)!).isSocket()).toBe(true);
  });
});
