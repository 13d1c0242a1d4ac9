/** A matrix folder that is read back: what is refused of one that was changed since, and what is taken. */
import { afterAll, expect, test } from 'bun:test';
import { copyFileSync, cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { literal, openDatabase } from '../database.ts';
import { type MatrixPart, type MatrixRows, writeMatrixFolder } from './matrix-folder.ts';
import { checkMatrixRows, matrixMonths, readMatrixPart } from './matrix-reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-matrix-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ['x'];

/** A flight a day from 1970-01-11 on. */
const partOf = (name: string, nRows: number): MatrixPart => ({
  name,
  nRows,
  features: [Float64Array.from({ length: nRows }, (_, i) => i)],
  labels: Uint8Array.from({ length: nRows }, (_, i) => i % 2),
  minutes: new Float32Array(nRows),
  departures: Float64Array.from({ length: nRows }, (_, i) => (10 + i) * 1440),
  airlineCodes: new Int32Array(nRows).fill(-1),
  airlines: [],
  climatology: new Float64Array(nRows).fill(name === 'test' ? 0.25 : Number.NaN),
  logistic: new Float64Array(nRows).fill(name === 'test' ? 0.25 : Number.NaN),
});

let written: MatrixRows = {};
const whole = join(folder, 'whole');
const make = writeMatrixFolder(
  whole,
  NAMES,
  [partOf('train', 40), partOf('test', 30)],
  (_, rows) => {
    written = rows;
  },
);

/** A copy of the folder for one test. */
const copyAs = async (name: string): Promise<string> => {
  await make;
  const copy = join(folder, name);
  cpSync(whole, copy, { recursive: true });
  return copy;
};

/** Writes rows of a file into another one. */
const select = async (columns: string, from: string, to: string): Promise<void> => {
  const { connection, close } = await openDatabase();
  await connection.run(
    `CREATE TABLE rows AS SELECT ${columns} FROM read_parquet(${literal(from)}, hive_partitioning = false)`,
  );
  await connection.run(`COPY rows TO ${literal(to)} (FORMAT parquet)`);
  close();
};

const refusal = async (asked: Promise<unknown>): Promise<string> => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toMatch(/^file-(broken|missing)$/);
  return (error as AppError).message;
};

test.each([
  ['test', 'NULL AS _climatology', '_climatology is missing or no probability in 21 of 30 rows'],
  ['test', "'nan'::DOUBLE AS _logistic", '_logistic is missing or no probability in 21 of 30 rows'],
  ['test', '1.5 AS _logistic', '_logistic is missing or no probability in 21 of 30 rows'],
  ['train', '_late + 1 AS _late', '_late is neither 0 nor 1 in 10 of 40 rows'],
  ['train', 'NULL AS _late', '_late is neither 0 nor 1 in 21 of 40 rows'],
  ['train', 'NULL::TIMESTAMP AS _departure', '_departure is empty or no time in 21 of 40 rows'],
  ['test', 'NULL::INTEGER AS _departure', '_departure is empty or no time in'],
])('the part %s with %s is refused', async (part, change, said) => {
  const copy = await copyAs(`${part}-${change.replaceAll(/\W/g, '')}`);
  const place = join(copy, `part=${part}`);
  const file = join(place, '1970-01.parquet');
  await select(`* REPLACE (${change})`, file, file);
  const message = await refusal(readMatrixPart(copy, NAMES, part));
  expect(message).toStartWith(`${place}: `);
  expect(message).toContain(said);
});

test('month by month the file is named; a part that does not judge needs no baselines', async () => {
  const copy = await copyAs('months');
  const file = join(copy, 'part=train', '1970-02.parquet');
  const read = async (): Promise<number> => {
    let nRows = 0;
    for await (const part of matrixMonths(copy, NAMES, 'train')) nRows += part.nRows;
    return nRows;
  };
  expect(await read()).toBe(40);
  await select('* REPLACE (7 AS _late)', file, file);
  expect(await refusal(read())).toStartWith(`${file}: _late is neither 0 nor 1 in 19 of 19 rows`);
  await select('* EXCLUDE (x)', file, file);
  expect(await refusal(read())).toContain(`${file} has no column x`);
});

test('parts whose names were exchanged are refused', async () => {
  const copy = await copyAs('exchanged');
  renameSync(join(copy, 'part=train'), join(copy, 'kept'));
  renameSync(join(copy, 'part=test'), join(copy, 'part=train'));
  renameSync(join(copy, 'kept'), join(copy, 'part=test'));
  expect(await refusal(readMatrixPart(copy, NAMES, 'test'))).toContain(
    '_climatology is missing or no probability in 40 of 40 rows',
  );
  expect(await refusal(checkMatrixRows(copy, written))).toContain(
    "part=train holds 30 rows where 'puntual features' wrote 40",
  );
});

test('the rows of each part and of each file are counted as they are written', async () => {
  await make;
  expect(written).toEqual({
    train: { rows: 40, files: { '1970-01.parquet': 21, '1970-02.parquet': 19 } },
    test: { rows: 30, files: { '1970-01.parquet': 21, '1970-02.parquet': 9 } },
  });
  await checkMatrixRows(whole, written);
});

test('a part with fewer or more rows than were written is refused, with the files that tell why', async () => {
  const copy = await copyAs('half');
  const place = join(copy, 'part=train');
  const [january, february] = [join(place, '1970-01.parquet'), join(place, '1970-02.parquet')];
  rmSync(february);
  expect(await refusal(checkMatrixRows(copy, written))).toStartWith(
    `${place} holds 21 rows where 'puntual features' wrote 40 (missing: 1970-02.parquet)`,
  );
  copyFileSync(january, february);
  expect(await refusal(checkMatrixRows(copy, written))).toContain(
    "holds 42 rows where 'puntual features' wrote 40 (not as written: 1970-02.parquet with 21 of 19 rows)",
  );
  copyFileSync(join(whole, 'part=train', '1970-02.parquet'), february);
  copyFileSync(january, join(place, 'again.parquet'));
  expect(await refusal(checkMatrixRows(copy, written))).toContain(
    "holds 61 rows where 'puntual features' wrote 40 (not written by it: again.parquet)",
  );
  writeFileSync(join(place, 'again.parquet'), 'PAR1');
  expect(await refusal(checkMatrixRows(copy, written))).toContain('again.parquet is damaged');
});

test('the same rows in other files are taken', async () => {
  const copy = await copyAs('other [files]');
  const place = join(copy, 'part=train');
  await select('*', join(whole, 'part=train', '*.parquet'), join(place, 'part-00000.parquet'));
  for (const month of ['1970-01', '1970-02']) rmSync(join(place, `${month}.parquet`));
  await checkMatrixRows(copy, written);
  expect((await readMatrixPart(copy, NAMES, 'train')).nRows).toBe(40);
});
