/** Files as people have them, one oddity each: read right, or refused with the sentence that helps. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { encodeTime } from '../../core/flight.ts';
import { NULL_WORDS } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { loadTable } from './load.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual odd files '));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const HEADER = 'scheduledDeparture,airline,flightNumber,origin,destination,delayMinutes';
const ROWS = [
  '2013-07-05T18:30,UA,15,EWR,IAH,11',
  '2013-07-05T19:40,B6,16,JFK,BOS,-3',
  '2013-07-06T06:05,DL,17,LGA,ATL,45',
] as const;
const LINES = [HEADER, ...ROWS];

/** Every comma something else. */
const parted = (by: string): string => LINES.map((line) => line.replaceAll(',', by)).join('\n');

const MAP: ReadingOptions = { map: 'scheduledDeparture=d,delayMinutes=l' };

/** Flights as `departure delay`, what was left out with its line, and what was said. */
const read = async (content: string | Uint8Array, options: ReadingOptions = {}) => {
  const file = join(folder, 'odd file.csv');
  writeFileSync(file, content);
  const { columns, delayMinutes, source } = await loadTable([file], options);
  const { scheduledDeparture: departure, airline } = columns;
  if (departure?.kind !== 'time') throw new Error('no departures');
  return {
    flights: [...departure.minutes].map(
      (minutes, i) => `${encodeTime(minutes)} ${delayMinutes[i]}`,
    ),
    airlines: airline?.kind === 'category' ? airline.values : [],
    columns,
    left: Object.entries(source.examples ?? {}).flatMap(([reason, examples]) =>
      examples.map(({ line }) => `${reason} ${line}`),
    ),
    notes: (source.notes ?? []).map((note) => note.slice(file.length + 2)),
  };
};

test('words for nothing are missing, and what only begins or ends like them is not', async () => {
  const near = ['0', ':', '?x', 'N', 'NA1', 'NaNs', 'O', 'Z9', '[', 'n', 'nulls', '~'];
  const lines = [...NULL_WORDS, ...near].map((word) => `2013-07-05T18:30,${word},15,EWR,IAH,11`);
  const { airlines, flights } = await read([HEADER, ...lines].join('\n'));
  expect(airlines).toEqual(near.sort());
  expect(flights).toHaveLength(lines.length);
});

const ALL = ['2013-07-05T18:30 11', '2013-07-05T19:40 -3', '2013-07-06T06:05 45'];

test.each<[string, string | Uint8Array]>([
  ['tabs', parted('\t')],
  ['pipes', parted('|')],
  ['tildes', parted('~')],
  ['carets', parted('^')],
  [
    'semicolons and quotes',
    LINES.map((line) => line.replace(/[^,]+/g, '"$&"').replaceAll(',', ';')).join('\r\n'),
  ],
  ["Excel's sep=; after a mark of UTF-8", `\ufeffsep=;\r\n${parted(';').replaceAll('\n', '\r\n')}`],
  ["Excel's sep=,", `\ufeffsep=,\r\n${LINES.join('\r\n')}`],
  ['blank lines above the header', `\n\n${LINES.join('\n')}\n`],
  ['blanks in the lines above the header', `  \n \n${LINES.join('\n')}\n`],
  ['blank lines between rows', `${LINES.join('\n\n')}\n\n\n`],
  ['blanks around values and names', LINES.map((line) => line.replaceAll(',', ' , ')).join('\n')],
  ['a header in capitals', [HEADER.toUpperCase(), ...ROWS].join('\n')],
  ['a column of nothing', LINES.map((line, i) => `${line},${i === 0 ? 'gate' : ''}`).join('\n')],
  [
    'a line end within quotes',
    LINES.map((line, i) => `${line},${i === 0 ? 'note' : '"two\nlines"'}`).join('\n'),
  ],
  ['lines that end in CR', LINES.join('\r')],
  ['UTF-16', Buffer.from(`\ufeff${LINES.join('\n')}\n`, 'utf16le')],
  ['bytes of 0 at the end', `${LINES.join('\n')}\n${'\0'.repeat(4096)}`],
  ['comments above the header', `# exported\n# by me\n${LINES.join('\n')}`],
])('%s are read right', async (_, content) => {
  const { flights, airlines, left } = await read(content);
  expect(flights).toEqual(ALL);
  expect(airlines).toEqual(['B6', 'DL', 'UA']);
  expect(left).toEqual([]);
});

test.each<[string, string, string[]]>([
  ['a row that sums up', `${LINES.join('\n')}\nTotal,,,,,53\n`, ['impossible time 5']],
  ['a line that sums up', `${LINES.join('\n')}\nTotal: 3 rows\n`, ['too few columns 5']],
  ['the header once more', [...LINES, HEADER].join('\n'), ['impossible time 5']],
  [
    'a comment between rows',
    [HEADER, ROWS[0], '# half way', ROWS[1], ROWS[2]].join('\n'),
    ['too few columns 3'],
  ],
  ['a row with more columns', [...LINES, `${ROWS[0]},more`].join('\n'), ['too many columns 5']],
  ['words for nothing', [...LINES, '2013-07-05T18:30,-,15,?,.,None'].join('\n'), ['no delay 5']],
  [
    'a date that stands for none',
    [...LINES, '9999-12-31T00:00,UA,15,EWR,IAH,11', '0001-01-01T00:00,UA,15,EWR,IAH,11'].join('\n'),
    ['impossible date 5', 'impossible time 6'],
  ],
  [
    'a field of three megabytes',
    [...LINES, `${ROWS[0]}${'x'.repeat(3_000_000)}`].join('\n'),
    ['line too long 5'],
  ],
  [
    'a quote that does not close',
    [...LINES, '2013-07-05T19:40,"B6,16,JFK,BOS,-3'].join('\n'),
    ['unclosed quote 5'],
  ],
])('%s is left out, counted, and its line is said', async (_, content, left) => {
  const seen = await read(content);
  expect(seen.flights).toEqual(ALL);
  expect(seen.left).toEqual(left);
});

const WORDS = ['epoch', 'infinity', '-infinity'];
const BTS_HEADER =
  'FlightDate,Reporting_Airline,Flight_Number_Reporting_Airline,Origin,Dest,CRSDepTime,CRSArrTime,Distance,ArrDelay,Cancelled,Diverted';

test.each<[string, string, (date: string) => string, string, ReadingOptions]>([
  [
    'a date of the BTS',
    BTS_HEADER,
    (date) => `${date},UA,15,EWR,IAH,1830,2045,1400,11,0,0`,
    'impossible date',
    {},
  ],
  [
    'a date by a pattern',
    'd,t,l',
    (date) => `${date},18:30,11`,
    'impossible time',
    {
      map: 'scheduledDeparture=d+t@%Y-%m-%d %H:%M,delayMinutes=l',
    },
  ],
  [
    'a time by a pattern',
    'd,l',
    (date) => `${date.length === 10 ? `${date} 18:30` : date},11`,
    'impossible time',
    {
      map: 'scheduledDeparture=d@%Y-%m-%d %H:%M,delayMinutes=l',
    },
  ],
])('%s is no word that the database takes for a time', async (_, header, row, reason, options) => {
  const seen = await read([header, ...['2013-07-05', ...WORDS].map(row)].join('\n'), options);
  expect(seen.flights.map((flight) => flight.slice(0, 16))).toEqual(['2013-07-05T18:30']);
  expect(seen.left).toEqual(WORDS.map((_word, i) => `${reason} ${i + 3}`));
});

test.each<[string, string, string[], ReadingOptions]>([
  [
    'offsets keep the clock of their place',
    'd,l\n2013-07-05T18:30:00-04:00,11',
    ['2013-07-05T18:30 11'],
    MAP,
  ],
  [
    '24:00 is the midnight that ends the day',
    'd,l\n05.07.2013 24:00,11',
    ['2013-07-06T00:00 11'],
    MAP,
  ],
  [
    '24:00 in a column of its own',
    'd,t,l\n2013-07-31,24:00,11',
    ['2013-08-01T00:00 11'],
    { map: 'scheduledDeparture=d+t,delayMinutes=l' },
  ],
  ['seconds since 1970', 'd,l\n1373049000,11', ['2013-07-05T18:30 11'], MAP],
  ['milliseconds since 1970', 'd,l\n1373049000000,11', ['2013-07-05T18:30 11'], MAP],
  [
    'a clock of twelve hours',
    'd,l\n07/25/2013 6:30 PM,5\n07/25/2013 12:05 am,5',
    ['2013-07-25T18:30 5', '2013-07-25T00:05 5'],
    MAP,
  ],
  ['months by name', 'd,l\n25-JUL-2013 18:30,5', ['2013-07-25T18:30 5'], MAP],
  [
    'delays as clocks',
    'd,l\n2013-07-05T18:30,-0:05\n2013-07-05T18:40,25:10\n2013-07-05T18:50,00:12:30',
    ['2013-07-05T18:30 -5', '2013-07-05T18:40 1510', '2013-07-05T18:50 12.5'],
    { map: 'scheduledDeparture=d,delayMinutes=l@hh:mm' },
  ],
  [
    'a comma before the fraction',
    'd;l\n2013-07-05T18:30;1.011,5\n2013-07-05T18:40;1.205',
    ['2013-07-05T18:30 1011.5', '2013-07-05T18:40 1205'],
    { ...MAP, decimal: ',' },
  ],
  [
    'commas between thousands',
    'd;l\n2013-07-05T18:30;1,205\n2013-07-05T18:40;1,011.5',
    ['2013-07-05T18:30 1205', '2013-07-05T18:40 1011.5'],
    { ...MAP, decimal: '.' },
  ],
  ['a sign before a delay', 'd,l\n2013-07-05T18:30,+5', ['2013-07-05T18:30 5'], MAP],
])('%s', async (_, content, flights, options) => {
  expect((await read(content, options)).flights).toEqual(flights);
});

test.each<[string, string, RegExp, ReadingOptions]>([
  [
    'a day and a month that can be either',
    'd,l\n05/07/2013 18:30,11',
    /can be read as %d\/%m\/%Y %H:%M and as %m\/%d\/%Y %H:%M \(the first is 05\/07\/2013 18:30\); say which/,
    MAP,
  ],
  [
    'the same with a year of two digits',
    'd,l\n05/07/13 18:30,11',
    /%d\/%m\/%y %H:%M and as %m\/%d\/%y %H:%M.*say which/,
    MAP,
  ],
  [
    'the same beside a time of day',
    'd,t,l\n05-07-2013,1830,11',
    /%d-%m-%Y hhmm and as %m-%d-%Y hhmm.*say which/,
    { map: 'scheduledDeparture=d+t,delayMinutes=l' },
  ],
  [
    'a day of the year 5',
    'scheduledDeparture,delayMinutes\n05/07/13 18:30,11',
    /impossible time \(scheduledDeparture 05\/07\/13 18:30\)/,
    {},
  ],
  [
    'decimal commas, not said',
    'd;l\n2013-07-05T18:30;11,5',
    /impossible delay \(l 11,5\).*--decimal , takes a comma/,
    MAP,
  ],
  [
    'delays as clocks, not said',
    'd,l\n2013-07-05T18:30,-0:05',
    /impossible delay \(l -0:05\).*delayMinutes=COLUMN@hh:mm/,
    MAP,
  ],
  [
    'columns of fixed width',
    'DATE        CARRIER  DELAY\n2013-07-05  UA          11',
    /odd file.csv is of fixed width: its columns are parted by blanks .*save it as CSV/,
    {},
  ],
  [
    'delays with their unit',
    'd,l\n2013-07-05T18:30,11 min',
    /impossible delay \(l 11 min\).*write the number alone/,
    MAP,
  ],
  [
    'fixed widths',
    'scheduledDeparture airline delayMinutes\n2013-07-05T18:30   UA     11',
    /single column.*parted by none of , ; tab \| ~ and \^/,
    {},
  ],
  [
    'a sign that parts nothing',
    LINES.map((line) => line.replaceAll(/[:,]/g, ':')).join('\n'),
    /single column.*parted by none of , ; tab \| ~ and \^/,
    {},
  ],
  [
    'no header',
    ROWS.join('\n'),
    /begins with values \(2013-07-05T18:30, UA.*put a header line above them/,
    {},
  ],
  [
    'one column without a delay',
    'scheduledDeparture\n2013-07-05T18:30',
    /puntual, which misses delayMinutes/,
    {},
  ],
  ['a column twice', `${HEADER},airline\n${ROWS[0]},x`, /has the column airline twice/, {}],
])('%s: refused with what helps', async (_, content, sentence, options) => {
  const refused = await read(content, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(AppError);
  expect((refused as AppError).message).toMatch(sentence);
});

test('what is lost or doubtful is said: numbers that are none, times of UTC, bytes of 0, blanks', async () => {
  const numbers = await read('d;l;m\n2013-07-05T18:30;1;"1,609.34"\n2013-07-05T18:40;2;99', {
    map: 'scheduledDeparture=d,delayMinutes=l,distanceMiles=m',
  });
  expect(numbers.notes).toContain(
    'm: 1 of the first 2000 values are no numbers (1,609.34) and count as missing; --decimal says what , and . mean',
  );
  const utc = await read('scheduledDeparture,delayMinutes\n2013-07-05T18:30:00Z,1');
  expect(utc.notes).toEqual([
    'scheduledDeparture is UTC (2013-07-05T18:30:00Z) and read as the clock of UTC shows it; the local clock of the airport is expected',
  ]);
  const zeros = await read(LINES.join('\n').replace('B6', 'B\0' + '6'));
  expect(zeros.notes).toEqual(['bytes of 0 in it are passed over; is it damaged?']);
  const blanks = await read(LINES.join('\n').replaceAll(',', ', '));
  expect(blanks.notes).toEqual(['blanks around its values are passed over']);
});

test('tables that lie beside flights in a folder are passed over and named; where they are all, it is said', async () => {
  const data = join(folder, 'data beside');
  mkdirSync(data);
  writeFileSync(join(data, 'flights.csv'), LINES.join('\n'));
  const tables: Readonly<Record<string, string>> = {
    'airports.csv': 'faa,name,lat,lon\nEWR,Newark,40.69,-74.17',
    'names.tsv': 'iata\ticao\tname\tcountry\nUA\tUAL\tUnited\tUS',
    'planes.csv': 'tailnum,year,manufacturer,model\nN1,2004,EMBRAER,145',
    'weather.csv': 'station,valid,tmpf\nEWR,2013-07-05 18:00,77',
  };
  const put = (into: string) => {
    for (const [name, text] of Object.entries(tables)) writeFileSync(join(into, name), text);
  };
  put(data);
  const { nRows, source } = await loadTable([data]);
  expect(nRows).toBe(3);
  expect(source.files).toEqual([join(data, 'flights.csv')]);
  expect(source.notes?.[0]?.replaceAll(`${data}/`, '')).toBe(
    'passed over, because they hold no flights: airports.csv (airports), names.tsv (airlines), planes.csv (aircraft), weather.csv (weather)',
  );
  const refusal = async (pattern: string): Promise<string> => {
    try {
      await loadTable([pattern]);
      return 'it was loaded';
    } catch (error) {
      return (error as AppError).message;
    }
  };
  // What the user names is not passed over, nor is what nobody knows.
  expect(await refusal(join(data, 'planes.csv'))).toMatch(/planes.csv: its columns/);
  writeFileSync(join(data, 'other.csv'), 'a,b\n1,2');
  expect(await refusal(data)).toMatch(/other.csv: its columns/);
  const alone = join(folder, 'data alone');
  mkdirSync(alone);
  put(alone);
  expect(await refusal(alone)).toMatch(
    /no flights in what was given, only .*planes.csv \(aircraft\)/,
  );
});
