import { expect, test } from 'bun:test';
import type { HttpServer } from '../../http/server.ts';
import { drain } from './drain.ts';

/** A server that somebody connects to at every look, `nKnocks` times. */
const buildScene = (nKnocks: number, canHold: boolean) => {
  const events: string[] = [];
  let nAccepted = 0;
  const server: HttpServer = {
    port: 0,
    descriptor: undefined,
    adopt: undefined,
    nConnections: () => 0,
    nInFlight: () => 0,
    nAnswered: () => 0,
    nAccepted: () => (nAccepted < nKnocks ? ++nAccepted : nAccepted),
    closeAfterAnswers: () => events.push('close after answers'),
    stopListening: () => events.push(`closed after ${nAccepted} knocks`),
    endConnections: (which) => events.push(`end ${which}`),
  };
  const drained = drain({
    server,
    holdNew: () => {
      events.push('hold');
      return canHold;
    },
    delayMs: () => 0,
    closeMs: 0,
    limitMs: 10_000,
  });
  return { events, drained };
};

test('a listener is closed once new connections are held back', async () => {
  const { events, drained } = buildScene(5, true);
  await drained;
  expect(events).toEqual(['close after answers', 'hold', 'closed after 0 knocks', 'end idle']);
});

test('where they cannot be held back, they are taken until none comes any more, and the listener is closed last', async () => {
  const { events, drained } = buildScene(5, false);
  await drained;
  expect(events).toEqual(['close after answers', 'hold', 'closed after 5 knocks', 'end idle']);
});
