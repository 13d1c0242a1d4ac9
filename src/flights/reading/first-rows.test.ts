import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
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
