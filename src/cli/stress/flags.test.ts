import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { buildPayload } from '../../stress/payload/payload.ts';
import { addStressOptions, type StressFlags } from './flags.ts';
import { sessionOptionsOf } from './plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-stress-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Bodies of the requests that `--data FILE` gives. */
const bodiesOf = async (name: string, content: string | Uint8Array): Promise<unknown[]> => {
  const path = join(folder, name);
  writeFileSync(path, content);
  let bodies: Promise<unknown[]> = Promise.resolve([]);
  const command = addStressOptions(new Command('stress')).exitOverride();
  command.action((urls: readonly string[], flags: StressFlags) => {
    const options = {
      ...sessionOptionsOf(urls, flags, 'single'),
      url: new URL(urls[0]!),
      askModel: async () => undefined,
    };
    bodies = buildPayload(options).then(({ requests }) =>
      requests.map(({ body }) => JSON.parse(String(body))),
    );
  });
  command.parse(['http://127.0.0.1:1/y', '--data', path], { from: 'user' });
  return bodies;
};

test.each([
  ['rows.ndjson', '{"a":1}\n\n{"a":2}\n'],
  ['rows.json', '[{"a":1},{"a":2}]'],
  ['rows.csv', 'a\n1\n2\n'],
  ['rows.tsv', 'a\tb\n1\t\n2\t\n'],
])('--data %s is read row by row, gzip, zstd or not', async (name, text) => {
  const rows = [{ a: 1 }, { a: 2 }];
  expect(await bodiesOf(name, text)).toEqual(rows);
  expect(await bodiesOf(`${name}.gz`, Bun.gzipSync(Buffer.from(text)))).toEqual(rows);
  expect(await bodiesOf(`${name}.zst`, Bun.zstdCompressSync(Buffer.from(text)))).toEqual(rows);
});

test('--data: cells that are no plain numbers are sent as they stand in the file', async () => {
  const bodies = await bodiesOf('codes.csv', 'id,code\n00042,NA\n7,x\n');
  expect(bodies).toEqual([
    { id: '00042', code: 'NA' },
    { id: 7, code: 'x' },
  ]);
  const german = await bodiesOf('semicolon.csv', 'origin;delay\nJFK;1,5\n');
  expect(german).toEqual([{ origin: 'JFK', delay: '1,5' }]);
});

test.each([
  ['empty.csv', '', 'is empty'],
  ['header.csv', 'a,b\n', 'no rows'],
  ['flights.parquet', 'PAR1....', 'flights.parquet is damaged'],
])('--data %s is refused: it %s', async (name, text, sentence) => {
  await expect(bodiesOf(name, text)).rejects.toThrow(sentence);
});
