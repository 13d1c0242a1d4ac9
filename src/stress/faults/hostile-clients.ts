/**
 * Clients that misbehave: some never finish a header, some send what is not HTTP. They run beside the load, in the
 * coordinator's process, and are gone when their time is over.
 */
import type { Socket } from 'bun';
import type { Target } from '../target/target.ts';

interface HostileClient {
  sent: number;
  received: number;
  status: number;
  closed: boolean;
}

const HEADER = 'POST /predict HTTP/1.1\r\nHost: slow\r\nX-Slow: ';
const BYTE_EVERY_MS = 1000;
const GARBAGE_EVERY_MS = 10;

const connect = (
  target: Target,
  i: number,
  first: string,
): Promise<Socket<HostileClient> | undefined> =>
  Bun.connect<HostileClient>({
    hostname: target.addresses[i % target.addresses.length]!,
    port: target.port,
    data: { sent: 0, received: 0, status: 0, closed: false },
    ...(target.isTls ? { tls: { rejectUnauthorized: false } } : {}),
    socket: {
      open: (socket) => {
        if (first !== '') socket.write(first);
      },
      data: (socket, bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        if (socket.data.received === 0) {
          socket.data.status = Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1] ?? 0);
        }
        socket.data.received += bytes.length;
      },
      close: (socket) => {
        socket.data.closed = true;
      },
      error: () => {},
      connectError: () => {},
    },
  }).catch(() => undefined);

/** Opens `count` clients that send one byte of a header per second, and holds them. Returns what became of them. */
export const holdSlowClients = async (
  target: Target,
  count: number,
  lastsMs: number,
  signal: AbortSignal,
): Promise<string[]> => {
  const endMs = performance.now() + lastsMs;
  const opened = await Promise.all(
    Array.from({ length: count }, (_, i) => connect(target, i, HEADER.slice(0, 20))),
  );
  const clients = opened.filter((client) => client !== undefined);
  try {
    for (let at = 20; performance.now() < endMs && !signal.aborted; at++) {
      await Bun.sleep(Math.min(BYTE_EVERY_MS, Math.max(0, endMs - performance.now())));
      for (const client of clients) {
        if (!client.data.closed) client.write(HEADER[at] ?? 'x');
      }
    }
    const nClosed = clients.filter(({ data }) => data.closed).length;
    return [
      `${clients.length} of ${count} slow clients were accepted, ${nClosed} of them were closed by the service before their time was over`,
    ];
  } finally {
    for (const client of clients) client.terminate();
  }
};

const MALFORMED: readonly string[] = [
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'GET\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"airline',
  'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n[1,2',
  `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'a'.repeat(40_000)}\r\n\r\n`,
  'POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  `\0\0\0\0${'\xff'.repeat(500)}`,
];

/** Sends one malformed request on a new connection every 10 ms. Returns how they were answered. */
export const throwGarbage = async (
  target: Target,
  lastsMs: number,
  signal: AbortSignal,
): Promise<string[]> => {
  const endMs = performance.now() + lastsMs;
  const clients: Socket<HostileClient>[] = [];
  let nTried = 0;
  try {
    while (performance.now() < endMs && !signal.aborted) {
      const client = await connect(target, nTried, MALFORMED[nTried % MALFORMED.length]!);
      nTried++;
      if (client) clients.push(client);
      await Bun.sleep(GARBAGE_EVERY_MS);
    }
    await Bun.sleep(100);
    const withStatus = (low: number, high: number): number =>
      clients.filter(({ data }) => data.status >= low && data.status < high).length;
    const nSilent = clients.filter(({ data }) => data.status === 0).length;
    return [
      `${nTried} malformed requests were sent: ${withStatus(400, 500)} were answered 4xx, ${withStatus(500, 600)} 5xx, ${withStatus(200, 400)} were accepted, ${nSilent} got no answer`,
    ];
  } finally {
    for (const client of clients) client.terminate();
  }
};
