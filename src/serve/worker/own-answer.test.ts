/** Whoever asks is answered what he asked, whatever others send and read at the same time in the same memory. */
import { afterAll, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PLANTED_FLIGHT } from '../../../test/planted.ts';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { buildRandom } from '../../core/random.ts';
import { blocks, STEP_BYTES } from '../../host/blocks.ts';

const CALLERS = 16;
const CONNECTIONS = 160;
const LONGEST_BYTES = 300_000;

/** All who ask are let in. */
const config = { batchesInFlight: CALLERS };
const service = startPlantedService(buildPlantedContext({ config }));
afterAll(() => service.stop());
const random = buildRandom(20_130_705);
const below = (n: number): number => Math.floor(random() * n);
/** As often of one size as of ten times that. */
const size = (most: number): number => Math.ceil(Math.exp(random() * Math.log(most)));
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Known {
  readonly json: string;
  readonly answer: string;
  readonly explained: string;
}
const ask = async (path: string, body: string): Promise<string> => {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(service.url + path, { method: 'POST', headers, body })).text();
};
const known: readonly Known[] = await Promise.all(
  Array.from({ length: 60 }, async (_, i) => {
    const destination = ['ATL', 'BOS', 'LAX', 'MIA', 'ORD', 'SFO', 'XXX'][i % 7]!;
    const json = JSON.stringify({ ...PLANTED_FLIGHT, destination, distanceMiles: 43 * i - 20 });
    const [answer, explained] = [
      await ask('/predict', json),
      await ask('/predict?explain=true', json),
    ];
    return { json, answer, explained };
  }),
);
const MODEL = /"model":.*$/.exec(known[0]!.answer)![0];
const rowOf = (answer: string): string => answer.replace(/,"model":.*$/, '}');
const some = (least: number, most: number): readonly Known[] =>
  Array.from({ length: least + below(most) }, () => known[below(known.length)]!);
const padded = ({ json }: Known, most: number): string =>
  `{"unasked":"${'x'.repeat(size(most))}",${json.slice(1)}`;

interface Question {
  readonly path: string;
  readonly type?: string;
  readonly body: string;
  readonly answer: string;
}
const batch = (
  query: string,
  prefix: string,
  flights: readonly Known[],
  rows: string[],
): Question => ({
  path: `/predict${query}`,
  body: `{${prefix}"flights":[${flights.map((flight) => padded(flight, 3000)).join()}]}`,
  answer: `{"predictions":[${rows.map(rowOf).join()}],${MODEL}`,
});
const QUESTIONS: readonly (() => Question)[] = [
  () => {
    const [flight] = some(1, 1);
    return { path: '/predict', body: padded(flight!, LONGEST_BYTES), answer: flight!.answer };
  },
  () => {
    const flights = some(1, size(600));
    return batch(
      '',
      random() < 0.3 ? '"mark":1,' : '',
      flights,
      flights.map(({ answer }) => answer),
    );
  },
  () => {
    const flights = some(2, 10);
    return batch(
      '?explain=true',
      '',
      flights,
      flights.map(({ explained }) => explained),
    );
  },
  () => {
    const flights = some(1, size(300));
    return {
      path: '/predict',
      type: 'application/x-ndjson',
      body: flights.map((flight) => `${padded(flight, 50_000)}\n`).join(''),
      answer: flights.map(({ answer }) => `${answer}\n`).join(''),
    };
  },
];

/** A question as bytes, by its length or in chunks, as it is or packed. */
const bytesOf = ({ path, type = 'application/json', body }: Question): Buffer => {
  const isPacked = random() < 0.15;
  const sent = isPacked ? gzipSync(body, { level: 1 }) : Buffer.from(body);
  const fields = [
    `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Type: ${type}\r\n`,
    isPacked ? 'Content-Encoding: gzip\r\n' : '',
    random() < 0.3 ? 'Accept-Encoding: gzip\r\n' : '',
  ].join('');
  if (random() < 0.6)
    return Buffer.concat([Buffer.from(`${fields}Content-Length: ${sent.length}\r\n\r\n`), sent]);
  const parts = [Buffer.from(`${fields}Transfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0, n = 0; at < sent.length; at += n) {
    n = Math.min(sent.length - at, Math.max(size(sent.length), sent.length >> 6));
    parts.push(
      Buffer.from(`${n.toString(16)}\r\n`),
      sent.subarray(at, at + n),
      Buffer.from('\r\n'),
    );
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
};

/** The next answer in what was heard, and the place behind it; undefined while it is not whole. */
const answerIn = (heard: Buffer): { readonly text: string; readonly end: number } | undefined => {
  const headEnd = heard.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = heard.toString('latin1', 0, headEnd);
  const length = /\r\nContent-Length: (\d+)/.exec(head)?.[1];
  const parts: Buffer[] = [];
  let at = headEnd + 4;
  if (length !== undefined) {
    const start = at;
    at += Number(length);
    parts.push(heard.subarray(start, at));
  } else
    for (let n = -1; n !== 0; ) {
      const lineEnd = heard.indexOf('\r\n', at);
      if (lineEnd < 0) return undefined;
      n = Number.parseInt(heard.toString('latin1', at, lineEnd), 16);
      parts.push(heard.subarray(lineEnd + 2, lineEnd + 2 + n));
      at = lineEnd + 2 + n + 2;
    }
  if (at > heard.length) return undefined;
  const body = Buffer.concat(parts);
  const isPacked = head.includes('content-encoding: gzip');
  return { text: (isPacked ? gunzipSync(body) : body).toString(), end: at };
};

/** Writes over whatever is free, between turns, until it is told to stop. */
const spoil = (): (() => void) => {
  let isOver = false;
  const fill = (): void => {
    const taken = Array.from({ length: 24 }, (_, i) => blocks.take((1 + i) * STEP_BYTES).fill(90));
    for (const block of taken) blocks.give(block);
    if (!isOver) setImmediate(fill);
  };
  fill();
  return () => {
    isOver = true;
  };
};

const readSlowly = (socket: Socket): void => {
  socket.pause();
  setImmediate(() => setImmediate(() => socket.resume()));
};

const wrong: string[] = [];

/** Asks some questions behind each other on one connection. @returns how many were answered; some callers leave before */
const converse = async (): Promise<number> => {
  const questions = Array.from({ length: 1 + below(4) }, () =>
    QUESTIONS[below(QUESTIONS.length)]!(),
  );
  const [isSlow, isLeaving] = [random() < 0.2, random() < 0.2];
  const sent = Buffer.concat(questions.map(bytesOf));
  const leavesAt = isLeaving ? below(sent.length) : sent.length;
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('close', resolve);
  socket.on('error', () => {});
  let heard: Buffer = Buffer.alloc(0);
  let nAnswered = 0;
  socket.on('data', (part: Buffer) => {
    heard = Buffer.concat([heard, part]);
    for (let next = answerIn(heard); next; next = answerIn(heard)) {
      if (next.text !== questions[nAnswered]?.answer) wrong.push(next.text);
      nAnswered++;
      heard = heard.subarray(next.end);
    }
    if (nAnswered === questions.length) socket.destroy();
    else if (isSlow) readSlowly(socket);
  });
  for (let at = 0; at < leavesAt && !socket.destroyed; ) {
    const to = Math.min(leavesAt, at + Math.max(size(sent.length), sent.length >> 6));
    socket.write(sent.subarray(at, to));
    at = to;
    await turn();
  }
  if (isLeaving) socket.destroy();
  await closed;
  if (!isLeaving) expect(nAnswered).toBe(questions.length);
  return nAnswered;
};

test('callers who send in pieces, read slowly, ask ahead or leave are each answered with their own', async () => {
  const stop = spoil();
  let nLeft = CONNECTIONS;
  let nAnswered = 0;
  const caller = async (): Promise<void> => {
    while (nLeft-- > 0) {
      const n = await converse();
      nAnswered += n;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  stop();
  expect(wrong).toEqual([]);
  expect(nAnswered).toBeGreaterThan(CONNECTIONS);
});
