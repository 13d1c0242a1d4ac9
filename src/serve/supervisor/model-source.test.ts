import { afterAll, describe, expect, test } from 'bun:test';
import { createServer, type Server, type Socket } from 'node:net';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import { bringModels, type CopyPlace, type FetchLimits, fetchModel } from './model-source.ts';

const MB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'puntual-source-'));
const copies = join(folder, 'copies');
mkdirSync(copies);
const model = join(folder, 'model.safetensors');
writeFileSync(model, Buffer.alloc(MB));
const config = { ...DEFAULT_CONFIG, model };

let nCopies = 0;
/** Takes no more than two models. */
const place: CopyPlace = {
  sharedDirs: [copies],
  nextNumber: () => ++nCopies,
  shortage: (bytes) => (bytes > 2 * MB ? `no: ${bytes / MB} MB` : undefined),
};
afterAll(() => rmSync(folder, { recursive: true }));

test('models that memory has no room for are refused before anything is copied', async () => {
  const wanted = { first: model, named: [model], shadow: model };
  const bringing = bringModels(config, place, wanted);
  await expect(bringing).rejects.toMatchObject({ code: 'limit-system', message: 'no: 3 MB' });
  expect(readdirSync(copies)).toEqual([]);
  const { file } = await bringModels(config, place, { ...wanted, shadow: undefined });
  expect(readdirSync(copies)).toHaveLength(2);
  expect(file).toStartWith(copies);
});

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});
const HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const limits: FetchLimits = {
  wholeMs: 20_000,
  silenceMs: 20_000,
  bytesPerSecond: 1,
  bytes: 8 * MB,
  roomLeftBytes: 0,
};

describe('a model at an address', () => {
  /** @returns what a fetch says to an address that answers so, once the whole is over */
  const fetched = async (
    answer: (socket: Socket) => void,
    changed: Partial<FetchLimits> = {},
    sum = '0'.repeat(64),
  ): Promise<string> => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const dir = mkdtempSync(join(folder, 'fetched-'));
    const address = `http://127.0.0.1:${port}/m?key=secret#sha256=${sum}`;
    try {
      await fetchModel(address, [dir], 1, { ...limits, ...changed });
      return 'it is taken';
    } catch (error) {
      expect(readdirSync(dir)).toEqual([]);
      const { message } = error as Error;
      expect(message).not.toMatch(/secret|verbose/);
      return message.replace(`http://127.0.0.1:${port}`, '').replaceAll(dir, 'DIR');
    }
  };
  const dripping = (socket: Socket): void => {
    socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`);
    const timer = setInterval(() => socket.write('x'), 5);
    socket.on('close', () => clearInterval(timer));
  };
  const endless = (socket: Socket): void => {
    socket.write(CHUNKED);
    const part = `100000\r\n${'x'.repeat(MB)}\r\n`;
    const more = (): void => {
      while (socket.writable && socket.write(part));
    };
    socket.on('drain', more);
    more();
  };

  test('that is silent is given up', async () => {
    const says = '/m cannot be fetched: nothing came for 0.05 s';
    expect(await fetched(() => {}, { silenceMs: 50 })).toEndWith(says);
    const begun = (socket: Socket): void => void socket.write(`${HEAD}Content-Length: 9\r\n\r\nx`);
    expect(await fetched(begun, { silenceMs: 50 })).toEndWith(says);
  });

  test('that sends a byte now and then is given up, and one that takes too long as a whole', async () => {
    expect(await fetched(dripping, { silenceMs: 50, bytesPerSecond: 10_000 })).toEndWith(
      '/m cannot be fetched: less than 10000 bytes a second come',
    );
    expect(await fetched(dripping, { wholeMs: 50 })).toEndWith('it takes longer than 0.05 s');
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ['ends early', (socket) => socket.end(`${HEAD}Content-Length: 9\r\n\r\nx`), 'connection broke'],
    ['ends within a chunk', (socket) => socket.end(`${CHUNKED}5\r\nab`), 'connection broke'],
    ['says nothing', (socket) => socket.end(), 'connection broke'],
    [
      'says that it is larger than any model',
      (socket) => socket.write(`${HEAD}Content-Length: ${9 * MB}\r\n\r\n`),
      '/m is larger than 8 MB',
    ],
    ['never ends', endless, '/m is larger than 8 MB'],
    [
      'unpacks to more than any model',
      (socket) => {
        const packed = Bun.gzipSync(Buffer.alloc(9 * MB));
        socket.write(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`);
        socket.write(packed);
      },
      '/m is larger than 8 MB',
    ],
    [
      'is damaged gzip',
      (socket) => socket.write(`${HEAD}Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`),
      'what came is not packed as it says',
    ],
    [
      'is empty',
      (socket) => socket.write(`${HEAD}Content-Length: 0\r\n\r\n`),
      'the SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, but 0000',
    ],
    ['is forbidden', (socket) => socket.end('HTTP/1.1 403 No\r\n\r\n'), 'has the status 403'],
    [
      'leads to itself',
      (socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: /m\r\nContent-Length: 0\r\n\r\n'),
      'it redirects without end',
    ],
  ])('that %s is refused with that, and leaves nothing behind', async (_, answer, says) => {
    expect(await fetched(answer)).toContain(says);
  });

  test('for which the folder has no room is refused before the folder is full', async () => {
    expect(await fetched(endless, { bytes: 512 * MB, roomLeftBytes: Number.MAX_VALUE })).toEndWith(
      'cannot be written: DIR: there is no room for it',
    );
  });
});
