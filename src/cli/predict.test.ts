/** `puntual predict` as a person calls it. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedModel } from '../../test/planted.ts';
import { writeModel } from '../core/model-file.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'puntual-predict-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

test('keeps columns and order, and gives a row that cannot be scored no answer but the reason', () => {
  writeModel(buildPlantedModel(), join(FOLDER, 'm.safetensors'));
  writeFileSync(
    join(FOLDER, 'in.csv'),
    [
      'note,airline,origin,destination,scheduledDeparture,distanceMiles',
      'one,DL,JFK,LAX,2013-07-05T18:30,2475',
      'two,DL,JFK,LAX,,2475',
      'three,AA,EWR,ORD,2013-07-05T06:00,',
      '',
    ].join('\n'),
  );
  const run = Bun.spawnSync(
    [
      process.execPath,
      join(import.meta.dir, 'main.ts'),
      'predict',
      'm.safetensors',
      'in.csv',
      '-o',
      'out.ndjson',
      '--json',
    ],
    { cwd: FOLDER },
  );
  // A slow machine tells how far it is.
  expect(run.stderr.toString()).toMatch(/^(scoring .*\n)*$/);
  expect(JSON.parse(run.stdout.toString()).rows).toEqual({ read: 3, scored: 2, unscored: 1 });
  const rows = readFileSync(join(FOLDER, 'out.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map((row) => row.note)).toEqual(['one', 'two', 'three']);
  expect(rows.map((row) => typeof row.probability)).toEqual(['number', 'object', 'number']);
  expect(typeof rows[1].notScored).toBe('string');
  expect(rows[0].delayed).toBe(rows[0].probability >= 0.35);
}, 180_000);

test('names the inputs that a file does not have at all', () => {
  writeModel(buildPlantedModel(), join(FOLDER, 'm.safetensors'));
  writeFileSync(
    join(FOLDER, 'narrow.csv'),
    'airline,origin,destination,scheduledDeparture\nDL,JFK,LAX,2013-07-05T18:30\n',
  );
  const words = ['predict', 'm.safetensors', 'narrow.csv', '-o', 'narrow-out.csv'];
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, 'main.ts'), ...words], {
    cwd: FOLDER,
  });
  expect(run.stdout.toString()).toContain(
    '  in none of these flights, treated as missing: distanceMiles\n',
  );
}, 180_000);

test('--explain adds what each input adds, which with the base makes the probability; --features the matrix of the trees', async () => {
  const model = buildPlantedModel();
  writeModel(model, join(FOLDER, 'm.safetensors'));
  writeFileSync(
    join(FOLDER, 'explained.csv'),
    [
      'airline,origin,destination,scheduledDeparture,distanceMiles',
      'DL,JFK,LAX,2013-07-05T18:30,2475',
      'DL,JFK,LAX,,2475',
      'AA,EWR,nowhere,2013-07-06T06:05,',
      '',
    ].join('\n'),
  );
  const predict = (...words: string[]) =>
    Bun.spawnSync(
      [process.execPath, join(import.meta.dir, 'main.ts'), 'predict', 'm.safetensors', ...words],
      { cwd: FOLDER },
    );
  const run = predict(
    'explained.csv',
    ...['-o', 'explained.ndjson', '--explain', '--features', 'matrix.ndjson', '--json'],
  );
  expect(JSON.parse(run.stdout.toString())).toMatchObject({ features: 'matrix.ndjson' });
  const linesOf = (name: string) =>
    readFileSync(join(FOLDER, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | null>);
  const answers = linesOf('explained.ndjson');
  const points = ['base', ...model.inputs.map(({ name }) => name)].map((name) => `points_${name}`);
  for (const row of [answers[0]!, answers[2]!]) {
    const sum = points.reduce((total, name) => total + row[name]!, 0);
    expect(sum).toBeCloseTo(row['probability']!, 5);
    expect(points.some((name) => row[name] !== 0)).toBe(true);
  }
  expect(points.every((name) => answers[1]![name] === null)).toBe(true);
  expect(linesOf('matrix.ndjson')).toEqual([
    {
      airline: 2,
      origin: 1,
      destination: 2,
      minuteOfDay: 1110,
      dayOfWeek: 4,
      dayOfYear: 186,
      distanceMiles: 2475,
    },
    Object.fromEntries(model.features.map(({ name }) => [name, null])) as Record<string, null>,
    {
      airline: 0,
      origin: 0,
      destination: null,
      minuteOfDay: 365,
      dayOfWeek: 5,
      dayOfYear: 187,
      distanceMiles: null,
    },
  ]);
  const same = predict('explained.csv', '-o', 'one.csv', '--features', './one.csv');
  expect(same.exitCode).toBe(2);
  expect(same.stderr.toString()).toContain('name the same file');
}, 180_000);

test('names rows without a prediction and damaged lines with where they stand, and columns that are not used', () => {
  writeModel(buildPlantedModel(), join(FOLDER, 'm.safetensors'));
  writeFileSync(
    join(FOLDER, 'hurt.csv'),
    [
      'carrier,airline,origin,destination,scheduledDeparture,distanceMiles',
      'x,DL,JFK,LAX,2013-07-05T18:30,2475',
      'x,DL,JFK',
      'x,DL,JFK,LAX,noon,2475',
      '',
    ].join('\n'),
  );
  // As NDJSON the columns are looked at once more before they are written: no line counts twice.
  const words = ['predict', 'm.safetensors', 'hurt.csv', '-o', 'hurt-out.ndjson'];
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, 'main.ts'), ...words], {
    cwd: FOLDER,
  });
  const text = run.stdout.toString();
  expect(text).toContain('hurt-out.ndjson: 1 of 3 flights scored');
  expect(text).toMatch(
    /1 without a prediction: (no scheduled departure|impossible time)\n {6}hurt.csv line 4: scheduledDeparture noon\n/,
  );
  expect(text).toContain('  1 left out: too few columns\n      hurt.csv line 3: x,DL,JFK\n');
  expect(text).toContain('not used: carrier');
}, 180_000);

test('writes rows to stdout for -o -, and nothing else there', () => {
  writeModel(buildPlantedModel(), join(FOLDER, 'm.safetensors'));
  writeFileSync(
    join(FOLDER, 'piped.csv'),
    'airline,origin,destination,scheduledDeparture\nDL,JFK,LAX,2013-07-05T18:30\nDL,JFK,LAX,2013-07-06T18:30\n',
  );
  const predict = (...words: string[]) =>
    Bun.spawnSync(
      [process.execPath, join(import.meta.dir, 'main.ts'), 'predict', 'm.safetensors', ...words],
      { cwd: FOLDER },
    );
  const run = predict('piped.csv', '-o', '-');
  const lines = run.stdout.toString().trimEnd().split('\n');
  expect(lines[0]).toStartWith('airline,origin,destination,scheduledDeparture,probability');
  expect(lines.length).toBe(3);
  expect(run.stderr.toString()).toContain('2 of 2 flights scored by planted');
  const both = predict('piped.csv', '-o', '-', '--json');
  expect({ exitCode: both.exitCode, out: both.stdout.toString() }).toEqual({
    exitCode: 2,
    out: '',
  });
  expect(both.stderr.toString()).toContain('choose one');
}, 180_000);
