/**
 * A service with bad habits that counts what it has truly answered: `bun odd.ts PORT LOG HABIT`. Each answer that is
 * whole and right leaves one byte in LOG.
 */
import { openSync, writeSync } from 'node:fs';
import type { Socket } from 'bun';

const [port, path = '/dev/null', habit = 'none'] = process.argv.slice(2);
const log = openSync(path, 'a');
const WHOLE = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a="b;c"\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 5\r\n\r\n';
const LATE_MS = 5;
const TRICKLE_MS = 60;

interface Peer {
  /** Accepted, and never read. */
  isDeaf: boolean;
  rest: string;
  nAnswers: number;
}

const right = (socket: Socket<Peer>, text = WHOLE): void => {
  socket.write(text);
  writeSync(log, '.');
};

/** What is done to the n-th request. */
const HABITS: Readonly<Record<string, (socket: Socket<Peer>, n: number) => void>> = {
  none: (socket) => right(socket),
  'half answers': (socket, n) => {
    if (n % 7 === 6) socket.write(WHOLE.slice(0, -2));
    else right(socket);
  },
  'a trickle that outlasts the timeout': (socket, n) => {
    if (n % 20 !== 19) {
      right(socket);
      return;
    }
    let at = 0;
    const timer = setInterval(() => {
      socket.write(WHOLE[at]!);
      if (++at === WHOLE.length) clearInterval(timer);
    }, TRICKLE_MS);
  },
  'two answers for one': (socket, n) => {
    if (n % 6 === 5) socket.write(WHOLE + WHOLE);
    else right(socket);
  },
  'early hints, sometimes nothing after them': (socket, n) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
    if (n % 25 !== 24) setTimeout(right, LATE_MS, socket);
  },
  'chunks with trailers, cut anywhere': (socket, n) => {
    const cut = n % CHUNKED.length;
    if (cut > 0) socket.write(CHUNKED.slice(0, cut));
    setTimeout(right, 1, socket, CHUNKED.slice(cut));
  },
  'closes after five answers': (socket) => {
    right(socket);
    if (++socket.data.nAnswers === 5) socket.end();
  },
  'resets inside a body': (socket, n) => {
    if (n % 9 !== 8) {
      right(socket);
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhello');
    setTimeout(() => socket.terminate(), LATE_MS);
  },
  'reads nothing of every fourth connection': (socket) => right(socket),
  '1 % wrong bodies': (socket, n) => {
    if (n % 100 === 99) socket.write(WHOLE.replace('hello', 'jello'));
    else right(socket);
  },
};

const answer = HABITS[habit]!;
let n = 0;
let nConnections = 0;
Bun.listen<Peer>({
  hostname: '127.0.0.1',
  port: Number(port),
  socket: {
    open: (socket) => {
      // The first two are of whoever looks whether it is there, and of the probe.
      const isDeaf =
        habit.startsWith('reads nothing') && ++nConnections > 2 && nConnections % 4 === 0;
      socket.data = { isDeaf, rest: '', nAnswers: 0 };
      if (isDeaf) socket.pause();
    },
    data: (socket, bytes) => {
      // The runtime reads on when the peer goes away.
      if (socket.data.isDeaf) return;
      const text = socket.data.rest + Buffer.from(bytes).toString('latin1');
      const requests = text.split('\r\n\r\n');
      socket.data.rest = requests.pop()!;
      for (let i = 0; i < requests.length; i++) answer(socket, n++);
    },
  },
});
