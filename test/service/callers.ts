/**
 * Callers that ask without pause, over connections that they keep or a new one each time, and tell what became of every
 * request.
 */
import { connect, type Socket } from 'node:net';
import { PLANTED_FLIGHT } from '../planted.ts';

interface Outcomes {
  /** Answers 200. */
  ok: number;
  /** Other answers, by status. */
  readonly refused: Record<number, number>;
  /** Requests that were sent and never answered. */
  lost: number;
  /** Connections that nobody took: nothing was sent on them. */
  notTaken: number;
}

interface Callers {
  readonly outcomes: Outcomes;
  readonly stop: () => Promise<Outcomes>;
}

/** What callers do with a connection after an answer. */
type Connection = 'keep-alive' | 'close';

const BODY = JSON.stringify(PLANTED_FLIGHT);
const requestOf = (connection: Connection): string =>
  `POST /predict HTTP/1.1\r\nHost: test\r\nConnection: ${connection}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const AGAIN_MS = 20;

export const startCallers = (
  url: string,
  nCallers: number,
  connection: Connection = 'keep-alive',
): Callers => {
  const { port } = new URL(url);
  const outcomes: Outcomes = { ok: 0, refused: {}, lost: 0, notTaken: 0 };
  let stopping = false;
  const calls = Array.from({ length: nCallers }, async () => {
    while (!stopping) {
      const request = requestOf(connection);
      const taken = await callUntilClosed(
        { port: Number(port), request },
        outcomes,
        () => stopping,
      );
      if (!taken) await Bun.sleep(AGAIN_MS);
    }
  });
  return {
    outcomes,
    stop: async () => {
      stopping = true;
      await Promise.all(calls);
      return outcomes;
    },
  };
};

/** One connection: asks until either side ends it. @returns whether it was taken at all */
const callUntilClosed = (
  { port, request }: { readonly port: number; readonly request: string },
  outcomes: Outcomes,
  isStopping: () => boolean,
): Promise<boolean> =>
  new Promise((resolve) => {
    let waiting = false;
    let taken = false;
    let text = '';
    const ask = (socket: Socket): void => {
      waiting = true;
      socket.write(request);
    };
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => {
      taken = true;
      ask(socket);
    });
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      text = '';
      waiting = false;
      const status = Number(head.slice(9, 12));
      if (status === 200) outcomes.ok++;
      else outcomes.refused[status] = (outcomes.refused[status] ?? 0) + 1;
      if (isStopping() || /^connection: close/im.test(head)) socket.end();
      else ask(socket);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (waiting) outcomes.lost++;
      if (!taken) outcomes.notTaken++;
      resolve(taken);
    });
  });
