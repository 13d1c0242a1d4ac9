/** Rows with the library's own answers: turned back into inputs, compared, or refused with the row and the reason. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckedRow, checkRows } from './check-rows.ts';
import { importWithProposals } from './import.ts';
import { parseInputsFile } from './inputs-file.ts';

interface Fixture {
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly probabilities: readonly number[];
}

const checkOf = (name: string, spec: unknown) => {
  const path = join(import.meta.dir, 'fixtures', name);
  const imported = importWithProposals(
    readFileSync(path),
    parseInputsFile(JSON.stringify(spec)),
    'test',
  );
  const { columns, rows, probabilities } = JSON.parse(
    readFileSync(`${path}.json`, 'utf8'),
  ) as Fixture;
  return {
    check: (given: readonly CheckedRow[]) => checkRows(imported.model, imported.columns, given),
    rows: rows.map(
      (row, r): CheckedRow => ({
        ...Object.fromEntries(
          row.flatMap((value, c) => (value === null ? [] : [[columns?.[c] ?? `${c}`, value]])),
        ),
        probability: probabilities[r]!,
      }),
    ),
  };
};

const GROUPS = ['OPERA', 'TIPOVUELO', 'MES'].map((name) => ({ name, columns: `${name}_*` }));

describe('answers of the library', () => {
  test.each([
    ['numbers by name', 'logistic-named.pkl', {}],
    ['columns of 0 and 1 that are one category', 'logistic-named.pkl', GROUPS],
    ['columns without names, in order', 'hist.pkl', {}],
    ['columns that got names, in order', 'hist.pkl', ['hour', 'distance', 'other']],
    ['categories behind an encoder', 'pipeline-mixed.pkl', {}],
    ['columns that are dropped', 'dropped-text.pkl', {}],
    ['missing values', 'lightgbm.pkl', {}],
    [
      'a number that is the hour of a time',
      'pipeline-mixed.pkl',
      [{ name: 'scheduledDeparture', kind: 'time', columns: { hour: 'hour' } }],
    ],
  ])('are found again from %s', (_, name, spec) => {
    const { check, rows } = checkOf(name, spec);
    const report = check(rows);
    expect(report.rows).toBe(rows.length);
    expect(report.largestDifference).toBeLessThan(1e-11);
  });

  test('that are others refuse the model, with the row and both numbers', () => {
    const { check, rows } = checkOf('logistic-named.pkl', {});
    const wrong = rows.with(3, { ...rows[3]!, probability: 0.5 });
    expect(() => check(wrong)).toThrow(/row 4 .* answers 0\.\d+ where the library answered 0\.5/);
  });
});

describe('rows that prove nothing are refused', () => {
  const { check, rows } = checkOf('logistic-named.pkl', GROUPS);
  const [first] = rows as [CheckedRow];
  test.each([
    ['none', [], 'holds no rows'],
    ['no answers', [{ a: 1 }], "no column 'probability'"],
    ['an answer beyond 1', [{ ...first, probability: 1.5 }], 'row 1 has no probability'],
    ['other columns', [{ a: 1, probability: 0.5 }], 'OPERA_Avianca'],
    [
      'two airlines at once',
      [{ ...first, OPERA_Avianca: 1, OPERA_Iberia: 1 }],
      'the columns of OPERA are not one-hot',
    ],
    ['half an airline', [{ ...first, OPERA_Avianca: 0.5 }], 'has 0.5 in OPERA_Avianca'],
  ] as [string, CheckedRow[], string][])('%s', (_, given, text) => {
    expect(() => check(given)).toThrow(text);
  });

  test('an hour that no day has', () => {
    const spec = [{ name: 'scheduledDeparture', kind: 'time', columns: { hour: 'hour' } }];
    const timed = checkOf('pipeline-mixed.pkl', spec);
    expect(() => timed.check([{ ...timed.rows[0]!, hour: 25 }])).toThrow('no time has hour 25');
  });
});
