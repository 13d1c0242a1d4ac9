/**
 * The warm-up of a worker: it sends itself many requests before others do, since the runtime compiles only
 * what has run often, and answers slowly until then. Sent over a socket in the shared folder, counted nowhere.
 */
import { rmSync } from 'node:fs';
import { grantedProcessors } from '../../host/processors.ts';
import { openHttp } from '../../http/server.ts';
import type { ServeContext } from '../context.ts';
import { exampleFlight } from '../documents/schema.ts';
import { problemText } from '../formats/problem.ts';
import { buildApp } from './app.ts';
import { scratchOf } from './scratch.ts';

/** After some hundreds the first callers wait no longer than after many thousands, and these cost a start its time. */
const REQUESTS = 1500;
const CONNECTIONS = 8;
const LIMIT_MS = 2000;
/**
 * Work and rest in turn: those who answer meanwhile need the processors more, and an autoscaler must not take a start for
 * load. Half of a processor at most, a quarter of what is granted where that is less than two.
 */
const WORK_MS = 4;
const MAX_SHARE = 0.5;
const GRANTED_SHARE = 0.25;

const restMs = (granted = grantedProcessors()): number =>
  WORK_MS * (1 / Math.min(MAX_SHARE, GRANTED_SHARE * granted) - 1);

/**
 * Resolves when enough requests were sent, or it took too long.
 * @param path where the socket is made, and taken away
 * @param goesOn false once the worker is needed
 */
export const warmUp = async (
  context: ServeContext,
  path: string,
  goesOn: () => boolean,
): Promise<void> => {
  const body = JSON.stringify(exampleFlight(context.loaded.model));
  const request = Buffer.from(
    `POST /predict HTTP/1.1\r\nHost: warm-up\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const server = openHttp({
    unix: path,
    limits: { requestMs: LIMIT_MS, idleMs: LIMIT_MS },
    handlers: {
      answer: buildApp(scratchOf(context)),
      refused: problemText,
      failed: () => new Response(null, { status: 500 }),
      onShed: () => {},
    },
  });
  const callers = await Promise.all(Array.from({ length: CONNECTIONS }, () => openCaller(path)));
  const endMs = performance.now() + LIMIT_MS;
  const pauseMs = restMs();
  let restAtMs = performance.now() + WORK_MS;
  for (let n = 0; n < REQUESTS && goesOn() && performance.now() < endMs; n += CONNECTIONS) {
    await Promise.all(callers.map(({ ask }) => ask(request)));
    if (performance.now() < restAtMs) continue;
    await Bun.sleep(pauseMs);
    restAtMs = performance.now() + WORK_MS;
  }
  server.stopListening();
  server.endConnections('all');
  // Other threads may keep the server's ends open (see `sockets`), so that these would never hear of it.
  for (const caller of callers) caller.end();
  rmSync(path, { force: true });
};

interface Caller {
  /** Sends a request; resolves when an answer comes back, or the connection ends. */
  readonly ask: (request: Buffer) => Promise<void>;
  readonly end: () => void;
}

const openCaller = async (path: string): Promise<Caller> => {
  let answered = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    unix: path,
    socket: {
      data: () => answered.resolve(),
      close: () => answered.resolve(),
    },
  });
  return {
    ask: (request) => {
      answered = Promise.withResolvers<void>();
      if (socket.write(request) !== request.length) answered.resolve();
      return answered.promise;
    },
    end: () => socket.terminate(),
  };
};
