/**
 * Attacks that keep to the protocol: what each of their callers sends, for as long as it is let.
 */
import { gzipSync } from 'node:zlib';
import { FLIGHT } from './http-peers.ts';

export interface Attack {
  readonly name: string;
  /** How many do it at once. */
  readonly nAtOnce: number;
  readonly attacker: (attacker: Attacker) => Promise<void>;
}

export interface Attacker {
  readonly port: number;
  readonly goesOn: () => boolean;
  /** Resolves when the attackers may take more of the processor. */
  readonly breath: () => Promise<void>;
}

interface Peer {
  readonly send: (bytes: string | Uint8Array) => void;
  readonly end: () => void;
  readonly pause: () => void;
  readonly isClosed: () => boolean;
  readonly nUnsent: () => number;
  /** Resolves when something has come back, or the connection has ended. */
  readonly heard: () => Promise<void>;
}

const connect = async (port: number): Promise<Peer> => {
  let isClosed = false;
  let answered = Promise.withResolvers<void>();
  let unsent: Uint8Array = new Uint8Array(0);
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data: () => answered.resolve(),
      drain: (own) => {
        unsent = unsent.subarray(Math.max(0, own.write(unsent)));
      },
      close: () => {
        isClosed = true;
        answered.resolve();
      },
      error: () => {},
    },
  });
  return {
    send: (bytes) => {
      const all = Buffer.concat([unsent, Buffer.from(bytes as Uint8Array)]);
      unsent = all.subarray(Math.max(0, socket.write(all)));
    },
    end: () => socket.terminate(),
    pause: () => socket.pause(),
    isClosed: () => isClosed,
    nUnsent: () => unsent.length,
    heard: async () => {
      await answered.promise;
      answered = Promise.withResolvers<void>();
    },
  };
};

const request = (path: string, type: string, body: string | Uint8Array, more = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n`,
    ),
    Buffer.from(body as Uint8Array),
  ]);
const batch = (nRows: number): string =>
  `{"flights":[${Array.from({ length: nRows }, () => FLIGHT).join()}]}`;

/** The tensors of 10,000 flights, and every output 12,500 times. */
const manyOutputs = (): Buffer => {
  const flight = JSON.parse(FLIGHT) as Record<string, unknown>;
  const texts = Object.entries(flight).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const columns = texts.map(([name, value]) => {
    const one = Buffer.alloc(4 + value.length);
    one.writeUInt32LE(value.length);
    one.write(value, 4);
    return { name, bytes: Buffer.concat(Array.from({ length: 10_000 }, () => one)) };
  });
  const head = JSON.stringify({
    inputs: columns.map(({ name, bytes }) => ({
      name,
      shape: [10_000],
      datatype: 'BYTES',
      parameters: { binary_data_size: bytes.length },
    })),
    outputs: Array.from({ length: 12_500 }, () => ({ name: 'probability' })),
  });
  const body = Buffer.concat([Buffer.from(head), ...columns.map(({ bytes }) => bytes)]);
  const length = `Inference-Header-Content-Length: ${head.length}\r\n`;
  return request('/v2/models/bench/infer', 'application/octet-stream', body, length);
};

/** Asks again and again, waiting for each answer, or for `ms`. */
const again =
  (bytes: string | Uint8Array, ms?: number): Attack['attacker'] =>
  async ({ port, goesOn, breath }) => {
    while (goesOn()) {
      await breath();
      const peer = await connect(port);
      peer.send(bytes);
      await (ms === undefined ? peer.heard() : Bun.sleep(ms));
      peer.end();
    }
  };

const STREAM =
  'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Opens a stream and sends something now and then. */
const stream =
  (piece: string): Attack['attacker'] =>
  async ({ port, goesOn }) => {
    while (goesOn()) {
      const peer = await connect(port);
      peer.send(STREAM);
      while (goesOn() && !peer.isClosed()) {
        if (piece !== '') peer.send(`${piece.length.toString(16)}\r\n${piece}\r\n`);
        await Bun.sleep(1000);
      }
      peer.end();
    }
  };

/** Sends the same piece of a stream for ever, as fast as it is taken. */
const flood =
  (piece: string): Attack['attacker'] =>
  async ({ port, goesOn, breath }) => {
    const chunk = `${piece.length.toString(16)}\r\n${piece}\r\n`;
    while (goesOn()) {
      const peer = await connect(port);
      peer.send(STREAM);
      while (goesOn() && !peer.isClosed()) {
        await breath();
        if (peer.nUnsent() < chunk.length) peer.send(chunk);
        await Bun.sleep(1);
      }
      peer.end();
    }
  };

/** A value of about `nBytes` that no flight is: many small lists. */
const lists = (nBytes: number): string =>
  `[${Array(Math.floor(nBytes / 5))
    .fill('[{}]')
    .join()}]`;

/** The same request so many times. */
const behind = (one: string | Uint8Array, nTimes: number): Buffer =>
  Buffer.concat(Array.from({ length: nTimes }, () => Buffer.from(one as Uint8Array)));

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: t\r\n\r\n`;
const QUERY = new URLSearchParams(
  Object.entries(JSON.parse(FLIGHT) as Record<string, unknown>).map(([name, value]) => [
    name,
    String(value),
  ]),
).toString();

/** An object of about `nBytes`, with another name each time: what costs the parser most. */
const differentNames = (nBytes: number): string =>
  `{${Array.from({ length: Math.floor(nBytes / 9) }, (_, i) => `"${i.toString(36).padStart(4, '_')}":1`).join()}}`;

/** Heads that differ in their last field, so that none is known already. */
const WIDE_HEADS = Buffer.concat(
  Array.from({ length: 40 }, (_, n) =>
    Buffer.from(
      `GET /model HTTP/1.1\r\nHost: t\r\n${Array.from({ length: 90 }, (_, i) => `X-${i}: ${'a'.repeat(150)}\r\n`).join('')}Content-Type: text/${n}\r\n\r\n`,
    ),
  ),
);

/** Asks, and reads nothing of the answer. */
const unread =
  (bytes: string | Uint8Array): Attack['attacker'] =>
  async ({ port, goesOn, breath }) => {
    while (goesOn()) {
      await breath();
      const peer = await connect(port);
      peer.pause();
      peer.send(bytes);
      for (let s = 0; s < 50 && goesOn() && !peer.isClosed(); s++) await Bun.sleep(100);
      peer.end();
    }
  };

const EXPLAINED = '/predict?explain=true';
export const ATTACKS: readonly Attack[] = [
  { name: 'an output named 12,500 times', nAtOnce: 8, attacker: again(manyOutputs()) },
  {
    name: '10,000 flights explained, gone after 3 s',
    nAtOnce: 40,
    attacker: again(request(EXPLAINED, 'application/json', batch(10_000)), 3000),
  },
  {
    name: '2,000 flights explained, never read',
    nAtOnce: 100,
    attacker: async ({ port, goesOn }) => {
      while (goesOn()) {
        const peer = await connect(port);
        peer.pause();
        peer.send(request(EXPLAINED, 'application/json', batch(2000)));
        for (let s = 0; s < 10 && goesOn(); s++) await Bun.sleep(1000);
        peer.end();
      }
    },
  },
  { name: 'silent streams', nAtOnce: 300, attacker: stream('') },
  { name: 'streams with an empty line a second', nAtOnce: 300, attacker: stream('\n') },
  { name: 'streams with a flight a second', nAtOnce: 300, attacker: stream(`${FLIGHT}\n`) },
  {
    name: 'bodies of 1 MiB that do not end',
    nAtOnce: 1500,
    attacker: async ({ port, goesOn, breath }) => {
      const whole = request('/predict', 'application/json', ' '.repeat(2 ** 20));
      while (goesOn()) {
        await breath();
        const peer = await connect(port);
        peer.send(whole.subarray(0, 1_040_000));
        for (let s = 0; s < 60 && goesOn() && !peer.isClosed(); s++) await Bun.sleep(200);
        peer.end();
      }
    },
  },
  {
    name: 'gzip that unpacks to 64 MiB',
    nAtOnce: 16,
    attacker: again(
      request(
        '/predict',
        'application/json',
        gzipSync(Buffer.alloc(64 * 2 ** 20, ' ')),
        'Content-Encoding: gzip\r\n',
      ),
    ),
  },
  {
    name: 'bodies of 910 KB to no route',
    nAtOnce: 16,
    attacker: again(request('/nope', 'application/json', ' '.repeat(910_000))),
  },
  {
    name: '1 MB of lists that are no flight',
    nAtOnce: 16,
    attacker: again(request('/predict', 'application/json', lists(1_000_000))),
  },
  {
    name: 'forms of 60 KB',
    nAtOnce: 16,
    attacker: again(request('/result', 'application/x-www-form-urlencoded', 'a&'.repeat(30_000))),
  },
  {
    name: 'empty lines as fast as they are taken',
    nAtOnce: 16,
    attacker: flood('\n'.repeat(60_000)),
  },
  {
    name: 'broken lines as fast as they are taken',
    nAtOnce: 16,
    attacker: flood('{\n'.repeat(30_000)),
  },
  {
    name: 'explained batches behind each other, then gone',
    nAtOnce: 40,
    attacker: again(
      Buffer.concat(
        Array.from({ length: 8 }, () => request(EXPLAINED, 'application/json', batch(300))),
      ),
      1000,
    ),
  },
  {
    name: '1 MB of different names',
    nAtOnce: 16,
    attacker: again(request('/predict', 'application/json', differentNames(1_000_000))),
  },
  {
    name: '1 MB of different names as a tensor request',
    nAtOnce: 16,
    attacker: again(
      request('/v2/models/bench/infer', 'application/json', differentNames(1_000_000)),
    ),
  },
  {
    name: 'lines of 1 MB of different names',
    nAtOnce: 16,
    attacker: flood(`${differentNames(1_000_000)}\n`),
  },
  {
    name: 'lines of as many different names as are taken',
    nAtOnce: 16,
    attacker: flood(`${differentNames(17_950)}\n`),
  },
  {
    name: 'flights with reasons behind each other',
    nAtOnce: 40,
    attacker: again(behind(request(EXPLAINED, 'application/json', FLIGHT), 300), 1000),
  },
  {
    name: 'flights with reasons, one after the other',
    nAtOnce: 64,
    attacker: again(request(EXPLAINED, 'application/json', FLIGHT)),
  },
  {
    name: 'pages behind each other, never read',
    nAtOnce: 40,
    attacker: unread(behind(get(`/?${QUERY}`), 300)),
  },
  {
    name: 'documents behind each other, never read',
    nAtOnce: 40,
    attacker: unread(behind(get('/postman.json') + get('/openapi.json') + get('/model'), 300)),
  },
  {
    name: 'broken requests behind each other',
    nAtOnce: 40,
    attacker: again(behind(request('/predict', 'application/json', '{'), 600), 200),
  },
  {
    name: 'chunks of one byte',
    nAtOnce: 16,
    attacker: again(
      `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(150_000)}0\r\n\r\n`,
    ),
  },
  {
    name: 'packed streams that say nothing',
    nAtOnce: 1000,
    attacker: async ({ port, goesOn }) => {
      while (goesOn()) {
        const peer = await connect(port);
        const packed = gzipSync(`${FLIGHT}\n`);
        peer.send(STREAM.replace('\r\n\r\n', '\r\nContent-Encoding: gzip\r\n\r\n'));
        peer.send(
          Buffer.concat([
            Buffer.from(`${packed.length.toString(16)}\r\n`),
            packed,
            Buffer.from('\r\n'),
          ]),
        );
        while (goesOn() && !peer.isClosed()) await Bun.sleep(500);
        peer.end();
      }
    },
  },
  {
    name: 'packed bodies of 900 KB that are noise',
    nAtOnce: 64,
    attacker: again(
      request(
        '/v2/models/bench/infer',
        'application/json',
        gzipSync(crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(15)),
        'Content-Encoding: gzip\r\n',
      ),
    ),
  },
  {
    name: 'heads of 15 KB, another each time',
    nAtOnce: 40,
    attacker: again(behind(WIDE_HEADS, 1), 50),
  },
  {
    name: 'connections that break off inside a head',
    nAtOnce: 64,
    attacker: again('POST /predict HTTP/1.1\r\nHost: t\r\nX-', 5),
  },
  {
    name: 'bodies that wait to be asked for and never come',
    nAtOnce: 1000,
    attacker: async ({ port, goesOn }) => {
      while (goesOn()) {
        const peer = await connect(port);
        peer.send(
          'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 900000\r\nExpect: 100-continue\r\n\r\n',
        );
        while (goesOn() && !peer.isClosed()) await Bun.sleep(500);
        peer.end();
      }
    },
  },
  {
    name: 'addresses of a thousand parameters',
    nAtOnce: 40,
    attacker: again(behind(get(`/predict?${'airline=&'.repeat(890)}`), 30), 100),
  },
  {
    name: 'answers to 10,000 flights, taken a little at a time',
    nAtOnce: 100,
    attacker: unread(request('/predict', 'application/json', batch(7000))),
  },
];
