import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileFiles } from './profile.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-profile-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const put = (name: string, rows: readonly string[]): string => {
  const file = join(folder, name);
  const header = 'scheduledDeparture,airline,origin,destination,delayMinutes,gate';
  writeFileSync(file, `${[header, ...rows].join('\n')}\n`);
  return file;
};

const rows = [
  '2013-07-01T06:05,UA,EWR,IAH,20,A1',
  '2013-07-01T06:59,UA,EWR,IAH,-5,NA',
  '2013-07-02T23:00,B6,JFK,BOS,15,NA',
  '2013-08-03T23:30,B6,JFK,BOS,NA,12',
];

test('a profile counts what is in the files, and the sum of the rejected holds', async () => {
  const profile = await profileFiles([put('a.csv', rows)], { lateMinutes: 15 });
  expect(profile).toMatchObject({
    dialect: 'puntual',
    rows: { read: 4, rejected: 1, used: 3 },
    rejected: { 'no delay': 1 },
    days: { first: '2013-07-01', last: '2013-07-02', withFlights: 2 },
    delay: { late: 2 / 3, meanMinutes: 10 },
    byHour: [
      { name: '6', flights: 2, late: 0.5, meanDelayMinutes: 7.5 },
      { name: '23', flights: 1, late: 1, meanDelayMinutes: 15 },
    ],
    byWeekday: [{ name: 'Monday' }, { name: 'Tuesday' }],
    byMonth: [{ name: '2013-07', flights: 3 }],
    byAirline: [
      { name: 'UA', flights: 2 },
      { name: 'B6', flights: 1 },
    ],
    byRoute: [
      { name: 'EWR–IAH', flights: 2 },
      { name: 'JFK–BOS', flights: 1 },
    ],
  });
  expect(profile.lateByWeekdayAndHour[0 * 24 + 6]).toBe(0.5);
  expect(profile.lateByWeekdayAndHour[0 * 24 + 7]).toBeNull();
  const nInHistogram = profile.delay.histogram.reduce((sum, bin) => sum + bin.flights, 0);
  expect(nInHistogram).toBe(3);
});

test('columns are described as the files hold them, used or not, over all files', async () => {
  const files = [put('b.csv', rows), put('c.csv', ['2013-09-01T10:00,DL,LGA,ATL,1e3,7'])];
  const { columns } = await profileFiles(files, { lateMinutes: 15 });
  const gate = columns.find((column) => column.name === 'gate');
  expect(gate).toEqual({
    name: 'gate',
    rows: 5,
    missing: 2,
    distinct: 3,
    kind: 'text',
    least: '12',
    most: 'A1',
  });
  expect(columns.find((column) => column.name === 'delayMinutes')).toMatchObject({
    kind: 'number',
    least: -5,
    most: 1000,
    missing: 1,
  });
});
