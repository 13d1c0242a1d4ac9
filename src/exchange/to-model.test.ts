/** Columns with and without names become inputs, by the inputs file or by themselves. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInputReader } from '../core/inputs.ts';
import type { Model } from '../core/model.ts';
import { compilePredictor } from '../predict/compile.ts';
import type { ForeignModel } from './foreign-model.ts';
import { proposeGroups } from './group-proposals.ts';
import { importModel, importWithProposals } from './import.ts';
import { parseInputsFile } from './inputs-file.ts';
import { lateClassOf } from './positive-class.ts';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dir, 'fixtures', name));
const importAs = (name: string, spec: unknown): Model =>
  importModel(fixture(name), parseInputsFile(JSON.stringify(spec)), 'test');

const predict = (model: Model, request: Record<string, unknown>): number => {
  const raw = new Float64Array(model.inputs.length);
  const { faults } = buildInputReader(model.inputs)(request, raw, 0);
  expect(faults).toEqual([]);
  const out = new Float64Array(1);
  compilePredictor(model).predictInto(raw, 1, out);
  return out[0]!;
};

const AIRLINES = ['Avianca', 'Copa Air', 'Grupo LATAM', 'Iberia', 'Sky Airline'];
const MONTHS = Array.from({ length: 12 }, (_, i) => i + 1);
const GROUPS = ['OPERA', 'TIPOVUELO', 'MES'].map((name) => ({ name, columns: `${name}_*` }));
const lineOver = (names: readonly string[]): ForeignModel => ({
  madeBy: 'test',
  columns: names.map((name) => ({ name })),
  score: { kind: 'linear', weights: new Float64Array(names.length), intercept: 0 },
  link: 'logistic',
  classes: ['0', '1'],
  acceptsMissing: false,
});
const FLIGHT = { OPERA: 'Iberia', TIPOVUELO: 'N', MES: 7 };

describe('a model of 19 unnamed one-hot columns', () => {
  const columns = [
    ...AIRLINES.map((airline) => `OPERA_${airline}`),
    'TIPOVUELO_I',
    'TIPOVUELO_N',
    ...MONTHS.map((month) => `MES_${month}`),
  ];
  const inputs = [
    { name: 'OPERA', values: AIRLINES },
    { name: 'TIPOVUELO', values: ['I', 'N'] },
    { name: 'MES', values: MONTHS },
  ];

  const groups = ['OPERA_*', 'TIPOVUELO_*', 'MES_*'].map((pattern) => ({
    name: pattern.slice(0, -2),
    columns: pattern,
  }));

  test.each([
    ['column names and patterns over them', { columns, inputs: groups }],
    ['a list of inputs in the order of the columns', inputs],
    ['an object with inputs', { inputs }],
  ])('is named by %s', (_, spec) => {
    const model = importAs('logistic-unnamed.pkl', spec);
    expect(model.inputs.map(({ name, kind }) => [name, kind])).toEqual([
      ['OPERA', 'category'],
      ['TIPOVUELO', 'category'],
      ['MES', 'category'],
    ]);
    const row = columns.map((column) =>
      ['OPERA_Iberia', 'TIPOVUELO_N', 'MES_7'].includes(column) ? 1 : 0,
    );
    const { score } = importAs('logistic-unnamed.pkl', {}).heads[0]!;
    if (score.kind !== 'linear') throw new Error('a line is expected');
    const line = row.reduce((sum, x, i) => sum + x * score.weights[i]!, score.intercept);
    expect(predict(model, FLIGHT)).toBeCloseTo(1 / (1 + Math.exp(-line)), 14);
  });

  test.each([
    ['a list of column names', columns],
    ['an object with column names', { columns }],
  ])('are numbers by %s, and the groups that they may be are proposed', (_, spec) => {
    const parsed = parseInputsFile(JSON.stringify(spec));
    const { model, proposals } = importWithProposals(
      fixture('logistic-unnamed.pkl'),
      parsed,
      'test',
    );
    expect(model.inputs.map(({ name, kind, required }) => [name, kind, required])).toEqual(
      columns.map((name) => [name, 'number', true]),
    );
    expect(proposals).toEqual(groups);
    const accepted = importAs('logistic-unnamed.pkl', { columns, inputs: proposals });
    expect(predict(accepted, FLIGHT)).toBe(
      predict(
        model,
        Object.fromEntries(
          columns.map((name) => [name, /^(OPERA_Iberia|TIPOVUELO_N|MES_7)$/.test(name) ? 1 : 0]),
        ),
      ),
    );
  });

  test('may give an input another name, and values by column', () => {
    const model = importAs('logistic-unnamed.pkl', {
      columns,
      minutes: 30,
      threshold: 0.4,
      name: 'latam',
      inputs: [
        { name: 'airline', columns: { OPERA_Iberia: 'IB', 'OPERA_Grupo LATAM': 'LA' } },
        { name: 'kind', columns: 'TIPOVUELO_*' },
        { name: 'month', columns: 'MES_*', description: 'Month of the flight' },
      ],
    });
    expect(model.name).toBe('latam');
    expect(model.threshold).toBe(0.4);
    expect(model.heads[0]).toMatchObject({ minutes: 30 });
    expect(model.inputs.map(({ name }) => name)).toEqual([
      'OPERA_Avianca',
      'OPERA_Copa Air',
      'airline',
      'OPERA_Sky Airline',
      'kind',
      'month',
    ]);
    expect(model.inputs[2]).toMatchObject({ values: ['IB', 'LA'] });
  });

  test('is served as x0, x1, ... without an inputs file', () => {
    const model = importAs('logistic-unnamed.pkl', {});
    expect(model.inputs.map(({ name }) => name).slice(0, 3)).toEqual(['x0', 'x1', 'x2']);
  });

  test.each([
    ['too few names', columns.slice(1), '18 columns, the model has 19'],
    [
      'too many values',
      [{ name: 'a', values: Array.from({ length: 20 }, (_, i) => i) }],
      'a finds no column',
    ],
    ['a value twice', [{ name: 'a', values: ['x', 'x'] }], 'hold one twice'],
    [
      'a pattern that fits nothing',
      { columns, inputs: [{ name: 'a', columns: 'NONE_*' }] },
      "no column is called 'NONE_*'",
    ],
    [
      'a column of two inputs',
      {
        columns,
        inputs: [
          { name: 'a', columns: 'MES_*' },
          { name: 'b', column: 'MES_1' },
        ],
      },
      'belongs to two inputs',
    ],
    ['an unknown kind', [{ name: 'a', kind: 'color' }], 'must be one of category, number, time'],
    ['an input without a name', [{ kind: 'number' }], 'needs a "name"'],
    ['a class that is not there', { positive: 'late' }, "no class 'late'"],
    ['a number', 7, 'an object or a list'],
  ])('refuses an inputs file with %s', (_, spec, text) => {
    expect(() => importAs('logistic-unnamed.pkl', spec)).toThrow(text);
  });
});

describe('names in the file', () => {
  test('that begin alike stay numbers: nothing is grouped by its name', () => {
    const model = importAs('logistic-named.pkl', {});
    expect(model.inputs).toHaveLength(19);
    expect(model.inputs.every(({ kind, required }) => kind === 'number' && required)).toBe(true);
    expect(importAs('logistic-named.pkl', GROUPS).inputs[0]).toMatchObject({
      kind: 'category',
      values: AIRLINES,
    });
  });

  test.each([
    ['flags and rates', ['is_night', 'is_weekend', 'origin_rate', 'origin_share', 'dep_hour']],
    ['a number of each kind', ['dep_1', 'arr_1', 'is_x', 'Y_y', 'OPERA_K']],
    ['values without a name before them', ['_A', '_B', '=C', '=D', '_E']],
    ['one name twice', ['A_X', 'A_X', 'B_1', 'B_1', 'C']],
  ])('of %s are proposed as no group', (_, columns) => {
    expect(proposeGroups(lineOver(columns), {})).toEqual([]);
  });

  test('of groups inside groups are proposed by the shortest prefix whose ends are values', () => {
    const columns = ['from_city_Lima', 'from_city_Arica', 'from_rate', 'A_X_1', 'A_Y'];
    expect(proposeGroups(lineOver(columns), {})).toEqual([
      { name: 'from_city', columns: 'from_city_*' },
      { name: 'A', columns: 'A_*' },
    ]);
  });

  test('of an unseen value leave every column at 0', () => {
    const model = importAs('forest-names.pkl', GROUPS);
    const raw = new Float64Array(3).fill(Number.NaN);
    const { unknown } = buildInputReader(model.inputs)({ ...FLIGHT, OPERA: 'New Air' }, raw, 0);
    expect(unknown).toEqual(['OPERA']);
    expect(Number.isNaN(raw[0])).toBe(true);
  });

  test('of a pipeline become its inputs, with the values of its encoders', () => {
    const model = importAs('pipeline-mixed.pkl', {});
    expect(model.inputs.map(({ name, kind }) => [name, kind])).toEqual([
      ['airline', 'category'],
      ['origin', 'category'],
      ['hour', 'number'],
      ['distanceMiles', 'number'],
    ]);
    expect(model.inputs[1]).toMatchObject({ values: ['EWR', 'JFK', 'LGA'] });
  });
});

test('columns may be parts of a time', () => {
  const model = importAs('logistic-labels.pkl', {
    positive: 'late',
    columns: ['hour', 'weekday', 'other'],
    inputs: [
      { name: 'scheduledDeparture', kind: 'time', columns: { hour: 'hour', weekday: 'dayOfWeek' } },
      { name: 'other', kind: 'number' },
    ],
  });
  const plain = importAs('logistic-labels.pkl', {
    positive: 'late',
    columns: ['hour', 'weekday', 'other'],
  });
  expect(predict(model, { scheduledDeparture: '2013-07-05T18:30', other: 3 })).toBe(
    predict(plain, { hour: 18, weekday: 4, other: 3 }),
  );
});

test.each([
  'logistic-labels.pkl',
  'tree-deep.pkl',
  'hist-labels.pkl',
  'forest.pkl',
])('the other class of %s has the complement', (name) => {
  const classes = name === 'forest.pkl' ? ['0', '1'] : ['late', 'on time'];
  const [model, other] = classes.map((positive) => importAs(name, { positive }));
  const request = { x0: 7, x1: 800, x2: 0.3 };
  expect(predict(model!, request) + predict(other!, request)).toBeCloseTo(1, 14);
  expect(other!.provenance.classes).toEqual({ late: classes[1]!, other: classes[0]! });
});

describe('the class that means "late"', () => {
  test.each([
    [['0', '1'], '1'],
    [['1', '0'], '1'],
    [['-1', '1'], '1'],
    [['1.0', '0.0'], '1.0'],
    [['False', 'True'], 'True'],
    [['true', 'false'], 'true'],
  ])('of %p is %s', (classes, late) => {
    expect(lateClassOf({ ...lineOver(['a']), classes }).late).toBe(late);
  });

  test('is the label as it is written where two differ by their case only', () => {
    const foreign = { ...lineOver(['a']), classes: ['A', 'a'] };
    expect(lateClassOf(foreign, 'a').late).toBe('a');
    expect(lateClassOf(foreign, 'A').late).toBe('A');
  });

  test.each([
    [['late', 'ontime']],
    [['no', 'yes']],
    [['delayed', 'not']],
    [['1', '2']],
    [['-1', '0']],
    [['', 'x']],
  ])('of %p has to be said', (classes) => {
    const foreign = { ...lineOver(['a']), classes };
    expect(() => lateClassOf(foreign)).toThrow(`--positive '${classes[0]}' or --positive`);
    expect(lateClassOf(foreign, classes[0])).toEqual({ late: classes[0]!, other: classes[1]! });
    expect(() => lateClassOf(foreign, 'maybe')).toThrow("no class 'maybe'");
  });
});

test('a category of which one value is the empty text is refused: a request cannot say it', () => {
  const text = fixture('xgboost-categories.json').toString();
  const emptied = text.replace('"offsets":[0,7,', '"offsets":[0,0,');
  expect(() => importModel(Buffer.from(emptied), {}, 'x')).toThrow('is the empty text');
});

test('an input that the library refuses when it is missing cannot be made optional', () => {
  const spec = [{ name: 'a', required: false }, 'b', 'c'];
  expect(() => importAs('logistic-protocol2.pkl', spec)).toThrow('a cannot be optional');
});
