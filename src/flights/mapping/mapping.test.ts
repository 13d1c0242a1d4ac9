/** Files that no dialect knows: mapped by hand, proposed by name and content, refused where it could be two things. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, type ErrorCode, PROPOSAL } from '../../core/errors.ts';
import { encodeTime } from '../../core/flight.ts';
import { loadTable } from '../cleaning/load.ts';
import { openFlights } from '../cleaning/projection.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { sketchColumns } from './columns-report.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-mapping-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (content: string, name = 'flights.csv'): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

const failure = async (file: string, options?: ReadingOptions): Promise<AppError> => {
  try {
    await loadTable([file], options);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was loaded');
};

const minutes = (column: unknown): readonly string[] =>
  [...(column as { minutes: Float64Array }).minutes].map(encodeTime);

test.each([
  ['ISO', 'STD\n2013-07-05T05:40:00', 'STD'],
  ['a month written out', 'STD\n05 July 2013 05:40', 'STD@%d %B %Y %H:%M'],
  ['a month in Spanish', 'STD\n5 de julio de 2013 05:40', 'STD'],
  ['a month in Portuguese', 'STD\n5 DE JULHO DE 2013 05:40', 'STD@%d DE %B DE %Y %H:%M'],
  ['a month in French', 'STD\n5 juillet 2013 05:40', 'STD@%d %B %Y %H:%M'],
  ['a month in German', 'STD\n5. Juli 2013 05:40', 'STD'],
  ['ISO with a zone: the clock that it shows', 'STD\n2013-07-05T05:40:00-05:00', 'STD'],
  ['day first', 'STD\n05/07/2013 05:40', 'STD@%d/%m/%Y %H:%M'],
  ['day first, found', 'STD\n13/07/2013 05:40\n05/07/2013 05:40', 'STD'],
  ['a 12-hour clock', 'STD\n7/5/2013 5:40 AM', 'STD@%m/%d/%Y %I:%M %p'],
  ['date and time in two columns', 'D,T\n05.07.2013,05:40', 'D+T'],
  ['HHMM beside a date', 'D,T\n2013-07-05,540', 'D+T@%Y-%m-%d hhmm'],
  ['four columns', 'Y,M,D,T\n2013,7,5,0540', 'Y+M+D+T'],
  ['epoch', 'STD\n1373002800', 'STD'],
  ['epoch in milliseconds', 'STD\n1373002800000', 'STD@epoch-ms'],
  ['days of a spreadsheet', 'STD\n41460.2361111111', 'STD@excel'],
  ['days of a spreadsheet, found', 'STD\n41460.2361111111\n41461.5', 'STD'],
  ['days of a spreadsheet beside a clock', 'D,T\n41460,0540', 'D+T@excel hhmm'],
  ['months in Spanish', 'STD\n05 jul 2013 05:40\n06 ago 2013 05:40', 'STD@%d %b %Y %H:%M'],
  ['months in Portuguese, found', 'STD\n05-Jul-2013 05:40\n06-set-2013 05:40', 'STD'],
  ['a name with a sign in it', 'S-T+D\n2013-07-05 05:40', '"S-T+D"'],
])('a time is read: %s', async (_, text, columns) => {
  const [header, ...rows] = text.split('\n');
  const file = put([`${header},late`, ...rows.map((row) => `${row},3`)].join('\n'));
  const table = await loadTable([file], { map: `scheduledDeparture=${columns},delayMinutes=late` });
  expect(minutes(table.columns.scheduledDeparture)).toContain('2013-07-05T05:40');
  expect(table.source.rejected).toEqual({});
});

test.each([
  'epoch',
  'epoch-ms',
  'excel',
])('a number that is no %s is counted, not stumbled over', async (format) => {
  const file = put('STD,late\n41460.5,3\n1e300,3\n-1e17,3\nnan,3\n');
  const { source } = await loadTable([file], {
    map: `scheduledDeparture=STD@${format},delayMinutes=late`,
  });
  expect(source.rejected).toEqual({ 'impossible time': 2, 'no scheduled departure': 1 });
});

test('units, a decimal comma, cancelled flights, a delay between two times', async () => {
  const file = put(
    'ATA;STA;STD;carrier;km;temp;canx\n05/07/2013 10:12;05/07/2013 10:00;05/07/2013 08:00;A;1.609,344;20,5;0\n05/07/2013 09:50;05/07/2013 10:00;05/07/2013 08:00;B;100;-40;no\n;05/07/2013 10:00;05/07/2013 08:00;B;100;-40;1\n',
  );
  const table = await loadTable([file], {
    decimal: ',',
    map: 'scheduledDeparture=STD@%d/%m/%Y %H:%M,scheduledArrival=STA@%d/%m/%Y %H:%M,delayMinutes=ATA-STA@%d/%m/%Y %H:%M,airline=carrier,distanceMiles=km@km,temperatureF=temp@C,cancelled=canx,target=arrival',
  });
  expect([...table.delayMinutes]).toEqual([12, -10]);
  expect(table.source).toMatchObject({
    target: 'arrival',
    rejected: { cancelled: 1 },
    dialect: 'map',
  });
  const { distanceMiles, temperatureF, scheduledArrival } = table.columns;
  expect(distanceMiles?.kind === 'number' && distanceMiles.numbers[0]).toBeCloseTo(1000, 9);
  expect(temperatureF?.kind === 'number' && [...temperatureF.numbers]).toEqual([68.9, -40]);
  expect(minutes(scheduledArrival)[0]).toBe('2013-07-05T10:00');
});

test.each([
  ['hours and minutes', '-00:05', 'late@hh:mm', -5],
  ['seconds', '90', 'late@s', 1.5],
])('a delay in %s', async (_, late, columns, delay) => {
  const file = put(`STD,late\n2013-07-05 05:40,${late}\n`);
  const table = await loadTable([file], {
    map: `scheduledDeparture=STD,delayMinutes=${columns}`,
  });
  expect([...table.delayMinutes]).toEqual([delay]);
});

test('an arrival that is a time of day alone is the next such time', async () => {
  const file = put('STD,STA,late\n2013-07-05 22:40,0115,3\n');
  const table = await loadTable([file], {
    map: 'scheduledDeparture=STD,scheduledArrival=STA,delayMinutes=late',
  });
  expect(minutes(table.columns.scheduledArrival)).toEqual(['2013-07-06T01:15']);
});

const HOME = 'date,carrier,flight,from,to,sched_dep,delay_minutes\n';

test('a home-made file is refused with the mapping that reads it, and not read by it unasked', async () => {
  const file = put(`${HOME}2023-01-31,AA,100,JFK,LAX,05:40,12\n`);
  const error = await failure(file);
  expect(error.code).toBe('columns-unknown');
  const map = error.faults.find(({ pointer }) => pointer === PROPOSAL)?.detail;
  expect(map).toBe(
    'scheduledDeparture=date+sched_dep@%Y-%m-%d %H:%M,delayMinutes=delay_minutes,airline=carrier,flightNumber=flight,origin=from,destination=to',
  );
  const { columns, delayMinutes } = await loadTable([file], { map: map! });
  expect(minutes(columns.scheduledDeparture)).toEqual(['2023-01-31T05:40']);
  expect([...delayMinutes]).toEqual([12]);
});

const sketch = async (file: string) => {
  const database = await openFlights({ threads: 1 });
  try {
    return await sketchColumns(database, file, undefined);
  } finally {
    database.close();
  }
};

test('names that are near are proposed; a date that can be read twice is a doubt', async () => {
  const file = put(
    'std,Carier,Orign,dest,Dep_Delay_Min,dist_km,gate\n05/07/2013 05:40,A,X,Y,3,100,B2\n',
  );
  const { proposal, columns, dialect } = await sketch(file);
  expect(dialect).toBeNull();
  expect(proposal?.fields).toEqual({
    scheduledDeparture: 'std@%d/%m/%Y %H:%M',
    delayMinutes: 'Dep_Delay_Min',
    airline: 'Carier',
    origin: 'Orign',
    destination: 'dest',
    distanceMiles: 'dist_km@km',
  });
  expect(proposal?.doubts).toEqual([expect.stringMatching(/also be read as %m\/%d\/%Y %H:%M/)]);
  expect(columns.find(({ name }) => name === 'gate')).toMatchObject({
    field: null,
    examples: ['B2'],
    missing: 0,
  });
});

test('an actual time of day without its day is a delay from two hours early on', async () => {
  const file = put(
    'Compañía;Nro vuelo;Desde;Hacia;Fecha;Hora prog.;Hora real\n' +
      'A;1;SCL;LIM;25/01/2024;23:50;00:10\nA;1;SCL;LIM;26/01/2024;10:00;09:45\nA;1;SCL;LIM;27/01/2024;10:00;\nA;1;SCL;LIM;28/01/2024;10:00;14:30\n',
  );
  const { proposal, columns } = await sketch(file);
  expect(columns.find(({ name }) => name === 'Hora real')?.field).toBe('delayMinutes');
  expect(proposal?.map).toBe(
    'scheduledDeparture=Fecha+Hora prog.@%d/%m/%Y %H:%M,delayMinutes=Hora real-Hora prog.,airline=Compañía,flightNumber=Nro vuelo,origin=Desde,destination=Hacia,target=departure',
  );
  const { delayMinutes } = await loadTable([file], { map: proposal!.map });
  // The flight without an actual time has no delay to learn from.
  expect([...delayMinutes]).toEqual([20, -15, 270]);
});

test('columns of whole numbers in a typed file are looked at for dates like any other', async () => {
  const file = join(folder, 'typed.parquet');
  const database = await openFlights();
  try {
    await database.connection.run(
      `COPY (SELECT 5 AS day, 7 AS hour, 'EWR' AS station) TO '${file}' (FORMAT parquet)`,
    );
    const { columns } = await sketchColumns(database, file, undefined);
    expect(columns.map(({ name }) => name)).toEqual(['day', 'hour', 'station']);
  } finally {
    database.close();
  }
});

test('a delay between two columns of which neither is a time is refused by the first, and the reader ends', async () => {
  const rows = Array.from({ length: 50 }, (_, row) => `2013-07-05T05:40,gone${row},due${row}`);
  const { code, message } = await failure(put(['STD,actual,plan', ...rows].join('\n')), {
    map: 'scheduledDeparture=STD,delayMinutes=actual-plan',
  });
  expect(code).toBe('usage');
  expect(message).toMatch(/no known format of a time reads nearly all .* actual in .*gone0/);
});

test('a mapping is kept in a file', async () => {
  const file = put('STD;late\n05/07/2013 05:40;1,5\n');
  const kept = put(
    JSON.stringify({
      name: 'mine',
      decimal: ',',
      target: 'departure',
      map: { scheduledDeparture: 'STD@%d/%m/%Y %H:%M', delayMinutes: 'late' },
    }),
    'mine.json',
  );
  const table = await loadTable([file], { dialect: kept });
  expect(table.source).toMatchObject({ dialect: 'mine', target: 'departure' });
  expect([...table.delayMinutes]).toEqual([1.5]);
  const sql = put(
    '-- target: departure\n-- schedule: STD\n-- outcome: late\nSELECT day_first(STD) AS scheduledDeparture, late AS delayMinutes, NULL AS unusable, NULL AS unlabelled FROM source\n',
    'ours.sql',
  );
  const other = await loadTable([file], { dialect: sql, decimal: ',' });
  expect(other.source.dialect).toBe('ours');
  expect([...other.delayMinutes]).toEqual([1.5]);
});

test.each([
  ['airline', 'usage', /'airline' is not FIELD=COLUMN/],
  ['airlne=STD', 'usage', /no field airlne; did you mean airline\?/],
  ['delayMinutes=late', 'usage', /says no scheduledDeparture/],
  ['scheduledDeparture=STD@%d/%m/%Y %H:%M', 'usage', /says no delayMinutes/],
  [
    'scheduledDeparture=STD,delayMinutes=late',
    'usage',
    /can be read as %d\/%m\/%Y %H:%M and as %m\/%d\/%Y %H:%M \(the first is 05\/07\/2013 05:40\); say which/,
  ],
  [
    'scheduledDeparture=gate,delayMinutes=late',
    'usage',
    /no known format of a time reads nearly all of the first values of gate in .* \(the first is B2\)/,
  ],
  [
    'scheduledDeparture=STDD@iso,delayMinutes=late',
    'columns-unknown',
    /no column STDD; did you mean STD\?/,
  ],
  ['scheduledDeparture=STD@iso8601,delayMinutes=late', 'usage', /iso8601 is not a time format/],
  [
    'scheduledDeparture=STD@%d/%m/%Y %H:%M,delayMinutes=late@parsec',
    'usage',
    /not read in parsec; min, s, h/,
  ],
  [
    'scheduledDeparture=STD@%d/%m/%Y %H:%M,delayMinutes=late,distanceMiles=late',
    'data-leak',
    /makes a field of late/,
  ],
  [
    'scheduledDeparture=STD@%Y-%m-%d %H:%M,delayMinutes=late',
    'data-unfit',
    /1 impossible time \(STD 05\/07\/2013 05:40\).*STD as %Y-%m-%d %H:%M/,
  ],
] as [string, ErrorCode, RegExp][])('--map %s is refused', async (map, code, words) => {
  const error = await failure(put('STD,gate,late\n05/07/2013 05:40,B2,3\n'), { map });
  expect(error.message).toMatch(words);
  expect(error.code).toBe(code);
});

test('a file without a time, or without a delay, is refused with what it lacks', async () => {
  expect((await failure(put('a,b\n1,2\n'))).message).toMatch(
    /no column of date and time was found/,
  );
  expect((await failure(put('std,carrier\n2013-07-05 05:40,A\n'))).message).toMatch(
    /no column of a delay was found/,
  );
});

test('a file in Spanish is proposed by the names of its columns', async () => {
  const file = put(
    'Fecha;Hora programada;Vuelo;Aerolínea;Origen;Destino;Atraso\n13-07-2013;05:40;1;LA;SCL;LIM;3\n',
  );
  const { faults } = await failure(file);
  expect(faults.find(({ pointer }) => pointer === PROPOSAL)?.detail).toBe(
    'scheduledDeparture=Fecha+Hora programada@%d-%m-%Y %H:%M,delayMinutes=Atraso,airline=Aerolínea,flightNumber=Vuelo,origin=Origen,destination=Destino',
  );
});
