/** Moments become the clock of their zone; without a zone they are refused. The files were written by pyarrow. */
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTime } from '../../core/flight.ts';
import { loadTable } from '../cleaning/load.ts';
import { openDatabase } from '../database.ts';

const FIXTURES = join(import.meta.dir, '../fixtures');

test.each([
  ['zones.parquet', ['2013-01-05T05:40', '2013-07-05T05:40'], 'America/New_York'],
  ['zones.feather', ['2013-01-05T05:40', '2013-07-05T05:40'], 'America/New_York'],
  ['zones-offset.parquet', ['2013-01-05T05:40', '2013-07-05T04:40'], '-05:00'],
])('05:40 in New York stays 05:40: %s', async (name, clocks, zone) => {
  const { columns, source } = await loadTable([join(FIXTURES, name)]);
  const departures = columns.scheduledDeparture;
  expect(departures?.kind === 'time' && [...departures.minutes].map(encodeTime)).toEqual(clocks);
  expect(source.notes).toEqual([
    expect.stringMatching(
      new RegExp(`scheduledDeparture is read as the clock of ${zone} shows it$`),
    ),
  ]);
});

test('what pandas says of a zone is believed; moments of no zone are refused, and so are dates without a time of day', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'puntual-zones-'));
  try {
    const { connection, close } = await openDatabase(1);
    const write = async (name: string, departure: string): Promise<string> => {
      const file = join(folder, name);
      await connection.run(
        `COPY (SELECT ${departure} AS scheduledDeparture, 3 AS delayMinutes) TO '${file}'`,
      );
      return file;
    };
    const moments = await write('moments.parquet', `TIMESTAMPTZ '2013-01-05 10:40:00+00'`);
    const dates = await write('dates.parquet', `DATE '2013-01-05'`);
    const said = join(folder, 'said.parquet');
    const pandas = `{"columns": [{"name": "scheduledDeparture", "metadata": {"timezone": "America/New_York"}}]}`;
    await connection.run(
      `COPY (FROM '${moments}') TO '${said}' (KV_METADATA {pandas: '${pandas}'})`,
    );
    close();
    const { columns } = await loadTable([said]);
    const departures = columns.scheduledDeparture;
    expect(departures?.kind === 'time' && encodeTime(departures.minutes[0]!)).toBe(
      '2013-01-05T05:40',
    );
    expect(loadTable([moments])).rejects.toThrow(
      /scheduledDeparture holds moments with a time zone, and the file does not say of which place/,
    );
    expect(loadTable([dates])).rejects.toThrow(
      /1 impossible time \(scheduledDeparture 2013-01-05\).*with a time of day/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
