import { expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import type { Call } from '../../http/call.ts';
import { buildUnpacking } from './content-coding.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A body that has begun and goes on when it is told to. */
const openBody = () => {
  const goOn = Promise.withResolvers<void>();
  const packed = new Uint8Array(gzipSync('a line\n'));
  const parts = async function* (): AsyncGenerator<Bytes> {
    yield packed.subarray(0, 10);
    await goOn.promise;
    yield packed.subarray(10);
  };
  return { call: { parts } as unknown as Call, goOn: goOn.resolve };
};

const textOf = async (call: Call): Promise<string> => {
  let text = '';
  for await (const part of call.parts()) text += Buffer.from(part).toString();
  return text;
};

test('packed streams are taken up to a bound of memory in all, and again when one has ended', async () => {
  // What two of them take, and not quite a third.
  const { stream } = buildUnpacking(300 * 1024);
  const bodies = [openBody(), openBody()];
  const texts = bodies.map(({ call }) => textOf(stream(call)!));
  const refused = openBody();
  expect(stream(refused.call)).toBeUndefined();
  bodies[0]!.goOn();
  expect(await texts[0]).toBe('a line\n');
  refused.goOn();
  expect(await textOf(stream(refused.call)!)).toBe('a line\n');
  bodies[1]!.goOn();
  expect(await texts[1]).toBe('a line\n');
});

test('one that breaks off leaves its place to others', async () => {
  const { stream } = buildUnpacking(128 * 1024);
  const broken = async function* (): AsyncGenerator<Bytes> {
    yield new TextEncoder().encode('this is no gzip');
  };
  await expect(textOf(stream({ parts: broken } as unknown as Call)!)).rejects.toThrow('not gzip');
  const next = openBody();
  next.goOn();
  expect(await textOf(stream(next.call)!)).toBe('a line\n');
});
