import { expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { literal, openDatabase } from '../database.ts';
import { readFirstRows } from './first-rows.ts';

test('the first rows of a Parquet file are plain records, without what is missing', async () => {
  const path = join(tmpdir(), `puntual-first-rows-${process.pid}.parquet`);
  const { connection, close } = await openDatabase(1);
  try {
    await connection.run(
      `COPY (SELECT 'DL' AS airline, 760::BIGINT AS distanceMiles, NULL::VARCHAR AS tailNumber,
         TIMESTAMP '2013-07-05 18:30:00' AS scheduledDeparture FROM range(5)) TO ${literal(path)} (FORMAT parquet)`,
    );
    const { rows, nInFile } = await readFirstRows(path, 3);
    expect(nInFile).toBe(5);
    expect(rows).toEqual(
      new Array(3).fill({
        airline: 'DL',
        distanceMiles: 760,
        scheduledDeparture: '2013-07-05T18:30',
      }),
    );
  } finally {
    close();
    rmSync(path, { force: true });
  }
});

test('CSV: quotes, doubled quotes, line ends inside, empty cells, leading zeros', async () => {
  const path = join(tmpdir(), `puntual-first-rows-${process.pid}.csv`);
  try {
    writeFileSync(path, 'a,b,c\r\n"x, ""y""",007,\r\n"two\nlines",3.5,NA\r\n');
    expect((await readFirstRows(path, 10)).rows).toEqual([
      { a: 'x, "y"', b: '007' },
      { a: 'two\nlines', b: 3.5 },
    ]);
  } finally {
    rmSync(path, { force: true });
  }
});

test('CSV: a number is one whose text it prints as', async () => {
  const path = join(tmpdir(), `puntual-first-rows-${process.pid}-numbers.csv`);
  const texts = [
    '1830',
    '-3.5',
    '1e3',
    '+1',
    '0x10',
    'Infinity',
    '123456789012345',
    '1234567890123456',
  ];
  try {
    writeFileSync(path, `a,b\n${texts.map((text) => `${text},x\n`).join('')}`);
    const { rows } = await readFirstRows(path, 10);
    expect(rows.map(({ a }) => a)).toEqual([
      1830,
      -3.5,
      '1e3',
      '+1',
      '0x10',
      'Infinity',
      123456789012345,
      '1234567890123456',
    ]);
  } finally {
    rmSync(path, { force: true });
  }
});

test('CSV: lines that have other columns than the header are counted, not guessed at', async () => {
  const path = join(tmpdir(), `puntual-first-rows-${process.pid}-ragged.csv`);
  try {
    writeFileSync(path, 'a,b\n1,2\n3\n4,5\n6,7,8\n');
    expect(await readFirstRows(path, 1)).toEqual({
      rows: [{ a: 1, b: 2 }],
      nInFile: 2,
      nRejected: 2,
    });
  } finally {
    rmSync(path, { force: true });
  }
});

test('CSV: where text is kept, every cell is what stands in the file', async () => {
  const path = join(tmpdir(), `puntual-first-rows-${process.pid}-kept.csv`);
  try {
    writeFileSync(path, 'a,b,c\n00042,NA,1.50\n7,,null\n');
    expect((await readFirstRows(path, 10, { keepsText: true })).rows).toEqual([
      { a: '00042', b: 'NA', c: '1.50' },
      { a: '7', c: 'null' },
    ]);
    const typed = { keepsText: true, typesNumbers: true };
    expect((await readFirstRows(path, 10, typed)).rows).toEqual([
      { a: '00042', b: 'NA', c: '1.50' },
      { a: 7, c: 'null' },
    ]);
  } finally {
    rmSync(path, { force: true });
  }
});
