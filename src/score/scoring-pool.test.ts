/** A file scored by several threads, held against the same blocks scored by one. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedModel } from '../../test/planted.ts';
import { openDatabase } from '../flights/database.ts';
import { scanFiles } from '../flights/output/scan.ts';
import { maxBlocks } from '../flights/output/scoring.ts';
import { allocateSlots, openSlots } from './blocks.ts';
import { outputsOf } from './answers.ts';
import { buildScoringPool } from './scoring-pool.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'puntual-pool-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const ROWS = 130_000;
const at = (name: string): string => join(FOLDER, name);

const scan = async (from: string, to: string, nThreads: number) => {
  const model = buildPlantedModel();
  const pool = buildScoringPool(model, nThreads, maxBlocks(nThreads));
  try {
    return await scanFiles([at(from)], at(to), {
      inputs: model.inputs,
      outputs: outputsOf(model),
      scoring: pool.scoring,
      threads: nThreads,
    });
  } finally {
    pool.dismiss();
  }
};

test.each([
  'csv',
  'parquet',
  'ndjson',
])('a long %s gets the same bytes and counts from one thread and from several', async (format) => {
  const { connection, close } = await openDatabase();
  const options = { csv: 'csv, HEADER', parquet: 'parquet, ROW_GROUP_SIZE 8192', ndjson: 'json' };
  await connection.run(
    `COPY (SELECT i AS place, 'DL' AS airline, 'JFK' AS origin,
               CASE i % 3 WHEN 0 THEN 'LAX' WHEN 1 THEN 'ORD' ELSE 'nowhere' END AS destination,
               CASE WHEN i % 10 > 0 THEN TIMESTAMP '2013-01-01' + to_minutes(i * 3) END AS scheduledDeparture,
               i % 2500 AS distanceMiles FROM range(${ROWS}) t(i) ORDER BY i)
       TO '${at(`in.${format}`)}' (FORMAT ${options[format as keyof typeof options]})`,
  );
  close();
  const alone = await scan(`in.${format}`, `alone.${format}`, 1);
  const together = await scan(`in.${format}`, `together.${format}`, 3);
  expect(alone.rows).toEqual({ read: ROWS, scored: ROWS * 0.9, unscored: ROWS * 0.1 });
  expect(together).toEqual({ ...alone });
  const bytes = (name: string): Buffer => readFileSync(at(`${name}.${format}`));
  expect(Buffer.compare(bytes('alone'), bytes('together'))).toBe(0);
}, 180_000);

test('a block is scored once, by whoever comes first, and is free again when its answers were taken', () => {
  const memory = allocateSlots(2, 1, 1);
  const [mine, theirs] = [openSlots(memory).slots, openSlots(memory).slots];
  const calls: string[] = [];
  const scoreAs = (who: string) => (raw: Float64Array, nRows: number, out: Float64Array) => {
    calls.push(`${who} ${nRows}`);
    out[0] = raw[0]! * 2;
  };
  for (const [slot, value] of [
    [1, 21],
    [0, 4],
    [1, 5],
  ] as const) {
    mine[slot]!.block.raw[0] = value;
    expect(theirs[slot]!.tryScore(scoreAs('nobody'))).toBe(false);
    mine[slot]!.offer(1);
    expect(theirs[slot]!.tryScore(scoreAs('helper'))).toBe(true);
    expect(mine[slot]!.tryScore(scoreAs('caller'))).toBe(false);
    mine[slot]!.wait();
    expect(mine[slot]!.block.out[0]).toBe(value * 2);
  }
  expect(calls).toEqual(['helper 1', 'helper 1', 'helper 1']);
});

test('a thread that fails says so to who waits', () => {
  const [slot] = openSlots(allocateSlots(1, 1, 1)).slots;
  slot!.offer(1);
  const fail = (): never => {
    throw new TypeError('a bug');
  };
  expect(() => slot!.tryScore(fail)).toThrow('a bug');
  expect(() => slot!.wait()).toThrow('a thread that scores has failed');
});
