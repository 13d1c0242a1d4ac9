import { afterAll, describe, expect, test } from 'bun:test';
import { PLANTED_FLIGHT } from '../../../test/planted.ts';
import { startPlantedService } from '../../../test/planted-service.ts';
import { blocks } from '../../host/blocks.ts';
import { LOOKS_BYTES } from '../../http/limits.ts';
import { buildLineCutter, NDJSON } from './ndjson.ts';

const service = startPlantedService();
afterAll(() => service.stop());

const send = async (body: BodyInit, query = ''): Promise<Record<string, unknown>[]> => {
  const response = await fetch(`${service.url}/predict${query}`, {
    method: 'POST',
    headers: { 'content-type': NDJSON },
    body,
  });
  expect(response.headers.get('content-type')).toBe(NDJSON);
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
};

test('lines come out whole, wherever the stream is cut', () => {
  const text = 'one\n\ntwo, longer\r\nthree';
  for (let size = 1; size <= text.length; size++) {
    const lines: string[] = [];
    const cutter = buildLineCutter(100);
    const keep = (taken: readonly Uint8Array[]): void =>
      void lines.push(...taken.map((line) => Buffer.from(line).toString()));
    for (let at = 0; at < text.length; at += size) {
      cutter.feed(Buffer.from(text.slice(at, at + size)));
      for (let n = 0; n < size; n++) keep(cutter.take(1));
    }
    keep(cutter.end());
    expect(lines).toEqual(['one', 'two, longer\r', 'three']);
  }
});

test('blank lines are passed over without a word, however many', () => {
  const cutter = buildLineCutter(100);
  /** All lines, and in how many slices they came. */
  const taken = (): readonly [readonly string[], number] => {
    const lines: string[] = [];
    let nSlices = 0;
    for (; !cutter.isEmpty(); nSlices++)
      lines.push(...cutter.take(2).map((line) => Buffer.from(line).toString()));
    return [lines, nSlices];
  };
  cutter.feed(Buffer.from(`${'\n'.repeat(100_000)}one\n${' \t\r\n'.repeat(100_000)} tw`));
  // 64 KiB are looked at in one go.
  expect(taken()).toEqual([['one'], 8]);
  cutter.feed(Buffer.from('o\n \n'));
  expect(taken()).toEqual([['two'], 1]);
  expect(cutter.end()).toEqual([]);
});

/** Each name another one, some 660 KB. */
const NAMES = Array.from({ length: 70_000 }, (_, i) => `"n${i}":1`).join();

/** Feeds a cutter in pieces, and takes everything each time. */
const linesOf = (text: string, limitBytes = 2 ** 20): number[] => {
  const cutter = buildLineCutter(limitBytes);
  const lengths: number[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 50_000) {
    cutter.feed(bytes.subarray(at, at + 50_000));
    while (!cutter.isEmpty()) lengths.push(...cutter.take(100).map(({ length }) => length));
  }
  return [...lengths, ...cutter.end().map(({ length }) => length)];
};

test.each([
  ['more members than any flight', `{${NAMES}}`, LOOKS_BYTES[0]],
  ['lists that are no flight', `[${'[{}],'.repeat(180_000)}1]`, LOOKS_BYTES[0]],
  ['nothing but brackets', '['.repeat(900_000), LOOKS_BYTES[0]],
])('of a line of %s only the beginning is kept', (_, line, length) => {
  expect(linesOf(`{}\n${line}\n{"a":1}\n${line}`)).toEqual([2, length, 7, length]);
});

test('of a line that is refused by its beginning no more is taken than of others', () => {
  expect(() => linesOf(`{${NAMES}}\n`, NAMES.length)).toThrow('a line is longer than');
});

test('a long line is good until more are taken, or no more are wanted; then its block is free for others', () => {
  const cutter = buildLineCutter(2 ** 20);
  const take = (text: string): Uint8Array | undefined => {
    cutter.feed(Buffer.from(text));
    return cutter.take(1)[0];
  };
  const half = 'a'.repeat(100_000);
  const isFree = ({ buffer }: Uint8Array): boolean =>
    blocks.take(buffer.byteLength).buffer === buffer;
  const [first, second] = [`"${half}`, `${half}"\n`];
  expect(take(first)).toBeUndefined();
  const line = take(second)!;
  expect(isFree(line)).toBeFalse();
  expect(Buffer.from(line).toString()).toBe((first + second).trim());
  expect(take(first)).toBeUndefined();
  expect(isFree(line)).toBeTrue();
  const next = take(second)!;
  expect(isFree(next)).toBeFalse();
  cutter.drop();
  expect(isFree(next)).toBeTrue();
});

describe('a stream of flights', () => {
  test('is answered line by line, in order, as single flights are', async () => {
    const flights = Array.from({ length: 1000 }, (_, i) => ({
      ...PLANTED_FLIGHT,
      distanceMiles: i,
    }));
    const answers = await send(flights.map((flight) => JSON.stringify(flight)).join('\n'));
    expect(answers).toHaveLength(1000);
    const single = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(flights[777]),
    });
    expect(answers[777]).toEqual((await single.json()) as Record<string, unknown>);
  });

  test('goes on after a bad line, which becomes an error line that names its place', async () => {
    const good = JSON.stringify(PLANTED_FLIGHT);
    const answers = await send([good, '{"airline":', good, '{}', '', good].join('\n'));
    expect(answers.map((answer) => answer['code'] ?? 'answered')).toEqual([
      'answered',
      'request-malformed',
      'answered',
      'value-invalid',
      'answered',
    ]);
    expect(answers[1]!['line']).toBe(2);
    expect(answers[3]!['line']).toBe(4);
  });

  test('takes lines that are long, and says what is wrong with them', async () => {
    const spaces = ' '.repeat(100_000);
    const long = JSON.stringify(PLANTED_FLIGHT).replace('{', `{${spaces}`);
    const members = Array.from({ length: 2000 }, (_, i) => `"x${i}":${' '.repeat(40)}1`).join();
    const answers = await send(
      [
        ...[long, `{${members}}`, `{"weather":[${'{},'.repeat(15_000)}{}]}`],
        ...[
          `{${members},"y":1}`,
          `${'['.repeat(50_000)}`,
          `[${'1,'.repeat(50_000)}]`,
          JSON.stringify(PLANTED_FLIGHT),
        ],
      ].join('\n'),
    );
    expect(answers.map((answer) => answer['detail'] ?? 'answered')).toEqual([
      'answered',
      expect.stringContaining('is required'),
      'the line holds more than 12000 objects',
      'an object in the line has more members than any request',
      'the line nests more than 32 values',
      expect.stringContaining('the line is not JSON: '),
      'answered',
    ]);
  });

  test('ends with an error line when a line has no end in sight', async () => {
    const answers = await send(`${JSON.stringify(PLANTED_FLIGHT)}\n${'x'.repeat(2 ** 21)}`);
    expect(answers.map((answer) => answer['code'])).toEqual([undefined, 'body-too-large']);
  });

  test('is read no faster than its answers are taken', async () => {
    const lines = Buffer.from(`${JSON.stringify(PLANTED_FLIGHT)}\n`.repeat(1000));
    let nSentBytes = 0;
    const most = 64 * 2 ** 20;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        nSentBytes += lines.length;
        if (nSentBytes > most) controller.close();
        else controller.enqueue(lines);
      },
    });
    const response = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': NDJSON },
      body,
    });
    const reader = response.body!.getReader();
    await reader.read();
    let before = -1;
    while (before !== nSentBytes) {
      before = nSentBytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(nSentBytes).toBeLessThan(most);
    await reader.cancel();
  });

  test('may be explained', async () => {
    const [answer] = await send(JSON.stringify(PLANTED_FLIGHT), '?explain=true');
    const reasons = answer!['reasons'] as { points: number }[];
    const sum = reasons.reduce((total, { points }) => total + points, answer!['base'] as number);
    expect(sum).toBeCloseTo(answer!['probability'] as number, 9);
  });
});
