import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareProfiles } from './comparison.ts';
import { openDatabase } from '../database.ts';
import { checkExpectations, parseExpectations } from './expectations.ts';
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
    isDistinctFloor: false,
    quantiles: [],
    top: [
      { value: '12', rows: 1 },
      { value: '7', rows: 1 },
      { value: 'A1', rows: 1 },
    ],
    histogram: [],
  });
  expect(columns.find((column) => column.name === 'delayMinutes')).toMatchObject({
    kind: 'number',
    least: -5,
    most: 1000,
    missing: 1,
  });
});

test('what a reader must not overlook comes as warnings: duplicates, code-shares, gaps, constants, twins', async () => {
  const header =
    'scheduledDeparture,airline,flightNumber,tailNumber,origin,destination,delayMinutes,gate';
  const flight = (day: number, airline: string, delay: string): string =>
    `2013-07-0${day}T06:05,${airline},1,N1,EWR,IAH,${delay},`;
  const text = [
    header,
    flight(1, 'UA', '20'),
    flight(1, 'UA', '20'),
    flight(1, 'LH', '20'),
    flight(4, 'UA', 'NA'),
  ].join('\n');
  const file = join(folder, 'w.csv');
  const twin = join(folder, 'w2.csv');
  writeFileSync(file, `${text}\n${flight(5, 'UA', '3')}\n`);
  writeFileSync(twin, `${text}\n${flight(5, 'UA', '3')}\n`);
  const profile = await profileFiles([file], { lateMinutes: 15 });
  expect(profile.duplicates).toEqual({ rows: 1, codeShares: 1, sameFiles: [], isExact: true });
  expect(profile.warnings.join('\n')).toMatch(/1 flight \(25\.0 %\) appears more than once/);
  expect(profile.warnings.join('\n')).toMatch(/1 flight is a code-share/);
  expect(profile.warnings.join('\n')).toMatch(
    /3 days have no flight.*longest gap is 3 after 2013-07-01/,
  );
  expect(profile.warnings.join('\n')).toMatch(/always the same value: flightNumber, tailNumber/);
  expect(profile.warnings.join('\n')).toMatch(/empty or nearly so: gate/);
  const both = await profileFiles([file, twin], { lateMinutes: 15 });
  expect(both.warnings[0]).toBe(
    `${twin} holds the same flights as ${file}: they are counted twice`,
  );
});

test('cancellation is counted in the groups of its flight, and few flights have a wide interval', async () => {
  const header = 'date,carrier,flight,from,to,sched_dep,late,canx';
  const file = join(folder, 'c.csv');
  writeFileSync(
    file,
    `${header}\n2023-01-31,AA,1,JFK,LAX,05:40,20,0\n2023-01-31,AA,1,JFK,LAX,05:50,,1\n2023-01-31,UA,1,JFK,LAX,07:50,0,0\n`,
  );
  const { byAirline, byHour } = await profileFiles([file], {
    lateMinutes: 15,
    map: 'scheduledDeparture=date+sched_dep,delayMinutes=late,airline=carrier,cancelled=canx',
  });
  expect(byAirline.map(({ name, cancelled }) => [name, cancelled])).toEqual([
    ['AA', 0.5],
    ['UA', 0],
  ]);
  expect(byHour.map(({ name, cancelled }) => [name, cancelled])).toEqual([
    ['5', 0.5],
    ['7', 0],
  ]);
  // Wilson, one of one: 0.2065 to 1.
  expect(byAirline[0]?.lateInterval[0]).toBeCloseTo(0.2065, 4);
  expect(byAirline[0]?.lateInterval[1]).toBeCloseTo(1, 12);
});

test('conditions are measured on the profile', async () => {
  const profile = await profileFiles([put('e.csv', rows)], { lateMinutes: 15 });
  const terms = parseExpectations(
    'rows=4, missing(gate)<5%,distinct(AIRLINE)>=2,gap<1,late>66%,max(delayMinutes)<=20',
  );
  expect(checkExpectations(terms, profile).map(({ holds, found }) => [holds, found])).toEqual([
    [true, 4],
    [false, 0.5],
    [true, 2],
    [true, 0],
    [true, 2 / 3],
    [true, 20],
  ]);
  expect(() => parseExpectations('missing<5%')).toThrow(/'missing<5%' is no condition/);
  expect(() => checkExpectations(parseExpectations('missing(x)<5%'), profile)).toThrow(
    /no column x/,
  );
});

test('a comparison says what changed beyond chance', async () => {
  const many = (airline: string, delay: number) =>
    Array.from(
      { length: 200 },
      (_, i) => `2013-07-0${1 + (i % 9)}T06:05,${airline},EWR,IAH,${i % 2 ? delay : 0},A1`,
    );
  const before = await profileFiles([put('x.csv', [...many('UA', 0), ...many('B6', 0)])], {
    lateMinutes: 15,
  });
  const after = await profileFiles([put('y.csv', [...many('UA', 20), ...many('DL', 0)])], {
    lateMinutes: 15,
  });
  const { figures, changes } = compareProfiles(before, after);
  expect(figures.find(({ name }) => name === 'late')).toMatchObject({ before: 0, after: 0.25 });
  expect(changes).toEqual([
    'airlines that are gone: B6',
    'airlines that are new: DL',
    'UA: 50.0 % late, 0.0 % before',
    'EWR: 25.0 % late, 0.0 % before',
  ]);
});

test('columns with more different values than fit in the memory are counted to the last, as without a bound', async () => {
  const file = join(folder, 'unique.csv');
  const { connection, close } = await openDatabase(1);
  await connection.run(
    `COPY (SELECT '2013-07-05T10:00' AS scheduledDeparture, i % 300 AS delayMinutes, i % 90000 AS serial,
                  'a booking reference of some length: ' || hash(i) || hash(-i) AS booking
           FROM range(300000) AS rows(i)) TO '${file}' (FORMAT csv, HEADER)`,
  );
  close();
  const options = { lateMinutes: 15, threads: 2 };
  const { columns, delay } = await profileFiles([file], { ...options, memoryMb: 200 });
  const booking = columns.find(({ name }) => name === 'booking');
  expect(booking).toMatchObject({ distinct: 300_000, missing: 0, kind: 'text' });
  const serial = columns.find(({ name }) => name === 'serial');
  expect(serial).toMatchObject({ distinct: 90_000, least: 0, most: 89_999 });
  // Numbers up to 29,999 stand there four times, the others three times.
  expect(serial?.quantiles).toEqual([3750, 18_750, 40_000, 65_000, 85_000]);
  expect(serial?.top[0]).toEqual({ value: '0', rows: 4 });
  const unbounded = await profileFiles([file], options);
  expect(columns).toEqual(unbounded.columns);
  expect(delay).toEqual(unbounded.delay);
}, 180_000);

test('a level that changes within a month, and a number of flights that does, are warned of by their day', async () => {
  const flights = Array.from({ length: 120 }, (_, day) => {
    const date = new Date(Date.UTC(2013, 0, 1 + day)).toISOString().slice(0, 10);
    const n = day < 75 ? 20 : 50;
    return Array.from(
      { length: n },
      (_, i) => `${date}T10:${10 + i},UA,EWR,IAH,${i % 10 < (day < 43 ? 1 : 5) ? 40 : 0},A1`,
    );
  });
  const { warnings } = await profileFiles([put('levels.csv', flights.flat())], { lateMinutes: 15 });
  expect(warnings.filter((warning) => warning.includes('changes on'))).toEqual([
    'the level changes on 2013-02-13: 50.0 % late in the 28 days from then on, 10.0 % in the 28 before',
    'the number of flights changes on 2013-03-17: 50 a day in the 28 days from then on, 20 in the 28 before',
  ]);
});

test('a reason that begins far in has its examples with their lines, and none of them twice', async () => {
  const good = (n: number): readonly string[] =>
    new Array<string>(n).fill('2013-07-01T06:05,UA,EWR,IAH,20,A1');
  const file = put('far.csv', [
    '2013-07-01T06:05,UA,EWR,IAH,NA,A1',
    ...good(9000),
    '2013-07-01T06:05,UA,EWR,IAH,99999,A1',
    ...good(3),
    '2013-07-01T06:05,UA,EWR,IAH,NA,A2',
  ]);
  const { rejected, examples } = await profileFiles([file], { lateMinutes: 15 });
  expect(rejected).toEqual({ 'no delay': 2, 'impossible delay': 1 });
  expect(examples['no delay']?.map(({ line }) => line)).toEqual([2, 9007]);
  expect(examples['impossible delay']?.map(({ line }) => line)).toEqual([9003]);
});
