import { afterAll, expect, test } from 'bun:test';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DESCRIPTORS_AT_ONCE, openDescriptorCalls } from './descriptor-channel.ts';

const calls = openDescriptorCalls()!;
const folder = mkdtempSync(join(tmpdir(), 'puntual-descriptors-'));
const file = openSync(join(folder, 'passed'), 'w');
const open: number[] = [file];
afterAll(() => {
  for (const descriptor of open) closeSync(descriptor);
  rmSync(folder, { recursive: true });
});

const openPair = (): readonly [number, number] => {
  const pair = calls.pair()!;
  open.push(...pair);
  return pair;
};

test('gives duplicates of what is open, with what they are, as often as it was sent', () => {
  const [own, other] = openPair();
  expect(calls.receive(other)).toBeUndefined();
  const marks = [4_294_967_295, 8] as const;
  expect(calls.send(own, [{ descriptor: file, marks }])).toBe(0);
  const full = Array.from({ length: DESCRIPTORS_AT_ONCE }, (_, i) => ({
    descriptor: file,
    marks: [i, i + 1] as const,
  }));
  expect(calls.send(own, full)).toBe(0);
  const [first] = calls.receive(other)!;
  expect(first!.marks).toEqual([...marks]);
  expect(first!.descriptor).not.toBe(file);
  expect(fstatSync(first!.descriptor).ino).toBe(fstatSync(file).ino);
  const second = calls.receive(other)!;
  expect(second.map(({ marks: [place] }) => place)).toEqual(full.map((_, i) => i));
  expect(calls.receive(other)).toBeUndefined();
  for (const { descriptor } of [first!, ...second]) calls.close(descriptor, false);
  expect(() => fstatSync(first!.descriptor)).toThrow('EBADF');
});

test('what was sent is there when the sender is gone, and nothing goes to whoever is', () => {
  const [own, other] = calls.pair()!;
  open.push(other);
  expect(calls.send(own, [{ descriptor: file, marks: [1, 2] }])).toBe(0);
  calls.close(own, false);
  const [left] = calls.receive(other)!;
  open.push(left!.descriptor);
  expect(left!.marks).toEqual([1, 2]);
  expect(calls.receive(other)).toBeUndefined();
  expect(calls.send(other, [{ descriptor: file, marks: [1, 2] }])).toBeLessThan(0);
});

test('reaches a child through a descriptor that it was started with', async () => {
  const [own, other] = openPair();
  const program = `
    const { openDescriptorCalls } = await import(${JSON.stringify(join(import.meta.dir, 'descriptor-channel.ts'))});
    openDescriptorCalls().send(3, [{ descriptor: 3, marks: [process.pid, 5] }]);`;
  const child = Bun.spawn([process.execPath, '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', other],
  });
  expect(await child.exited).toBe(0);
  const [sent] = calls.receive(own)!;
  open.push(sent!.descriptor);
  expect(sent!.marks).toEqual([child.pid, 5]);
  expect(fstatSync(sent!.descriptor).ino).toBe(fstatSync(other).ino);
});
