import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import { buildInputReader, type Input } from '../../core/inputs.ts';
import { openDatabase, readRows } from '../database.ts';
import { CHUNK_ROWS } from '../reading/vectors.ts';
import { type ScanOptions, scanFiles } from './scan.ts';
import { scoreHere } from './scoring.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-scan-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};

const INPUTS: readonly Input[] = [
  { name: 'airline', kind: 'category', required: true, description: '', values: ['B6', 'UA'] },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  { name: 'distanceMiles', kind: 'number', required: false, description: '' },
];

/** Answers a row with its own inputs, so that a test sees what the model saw. */
const ECHO: ScanOptions = {
  inputs: INPUTS,
  outputs: [
    { name: 'sawAirline', kind: 'number' },
    { name: 'sawMinutes', kind: 'number' },
    { name: 'sawMiles', kind: 'number' },
    { name: 'far', kind: 'boolean' },
  ],
  scoring: scoreHere(3, 4, (raw, nRows, out) => {
    for (let row = 0; row < nRows; row++) {
      for (let i = 0; i < 3; i++) out[i * CHUNK_ROWS + row] = raw[row * 3 + i]!;
      out[3 * CHUNK_ROWS + row] = raw[row * 3 + 2]! > 1000 ? 1 : 0;
    }
  }),
};

const HEADER =
  'note,year,month,day,dep_time,sched_dep_time,sched_arr_time,carrier,flight,tailnum,origin,dest,distance';

const ROWS = [
  '"a, b",2013,7,5,NA,515,819,UA,1545,N14228,EWR,IAH,1400',
  'plain,2013,7,5,517,NA,819,UA,1545,N14228,EWR,IAH,1400',
  'unseen,2013,7,5,NA,600,819,ZZ,0012,NA,EWR,IAH,NA',
  'none,2013,7,5,NA,600,819,NA,7,NA,EWR,IAH,99',
] as const;

const SCHEDULE = `${[HEADER, ...ROWS].join('\n')}\n`;

const failure = async (file: string, target: string, options: ScanOptions = ECHO) => {
  try {
    await scanFiles([file], target, options);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was scored');
};

test('a CSV keeps its columns to the letter and its order; a bad row gets no answer but a reason', async () => {
  const report = await scanFiles([put('plan.csv', SCHEDULE)], at('scored.csv'), ECHO);
  const minutes = Date.UTC(2013, 6, 5, 5, 15) / 60_000;
  expect(readFileSync(at('scored.csv'), 'utf8').split('\n')).toEqual([
    `${HEADER},sawAirline,sawMinutes,sawMiles,far,notScored`,
    `${ROWS[0]},1.0,${minutes}.0,1400.0,true,`,
    `${ROWS[1]},,,,,no scheduled departure`,
    `${ROWS[2]},,${minutes + 45}.0,,false,`,
    `${ROWS[3]},,,,,no airline`,
    '',
  ]);
  expect(report).toEqual({
    files: [at('plan.csv')],
    dialects: ['nycflights13'],
    rows: { read: 4, scored: 2, unscored: 2 },
    unscored: { 'no airline': 1, 'no scheduled departure': 1 },
    damaged: {},
    examples: {
      'no airline': [{ file: at('plan.csv'), row: 4, line: 5, value: '' }],
      'no scheduled departure': [
        {
          file: at('plan.csv'),
          row: 2,
          line: 3,
          value: 'year 2013, month 7, day 5, sched_dep_time NA',
        },
      ],
    },
    unused: ['note', 'dep_time'],
    notes: [],
    unknown: { airline: 1 },
    absent: [],
  });
});

test('Parquet and NDJSON carry numbers as numbers', async () => {
  const file = put('typed.csv', SCHEDULE);
  await scanFiles([file], at('typed.parquet'), ECHO);
  const { connection, close } = await openDatabase();
  const rows = await readRows(connection, `FROM '${at('typed.parquet')}'`);
  close();
  expect(rows[0]).toMatchObject({ note: 'a, b', distance: 1400n, sawMiles: 1400, far: true });
  expect(rows.map((row) => row['flight'])).toEqual(['1545', '1545', '0012', '7']);
  expect(rows[2]).toMatchObject({ distance: null, sawAirline: null, notScored: null });
  await scanFiles([at('typed.parquet')], at('typed.ndjson.gz'), {
    ...ECHO,
    outputs: ECHO.outputs.map((output) => ({ ...output, name: `${output.name}Again` })),
  });
  const lines = gunzipSync(readFileSync(at('typed.ndjson.gz')))
    .toString()
    .trim()
    .split('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    distance: 1400,
    sawMiles: 1400,
    sawMilesAgain: 1400,
  });
});

test('what a model reads from a file equals what it reads from a request', async () => {
  const flights = [
    { scheduledDeparture: '2013-07-05T18:30', airline: 'B6', distanceMiles: 719.5 },
    { scheduledDeparture: '1969-12-31T23:59', airline: 'never seen' },
    { scheduledDeparture: '2024-02-29T00:00', airline: 'UA', distanceMiles: -1 },
  ];
  const file = put('own.ndjson', flights.map((flight) => JSON.stringify(flight)).join('\n'));
  const seen: number[] = [];
  await scanFiles([file], at('own.csv'), {
    ...ECHO,
    scoring: scoreHere(3, 4, (raw) => seen.push(...raw)),
  });
  const expected = new Float64Array(flights.length * INPUTS.length);
  const read = buildInputReader(INPUTS);
  flights.forEach((flight, row) => {
    read(flight, expected, row * INPUTS.length);
  });
  expect(seen).toEqual([...expected]);
});

test('a file whose columns carry the names of the inputs needs no dialect', async () => {
  const file = put('named.csv', 'x,OPERA\n1.5,b\nNA,a\n,c\n');
  const inputs: readonly Input[] = [
    { name: 'opera', kind: 'category', required: true, description: '', values: ['a', 'b'] },
    { name: 'x', kind: 'number', required: false, description: '' },
  ];
  const seen: number[] = [];
  const report = await scanFiles([file], at('named-out.csv'), {
    inputs,
    outputs: [{ name: 'x', kind: 'number' }],
    scoring: scoreHere(2, 1, (raw, nRows, out) => {
      seen.push(...raw);
      out.fill(0.123457, 0, nRows);
    }),
  });
  expect(seen).toEqual([1, 1.5, 0, Number.NaN, Number.NaN, Number.NaN]);
  expect(report.dialects).toEqual(['inputs']);
  expect(readFileSync(at('named-out.csv'), 'utf8').split('\n')[1]).toBe('1.5,b,0.123457,');
  expect(readFileSync(at('named-out.csv'), 'utf8')).toStartWith('x,OPERA,x_,notScored\n');
});

test('a value that an input refuses leaves its row without an answer, and says why', async () => {
  const file = put('closed.csv', 'airline\nB6\nO\'Hare\nXX\n""\n');
  const values = ['B6', "O'Hare"];
  const report = await scanFiles([file], at('closed-out.csv'), {
    inputs: [
      {
        name: 'airline',
        kind: 'category',
        required: true,
        description: '',
        values,
        onlyKnown: true,
      },
    ],
    outputs: [{ name: 'late', kind: 'number' }],
    scoring: scoreHere(1, 1, (_, nRows, out) => out.fill(0.5, 0, nRows)),
  });
  expect(report.unscored).toEqual({ 'unknown airline': 1, 'no airline': 1 });
  expect(report.rows).toEqual({ read: 4, scored: 2, unscored: 2 });
});

test('a code of a category that a file writes as a number with a fraction is cut as the library does', async () => {
  const file = put('coded.csv', 'level,other\n1.0,1\n0.7,1\n2,1\n');
  const seen: number[] = [];
  await scanFiles([file], at('coded-out.csv'), {
    inputs: [
      {
        name: 'level',
        kind: 'category',
        required: false,
        description: '',
        values: ['0', '1'],
        codes: 'cut',
      },
    ],
    outputs: [{ name: 'late', kind: 'number' }],
    scoring: scoreHere(1, 1, (raw, nRows, out) => {
      seen.push(...raw);
      out.fill(0.5, 0, nRows);
    }),
  });
  expect(seen).toEqual([1, 0, Number.NaN]);
});

test('a number beyond what its input takes leaves its row without an answer, and says why', async () => {
  const file = put('bounded.csv', 'delay\n-5\n-0.5\n0\n1e9\n\n2\n');
  const report = await scanFiles([file], at('bounded-out.csv'), {
    inputs: [
      { name: 'delay', kind: 'number', required: false, description: '', least: -0.5, most: 100 },
    ],
    outputs: [{ name: 'late', kind: 'number' }],
    scoring: scoreHere(1, 1, (_, nRows, out) => out.fill(0.5, 0, nRows)),
  });
  expect(report.unscored).toEqual({ 'delay out of range': 2 });
  expect(report.rows.unscored).toBe(2);
});

test('many chunks on many threads keep the order of the rows', async () => {
  const n = 30_000;
  const { connection, close } = await openDatabase();
  await connection.run(
    `COPY (SELECT i AS place, CASE WHEN i % 2 = 0 THEN 'UA' ELSE 'B6' END AS airline,
            TIMESTAMP '2013-01-01' + to_minutes(i) AS scheduledDeparture FROM range(${n}) t(i))
     TO '${at('many.parquet')}' (ROW_GROUP_SIZE 2048)`,
  );
  let nSeen = 0;
  const report = await scanFiles([at('many.parquet')], at('many-out.parquet'), {
    ...ECHO,
    threads: 4,
    onRows: (done) => {
      nSeen = done;
    },
  });
  expect(report.rows).toEqual({ read: n, scored: n, unscored: 0 });
  expect(nSeen).toBe(n);
  const [row] = await readRows(
    connection,
    `SELECT count(*)::INTEGER AS n, bool_and(place = file_row_number AND sawAirline = 1 - place % 2
        AND sawMinutes = epoch(TIMESTAMP '2013-01-01') / 60 + place) AS holds
     FROM read_parquet('${at('many-out.parquet')}', file_row_number = true)`,
  );
  close();
  expect(row).toEqual({ n, holds: true });
});

test('several files become one, and every file may have a dialect of its own', async () => {
  const own = put('second.ndjson', '{"scheduledDeparture":"2013-07-05T18:30","airline":"B6"}\n');
  const report = await scanFiles([put('first.csv', SCHEDULE), own], at('both.ndjson'), ECHO);
  expect(report.dialects).toEqual(['nycflights13', 'puntual']);
  expect(report.rows.read).toBe(5);
  const lines = readFileSync(at('both.ndjson'), 'utf8').trim().split('\n');
  expect(JSON.parse(lines[4]!)).toMatchObject({ airline: 'B6', sawAirline: 0, note: null });
});

test('a line that cannot be taken apart is counted', async () => {
  const file = put('damaged.csv', `${SCHEDULE}short,2013\n`);
  const report = await scanFiles([file], at('damaged-out.csv'), ECHO);
  expect(report.damaged).toEqual({ 'too few columns': 1 });
  expect(report.rows).toEqual({ read: 5, scored: 2, unscored: 2 });
});

test.each([
  ['an ending that is not known', 'out.xlsx', 'usage'],
  ['a folder that is not there', 'nowhere/out.csv', 'file-unwritable'],
  ['a name that is a folder', '.', 'usage'],
  ['the file that is read', 'self.csv', 'usage'],
])('%s is refused before anything is read', async (_, name, code) => {
  const error = await failure(put('self.csv', SCHEDULE), at(name));
  expect<string>(error.code).toBe(code);
  expect(readFileSync(at('self.csv'), 'utf8')).toBe(SCHEDULE);
});

test('a model that needs what the files do not have is told so', async () => {
  const inputs: readonly Input[] = [
    ...INPUTS,
    { name: 'terminal', kind: 'category', required: true, description: '', values: [] },
  ];
  const error = await failure(put('no-terminal.csv', SCHEDULE), at('x.csv'), { ...ECHO, inputs });
  expect(error.code).toBe('columns-unknown');
  expect(error.message).toContain('the model needs terminal, which the dialect nycflights13');
});

test('a failure on the way leaves no file and none of its parts', async () => {
  const cut = gzipSync(SCHEDULE.repeat(20_000)).subarray(0, 20_000);
  expect((await failure(put('cut.csv.gz', cut), at('cut-out.csv'))).code).toBe('file-broken');
  const header = put('header.csv', `${HEADER}\n`);
  expect((await failure(header, at('cut-out.csv'))).code).toBe('file-empty');
  const bug = new TypeError('a bug in the model');
  const broken: ScanOptions = {
    ...ECHO,
    scoring: scoreHere(3, 4, () => {
      throw bug;
    }),
  };
  await expect(scanFiles([put('ok.csv', SCHEDULE)], at('bug-out.csv'), broken)).rejects.toBe(bug);
  await scanFiles([put('ok.csv', SCHEDULE)], at('fine.csv'), ECHO);
  expect(existsSync(at('cut-out.csv'))).toBe(false);
  expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
}, 180_000);

test('NDJSON is JSON: no NaN, no infinity, every digit kept', async () => {
  const { connection, close } = await openDatabase();
  const file = at('odd.parquet');
  await connection.run(
    `COPY (SELECT 'B6' AS airline, i, CASE i WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::FLOAT ELSE 0.1 END AS x,
       '-inf'::FLOAT AS f, 12345678901234567.891::DECIMAL(20,3) AS d, 1.25::DECIMAL(5,2) AS s,
       9007199254740993 AS big FROM range(3) t(i)) TO '${file}'`,
  );
  close();
  await scanFiles([file], at('odd.ndjson'), {
    inputs: [{ name: 'airline', kind: 'category', required: true, description: '' }],
    outputs: [{ name: 'late', kind: 'number' }],
    scoring: scoreHere(1, 1, (_, nRows, out) => out.fill(Number.NaN, 0, nRows)),
  });
  const rows = readFileSync(at('odd.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows.map(({ x }) => x)).toEqual([null, null, 0.1]);
  expect(rows[0]).toMatchObject({
    f: null,
    d: '12345678901234567.891',
    s: 1.25,
    big: '9007199254740993',
    i: 0,
    late: null,
  });
});
