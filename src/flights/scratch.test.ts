import { afterEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchInto } from './reading/address.ts';
import { openScratch, type RoomSource, type Scratch, type ScratchFile } from './scratch.ts';

const MB = 2 ** 20;
const TMPFS_MAGIC = 0x0102_1994;
const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end();
});

/** A folder of temporary files on a file system of 100 MB, of which what is written takes room. */
const open = (
  changed: Partial<RoomSource> & { readonly type?: number } = {},
): { readonly scratch: Scratch; readonly file: ScratchFile; readonly sizeMb: () => number } => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-room-'));
  let file: ScratchFile | undefined;
  const size = (): number => (file ? statSync(file.path).size : 0);
  const { type = 0, ...system } = changed;
  const scratch = openScratch(join(dir, 'scratch'), {
    statfs: () => ({ bsize: 1, blocks: 100 * MB, bavail: 100 * MB - size(), type }),
    memoryUse: () => undefined,
    ...system,
  });
  endings.push(() => rmSync(dir, { recursive: true }), scratch.close);
  file = scratch.create();
  return { scratch, file, sizeMb: () => size() / MB };
};

const fill = (file: ScratchFile): void => {
  const part = new Uint8Array(MB);
  for (let i = 0; i < 200; i++) file.write(part);
};

test('a twentieth of the file system stays free, and the refusal says what to do', () => {
  const { scratch, file, sizeMb } = open();
  expect(scratch.freeBytes()).toBe(95 * MB);
  expect(() => fill(file)).toThrow(
    /cannot hold unpacked data: only the 5 MB that are left to others are free; set TMPDIR to a folder that can$/,
  );
  expect(sizeMb()).toBeGreaterThanOrEqual(90);
  expect(sizeMb()).toBeLessThanOrEqual(97);
  expect(scratch.freeBytes()).toBeLessThan(5 * MB);
});

test('a folder in memory takes no more than the container has left', () => {
  const memoryUse = () => ({ usedBytes: 30 * MB, limitBytes: 60 * MB });
  expect(open({ memoryUse }).scratch.freeBytes()).toBe(95 * MB);
  expect(open({ memoryUse, type: TMPFS_MAGIC }).scratch.freeBytes()).toBe(27 * MB);
});

test('an address without an end is refused while there is room', async () => {
  const part = new Uint8Array(MB);
  const server = Bun.serve({
    port: 0,
    fetch: () => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(part) })),
  });
  endings.push(() => void server.stop(true));
  const { file, sizeMb } = open();
  await expect(fetchInto(`http://127.0.0.1:${server.port}/a.csv`, file)).rejects.toMatchObject({
    code: 'file-unwritable',
    message: expect.stringContaining('that are left to others are free'),
  });
  expect(sizeMb()).toBeLessThanOrEqual(97);
});
