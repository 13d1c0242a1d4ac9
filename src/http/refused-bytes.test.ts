import { describe, expect, test } from 'bun:test';
import { echo, get, open, post, talk } from '../../test/http-talk.ts';
import { type Connection, createConnection } from './connection.ts';
import { buildRefusedBytes } from './refused-bytes.ts';

/** A quarter of what may come at once; paid for in 8 ms. */
const QUARTER = 256 * 1024;

/** Ten connections, time that passes when asked to, and who is read from. */
const begin = () => {
  let nowMs = 0;
  let work: (() => void) | undefined;
  const paid: number[] = [];
  const refusedBytes = buildRefusedBytes({
    nowMs: () => nowMs,
    later: (next) => {
      work = next;
    },
    onPaid: ({ place }) => paid.push(place),
  });
  const socket = {
    remoteAddress: '',
    write: () => 0,
    end: () => {},
    shutdown: () => {},
    terminate: () => {},
    pause: () => {},
    resume: () => {},
  };
  const connections = Array.from({ length: 10 }, (_, place) =>
    createConnection(socket, place, 0, 0),
  );
  return {
    ...refusedBytes,
    paid,
    connections,
    at: (place: number): Connection => connections[place]!,
    pass: (ms: number) => {
      nowMs += ms;
      const now = work;
      work = undefined;
      now?.();
    },
  };
};

describe('the bodies of refused requests', () => {
  test('are read as they come while they are few or small', () => {
    const { refused, at, connections } = begin();
    for (let i = 0; i < 10_000; i++) refused(at(i % 10), 16 * 1024);
    refused(at(0), 4 * QUARTER);
    expect(connections.some(({ isPaused }) => isPaused)).toBe(false);
  });

  test('are paid for one after the other once they are many', () => {
    const { refused, at, connections, paid, pass } = begin();
    for (const { place } of connections) refused(at(place), QUARTER);
    const waiting = connections.filter(({ isPaused }) => isPaused).map(({ place }) => place);
    expect(waiting).toEqual([5, 6, 7, 8, 9]);
    pass(1);
    expect(paid).toEqual([]);
    // A debt of a quarter at 32 KiB a millisecond.
    pass(7);
    expect(paid).toEqual([5]);
    pass(8);
    pass(8);
    expect(paid).toEqual([5, 6, 7]);
    expect(at(7).isPaused).toBe(false);
    expect(at(8).isPaused).toBe(true);
  });

  test('count what comes of them after the answer too', () => {
    const { refused, dropped, at, paid, pass } = begin();
    refused(at(0), 5 * QUARTER);
    refused(at(1), 20 * 1024);
    dropped(at(1), QUARTER);
    refused(at(2), 20 * 1024);
    pass(9);
    expect(paid).toEqual([1]);
    pass(1);
    expect(paid).toEqual([1]);
    pass(8);
    expect(paid).toEqual([1, 2]);
  });

  test('are not paid for, nor waited for, once their callers have gone', () => {
    const { refused, at, connections, paid, pass } = begin();
    for (const { place } of connections) refused(at(place), QUARTER);
    for (const place of [5, 6, 8]) at(place).isOpen = false;
    pass(8);
    expect(paid).toEqual([7]);
    pass(8);
    expect(paid).toEqual([7, 9]);
  });

  test('keep nobody waiting at the end of the service', () => {
    const { refused, forgive, at, connections, pass } = begin();
    for (const { place } of connections) refused(at(place), 2 * QUARTER);
    forgive();
    expect(connections.some(({ isPaused }) => isPaused)).toBe(false);
    refused(at(0), 100 * QUARTER);
    expect(at(0).isPaused).toBe(false);
    pass(1);
  });

  test('are all answered, with those behind them, whatever they wait', async () => {
    const server = open((call) =>
      call.path === '/no' ? new Response('', { status: 503 }) : echo(call),
    );
    const body = 'x'.repeat(60 * 1024);
    const talks = Array.from({ length: 8 }, () =>
      talk(server, post('/no', body).repeat(20) + get('/end')),
    );
    for (const { until } of talks) {
      const heard = await until('/end');
      expect(heard.match(/503 Service/g)).toHaveLength(20);
    }
  });
});
