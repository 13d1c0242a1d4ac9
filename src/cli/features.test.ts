/** The matrix that `features` writes, and the model that `model import --features` makes of trees learned from it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { writeLightGbm } from '../exchange/lightgbm/write.ts';
import type { MatrixRows } from '../flights/output/matrix-folder.ts';
import { readMatrixPart } from '../flights/output/matrix-reading.ts';
import { encodeTime } from '../core/flight.ts';
import { buildRandom } from '../core/random.ts';
import { BUSY_TIMEOUT_MS, commandIn } from '../../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-features-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = commandIn(folder);

/** Evenings are late, and one airline. */
const writeFlights = (): void => {
  const random = buildRandom(5);
  const lines = Array.from({ length: 60 * 100 }, (_, i) => {
    const hour = 6 + (i % 16);
    const airline = ['UA', 'B6', 'DL'][i % 3]!;
    const isLate = random() < 0.05 + 0.03 * (hour - 6) + (airline === 'B6' ? 0.2 : 0);
    const when = encodeTime((18_000 + Math.floor(i / 100)) * 1440 + hour * 60);
    return `${when},${airline},JFK,${['BOS', 'LAX'][i % 2]!},${isLate ? 40 : 0}`;
  });
  const header = 'scheduledDeparture,airline,origin,destination,delayMinutes';
  writeFileSync(join(folder, 'flights.csv'), `${[header, ...lines].join('\n')}\n`);
};

interface Definition {
  readonly label: string;
  readonly features: readonly { name: string; kind: string; values?: string[] }[];
  readonly parts: MatrixRows;
}

let definition: Definition;

beforeAll(() => {
  writeFlights();
  const { exitCode, stderr } = run('features', 'flights.csv', '-o', 'matrix', '--name', 'far');
  expect(stderr).not.toContain('puntual:');
  expect(exitCode).toBe(0);
  definition = JSON.parse(readFileSync(join(folder, 'matrix', 'features.json'), 'utf8'));
  // The trees of a model of ours, as another library would hand them over: text, without a calibration.
  const train = ['train', 'flights.csv', '--name', 'near', '--no-refit', '--publish'];
  expect(run(...train, '--trees', '40').exitCode).toBe(0);
  const { model } = readModel(findModel(join(folder, 'models'), 'near'));
  const heads = model.heads.map((head) =>
    head.kind === 'probability' ? { ...head, calibration: { kind: 'none' } as const } : head,
  );
  writeFileSync(join(folder, 'trees.txt'), writeLightGbm({ ...model, heads }));
}, BUSY_TIMEOUT_MS);

test('every part is a folder with a file a month, the definition says what each column is', () => {
  expect(readdirSync(join(folder, 'matrix')).sort()).toEqual([
    'baselines.safetensors',
    'definition.safetensors',
    'features.json',
    'part=calibration',
    'part=test',
    'part=train',
    'part=validation',
  ]);
  expect(readdirSync(join(folder, 'matrix', 'part=train')).sort()).toEqual([
    '2019-04.parquet',
    '2019-05.parquet',
  ]);
  expect(definition.label).toBe('_late');
  expect(definition.features[0]).toEqual({
    name: 'airline',
    kind: 'category',
    values: ['B6', 'DL', 'UA'],
  });
  expect(Object.keys(definition.parts)).toEqual(['train', 'validation', 'calibration', 'test']);
  expect(Object.values(definition.parts).reduce((sum, { rows }) => sum + rows, 0)).toBe(6000);
  expect(Object.keys(definition.parts['train']!.files)).toEqual([
    '2019-04.parquet',
    '2019-05.parquet',
  ]);
});

test(
  'the numbers of the test part are those that predict --features writes of the same flights',
  async () => {
    const names = definition.features.map(({ name }) => name);
    const part = await readMatrixPart(join(folder, 'matrix'), names, 'test');
    run('predict', 'near', 'flights.csv', '-o', 'out.csv', '--features', 'seen.ndjson');
    const rows = readFileSync(join(folder, 'seen.ndjson'), 'utf8').trim().split('\n');
    const later = rows.slice(-part.nRows).map((line) => JSON.parse(line));
    names.forEach((name, f) => {
      expect([...part.features[f]!]).toEqual(later.map((row) => row[name] ?? Number.NaN));
    });
    expect(part.labels.reduce((sum, label) => sum + label, 0)).toBeGreaterThan(100);
    expect(part.climatology.every((p) => p > 0 && p < 1)).toBe(true);
    const train = await readMatrixPart(join(folder, 'matrix'), names, 'train');
    // Training sees strictly earlier days only: on the first there is nothing to know.
    const lateOfAirline = train.features[names.indexOf('lateOfAirline')]!;
    expect(new Set(lateOfAirline.slice(0, 100)).size).toBe(1);
    expect(new Set(lateOfAirline).size).toBeGreaterThan(20);
  },
  BUSY_TIMEOUT_MS,
);

test(
  'trees learned elsewhere become a model: calibrated, judged as ours are, with our inputs and days',
  () => {
    const imported = run('model', 'import', 'trees.txt', '--features', 'matrix', '--json');
    expect(imported.stderr).toBe('');
    const report = JSON.parse(imported.stdout);
    const own = JSON.parse(
      readFileSync(join(dirname(findModel(join(folder, 'models'), 'near')), 'report.json'), 'utf8'),
    );
    // The same trees on the same test flights, so the same order; only the curve was found on the matrix.
    expect(report.test.rows).toBe(own.test.rows);
    expect(report.test.auc).toBeCloseTo(own.test.auc, 6);
    expect(Math.abs(report.test.logLoss - own.test.logLoss)).toBeLessThan(0.02);
    expect(report.baselines).toEqual(own.baselines);
    expect(report.split).toEqual(own.split);
    expect(report.byHour.map(({ rows }: { rows: number }) => rows)).toEqual(
      own.byHour.map(({ rows }: { rows: number }) => rows),
    );
    expect(report.comparisons[0].logLoss.interval).toEqual({
      low: expect.any(Number),
      high: expect.any(Number),
    });
    expect(existsSync(join(folder, dirname(report.model), 'report.html'))).toBe(true);
    const { model } = readModel(findModel(join(folder, 'models'), 'far'));
    expect(model.provenance.madeBy).toContain('LightGBM');
    expect(model.provenance.trainedOn!.split).toEqual(own.split);
    expect(model.inputs.map(({ name }) => name)).toContain('scheduledDeparture');
    const again = JSON.parse(run('evaluate', 'far', 'flights.csv', '--json').stdout);
    expect(again.test.logLoss).toBeCloseTo(report.test.logLoss, 9);
    expect(again.baselines.climatology.logLoss).toBeCloseTo(own.baselines.climatology.logLoss, 9);
    expect(run('model', 'verify', 'far').exitCode).toBe(0);
  },
  BUSY_TIMEOUT_MS,
);

test(
  'what does not fit is refused in one sentence',
  () => {
    const refused = (...args: string[]): string => {
      const { exitCode, stderr } = run(...args);
      expect(exitCode).toBe(2);
      return stderr;
    };
    expect(refused('features', 'flights.csv', '-o', 'matrix')).toContain('matrix is not empty');
    expect(refused('model', 'import', 'trees.txt', '--features', 'nowhere')).toContain(
      "a folder that 'puntual features' wrote is expected",
    );
    const both = ['--features', 'matrix', '--inputs', '[]'];
    expect(refused('model', 'import', 'trees.txt', ...both)).toContain('--inputs does not go');
    const text = readFileSync(join(folder, 'trees.txt'), 'utf8');
    const strange = text.replace(/^feature_names=airline /m, 'feature_names=carrier ');
    writeFileSync(join(folder, 'strange.txt'), strange);
    expect(refused('model', 'import', 'strange.txt', '--features', 'matrix')).toContain(
      'the model asks for carrier, which is no column of the matrix',
    );
  },
  BUSY_TIMEOUT_MS,
);

test(
  'a folder that was copied in part is refused; one of an older version, which counts nothing, is read',
  () => {
    cpSync(join(folder, 'matrix'), join(folder, 'half'), { recursive: true });
    rmSync(join(folder, 'half', 'part=train', '2019-05.parquet'));
    const words = ['model', 'import', 'trees.txt', '--features', 'half', '--models', 'others'];
    const { exitCode, stderr } = run(...words);
    expect(exitCode).toBe(2);
    const { rows, files } = definition.parts['train']!;
    const found = files['2019-04.parquet']!.toLocaleString('en');
    expect(stderr).toContain(
      `${join('half', 'part=train')} holds ${found} rows where 'puntual features' wrote ${rows.toLocaleString('en')} (missing: 2019-05.parquet)`,
    );
    expect(existsSync(join(folder, 'others'))).toBe(false);
    const { parts: _, ...older } = definition;
    writeFileSync(join(folder, 'half', 'features.json'), JSON.stringify(older));
    expect(run(...words).exitCode).toBe(0);
    writeFileSync(join(folder, 'half', 'features.json'), '{"parts":{"train":7}}');
    const odd = run(...words);
    expect(odd.exitCode).toBe(2);
    expect(odd.stderr).toContain('"parts" does not hold the rows of each part');
  },
  BUSY_TIMEOUT_MS,
);
