/** Files as they come: packed, in archives and folders, in the encodings of the world; and those that are refused. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ReadingOptions } from '../reading-options.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { buildZip } from '../../../test/zip-file.ts';
import { loadTable } from './load.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-containers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
};

const HEADER = 'scheduledDeparture,airline,delayMinutes';
const ROWS = `${HEADER}\n2013-07-05T18:30,UA,11\n2013-07-05T19:30,B6,-3\n`;
const MORE = '2013-07-06T05:00,DL,7\n';
/** ROWS and MORE, packed by bzip2 1.0.8 and xz 5.8. */
const BZIP2 = [
  'QlpoOTFBWSZTWZBvMocAACffgAAQAAZ78DQCBgAuZV4gIABUUmxQeU0AMmjymglU009TT1Mg0aNAB2jlvsJkBBWDx4LU4zICIYiEWDSMZWz+kNcvvXA2MxKdPmJWOqVcAQEKCSHG78XckU4UJCQbzKHA',
  'QlpoOTFBWSZTWcApQ8EAAAZeAAAQAAZ7kAQEBAAgACIm1MjaJ6hAAAPpFDCi0VYa3wJfF3JFOFCQwClDwQ==',
] as const;
const XZ = [
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ABVAEpdADmYyU6w1+e8D/mOtOf2D2jGKftDRzg7RT7RGzEkiYv0n54kQd8rfuKN5ovMsk7zl5dhpxQqlLX/L2JEE38Iq/wm0C0nOjGGE+MAAAAAc2LCW/pnjX4AAWZWy40pkR+2830BAAAAAARZWg==',
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAVMjAxMy0wNy0wNlQwNTowMCxETCw3CgAAAOYRp0UHMOgkAAEuFlYJVd8ftvN9AQAAAAAEWVo=',
] as const;
const bytesOf = (...parts: readonly string[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));

const delaysOf = async (file: string, options?: ReadingOptions): Promise<readonly number[]> => [
  ...(await loadTable([file], options)).delayMinutes,
];

test.each([
  ['a.csv.bz2', bytesOf(BZIP2[0]), [11, -3]],
  ['parallel.csv.bz2', bytesOf(BZIP2[0], BZIP2[1]), [11, -3, 7]],
  ['a.csv.xz', bytesOf(XZ[0]), [11, -3]],
  ['joined.csv.xz', bytesOf(XZ[0], XZ[1]), [11, -3, 7]],
  ['one.zip', buildZip([{ name: 'a.csv', content: ROWS }]), [11, -3]],
  [
    'bts.zip',
    buildZip([
      { name: 'readme.html', content: '<html>' },
      { name: 'On_Time_2013_7.csv', content: ROWS },
    ]),
    [11, -3],
  ],
  [
    'months.zip',
    buildZip([
      { name: '2013/b.csv', content: `${HEADER}\n${MORE}` },
      { name: '2013/a.csv.gz', content: gzipSync(ROWS) },
      { name: '__MACOSX/2013/._a.csv', content: 'junk' },
      { name: 'README.txt', content: 'what this is' },
    ]),
    [11, -3, 7],
  ],
  ['odd-name', bytesOf(BZIP2[0]), [11, -3]],
])('%s is unpacked and read', async (name, content, delays) => {
  expect(await delaysOf(put(name, content))).toEqual(delays);
});

test('what an archive holds besides is said to be passed over', async () => {
  const zip = buildZip([
    { name: 'readme.html', content: '<html>' },
    { name: 'a.csv', content: ROWS },
  ]);
  const { source } = await loadTable([put('said.zip', zip)]);
  expect(source.notes).toEqual([expect.stringMatching(/said\.zip: passed over readme\.html$/)]);
});

const UMLAUT = `scheduledDeparture,airline,delayMinutes,Größe\n2013-07-05T18:30,Niño,11,1\n2013-07-05T19:30,B6,-3,2\n`;
const utf16 = (isBig: boolean, mark = true): Buffer => {
  const bytes = Buffer.from(`${mark ? '\ufeff' : ''}${UMLAUT}`, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
};

test.each([
  ['utf-8', Buffer.from(UMLAUT), undefined],
  ['utf-8 with a mark', Buffer.from(`\ufeff${UMLAUT}`), undefined],
  ['Latin-1', Buffer.from(UMLAUT, 'latin1'), 'read as Windows-1252; --encoding overrides'],
  ['packed Latin-1', gzipSync(Buffer.from(UMLAUT, 'latin1')), 'read as Windows-1252'],
  ['UTF-16', utf16(false), 'read as UTF-16'],
  ['UTF-16 from the other end', utf16(true), 'read as UTF-16'],
  ['UTF-16 without a mark', utf16(false, false), 'read as UTF-16'],
])('%s is found from the bytes, and said', async (_, content, note) => {
  const { source, columns, nRows } = await loadTable([put('encoded.csv', content)]);
  expect(nRows).toBe(2);
  expect(source.unused).toEqual(['Größe']);
  const { airline } = columns;
  expect(airline?.kind === 'category' && airline.values).toEqual(['B6', 'Niño']);
  expect(source.notes?.join()).toMatch(note ?? /^$/);
});

test('an encoding that the user names is taken, and one that nobody knows is refused', async () => {
  const file = put(
    'greek.csv',
    Buffer.concat([
      Buffer.from(`${ROWS}2013-07-05T20:30,`),
      Buffer.from([0xe1]),
      Buffer.from(',5\n'),
    ]),
  );
  const { columns } = await loadTable([file], { encoding: 'iso-8859-7' });
  expect(columns.airline?.kind === 'category' && columns.airline.values).toEqual(['B6', 'UA', 'α']);
  expect((await failure([file], { encoding: 'klingon' })).message).toMatch(/no encoding klingon/);
});

test.each([
  ['CR LF in the header only', ROWS.replace('\n', '\r\n')],
  ['LF in the last line only', ROWS.replaceAll('\n', '\r\n').replace(/\r\n$/, '\n')],
  ['CR alone, as on an old Mac', ROWS.replaceAll('\n', '\r')],
])('no row is lost to line ends: %s', async (_, content) => {
  expect(await delaysOf(put('ends.csv', content))).toEqual([11, -3]);
});

test('folders of folders are read, and partitions named in them are columns', async () => {
  put('lake/airline=UA/month=7/a.csv', 'scheduledDeparture,delayMinutes\n2013-07-05T18:30,11\n');
  put('lake/airline=B6/month=7/a.csv', 'scheduledDeparture,delayMinutes\n2013-07-05T19:30,-3\n');
  const { columns, delayMinutes, source } = await loadTable([join(folder, 'lake')]);
  expect([...delayMinutes]).toEqual([-3, 11]);
  expect(columns.airline?.kind === 'category' && columns.airline.values).toEqual(['B6', 'UA']);
  expect(source.unused).toEqual(['month']);
});

test('a folder that names a value with a sign that stands for nothing names it as it is written', async () => {
  const of = 'scheduledDeparture,delayMinutes\n2013-07-05T18:30,11\n';
  put('signs/airline=50%25/a.csv', of);
  put('signs/airline=50%zz/a.csv', of);
  const { columns } = await loadTable([join(folder, 'signs')]);
  expect(columns.airline?.kind === 'category' && columns.airline.values).toEqual(['50%', '50%zz']);
});

test('a line above the header is passed over, and said', async () => {
  const { nRows, source } = await loadTable([put('titled.csv', `Updated: 2013-08-01\n${ROWS}`)]);
  expect(nRows).toBe(2);
  expect(source.notes).toEqual([expect.stringMatching(/a line above the header passed over$/)]);
});

test('rejects come with up to three examples of each reason and the lines where they stand', async () => {
  const text = `${HEADER},gate\n2013-07-05T18:30,"U\nA",11,\n\n2013-07-05,UA,12,\n2013-07-05T18:30,UA\n24:00,B6,1,\n2013-07-05T18:30,UA,x,\n2013-07-05T18:31,UA,,\n`;
  const file = put('examples.csv', text);
  const { source } = await loadTable([file]);
  expect(source.examples).toEqual({
    'impossible time': [
      { file, row: 2, line: 5, value: 'scheduledDeparture 2013-07-05' },
      { file, row: 3, line: 7, value: 'scheduledDeparture 24:00' },
    ],
    'impossible delay': [{ file, row: 4, line: 8, value: 'delayMinutes x' }],
    'no delay': [{ file, row: 5, line: 9, value: 'delayMinutes (nothing)' }],
    'too few columns': [{ file, line: 6, value: '2013-07-05T18:30,UA' }],
  });
});

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

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 247963212\n';
const LOCKED = buildZip([{ name: 'a.csv', content: ROWS, isLocked: true }]);
const BOMB = buildZip([{ name: 'a.csv', content: ROWS, claimedBytes: 3_000_000_000 }]);
const LIAR = buildZip([{ name: 'a.csv', content: ROWS, claimedBytes: 5 }]);
const WORKBOOK = buildZip([{ name: 'xl/workbook.xml', content: '<x/>' }]);
const README = buildZip([{ name: 'readme.html', content: '<x/>' }]);

test.each([
  ['pointer.csv', POINTER, 'file-broken', /Git LFS pointer.*247,963,212 bytes.*git lfs pull/],
  ['book.xlsx', WORKBOOK, 'file-unreadable', /Excel workbook; save its sheet as CSV/],
  ['book.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'file-unreadable', /Excel workbook/],
  ['locked.zip', LOCKED, 'file-unreadable', /locked with a password/],
  ['bomb.zip', BOMB, 'file-broken', /more than 250 times its size/],
  ['liar.zip', LIAR, 'file-broken', /damaged/],
  ['cut.zip', LOCKED.subarray(0, 60), 'file-broken', /damaged/],
  ['readme.zip', README, 'file-missing', /no data file \(it holds readme\.html\)/],
  ['nothing.csv.gz', gzipSync(''), 'file-empty', /is empty$/],
  ['zero.csv.gz', '', 'file-empty', /is empty$/],
  ['header.csv.gz', gzipSync(`${HEADER}\n`), 'file-empty', /a header but no rows/],
  [
    'cut.csv.bz2',
    bytesOf(BZIP2[0]).subarray(0, 60),
    'file-broken',
    /bzip2 stream: it is cut short/,
  ],
  ['cut.csv.xz', bytesOf(XZ[0]).subarray(0, 60), 'file-broken', /xz stream/],
  [
    'twice.csv',
    'airline,delayMinutes,Airline\nA,1,B\n',
    'file-broken',
    /column Airline twice \(as airline and Airline\)/,
  ],
  [
    'ragged.csv',
    `${HEADER}\n1\n2,3\n4,5,6,7\n`,
    'data-unfit',
    /none of the 3 rows can be used: 2 too few columns \(1\), 1 too many columns/,
  ],
  ['page.csv', '<!DOCTYPE html><html>', 'file-unreadable', /is a web page/],
  [
    'times.csv',
    'scheduledDeparture,delayMinutes\n2013-07-05,1\n',
    'data-unfit',
    /1 impossible time \(scheduledDeparture 2013-07-05\).*scheduledDeparture as 2013-07-05T18:30, with a time of day/,
  ],
  [
    'caa.csv',
    'reporting_airport,origin_destination,airline_name,number_flights_matched,average_delay_mins\nA,B,C,3,4\n',
    'data-unfit',
    /each row sums up/,
  ],
  [
    'openml.csv',
    'Airline,Flight,AirportFrom,AirportTo,DayOfWeek,Time,Length,Delay\nCO,269,SFO,IAH,3,15,205,1\n',
    'data-unfit',
    /no row says on which date/,
  ],
] as [
  string,
  string | Uint8Array,
  ErrorCode,
  RegExp,
][])('%s is refused in one sentence', async (name, content, code, words) => {
  const error = await failure([put(name, content)]);
  expect(error.message).toMatch(words);
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('\n');
});

test('a folder without data is refused', async () => {
  put('papers/readme.md', 'nothing');
  const none = await failure([join(folder, 'papers')]);
  expect(none.code).toBe('file-missing');
});

test('fields of nested records are columns by their path', async () => {
  const file = put(
    'nested.ndjson',
    [
      '{"leg": {"out": "2013-07-05T18:30", "from": {"iata": "EWR"}}, "late": 11, "crew": ["a", "b"]}',
      '{"leg": {"out": "2013-07-06T06:05", "from": {"iata": "JFK"}}, "late": -3, "crew": []}',
    ].join('\n'),
  );
  const { columns, delayMinutes } = await loadTable([file], {
    map: 'scheduledDeparture=leg.out,origin=leg.from.iata,delayMinutes=late',
  });
  expect([...delayMinutes]).toEqual([11, -3]);
  expect(columns.origin).toMatchObject({ kind: 'category', values: ['EWR', 'JFK'] });
});
