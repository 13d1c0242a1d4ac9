/**
 * One work of the ingest bench in a process of its own, so that its peak memory is its own: prints seconds and megabytes.
 * Runs: bun bench/lib/ingest-once.ts load|profile|duckdb FILE [MEMORY_MB]
 */
import { writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadTable } from '../../src/flights/cleaning/load.ts';
import { profileFiles } from '../../src/flights/profile/profile.ts';
import { peakMemoryMb } from '../../src/host/peak-memory.ts';
import { buildProfilePage } from '../../src/report/profile/profile-page.ts';

const [work = '', file = '', memory] = process.argv.slice(2);
const memoryMb = memory === undefined ? undefined : Number(memory);

const runDuckDb = async (sql: string): Promise<void> => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
};

const startMs = performance.now();
switch (work) {
  case 'load': {
    const { nRows } = await loadTable([file], { memoryMb });
    if (nRows === 0) throw new Error('no flights');
    break;
  }
  case 'profile': {
    const page = buildProfilePage(await profileFiles([file], { lateMinutes: 15, memoryMb }));
    writeFileSync(`${file}.html`, page);
    break;
  }
  case 'duckdb':
    // The columns that a table of flights is made of, typed by the database's own reader.
    await runDuckDb(
      `CREATE TABLE flights AS SELECT FlightDate, Reporting_Airline, Tail_Number, Flight_Number_Reporting_Airline, Origin, Dest,
              CRSDepTime, CRSArrTime, ArrDelay, Cancelled, Diverted, Distance FROM read_csv('${file}')`,
    );
    break;
  default:
    throw new Error(`load, profile or duckdb is expected, not ${work}`);
}
console.log(
  JSON.stringify({ seconds: (performance.now() - startMs) / 1000, peakMb: peakMemoryMb() }),
);
