import { expect, test } from 'bun:test';
import { wordsOfFeature } from './feature-names.ts';
import { buildTrainingPage } from './training-page.ts';
import type { TrainingReport } from './training-report.ts';

const REPORT: TrainingReport = {
  model: 'models/delay/0001/model.safetensors',
  version: '0001',
  files: ['data/<flights>.parquet'],
  lateMinutes: 15,
  target: 'arrival',
  rows: { read: 1000, rejected: 30, used: 970 },
  rejected: { cancelled: 20, diverted: 10 },
  split: { train: '2013-01-01..2013-08-31', test: '2013-11-01..2013-12-31' },
  splitKind: 'time',
  test: { auc: 0.6812, logLoss: 0.5011, brier: 0.162, ece: 0.0123, baseRate: 0.236, rows: 200 },
  baselines: {
    climatology: { auc: 0.65, logLoss: 0.52, brier: 0.168 },
    logistic: { auc: 0.66, logLoss: 0.515, brier: 0.167 },
  },
  comparisons: [
    {
      against: 'climatology',
      flights: 200,
      days: 61,
      logLoss: { value: 0.036, interval: { low: 0.012, high: 0.058 } },
      brier: { value: 0.036, interval: { low: 0.01, high: 0.05 } },
      auc: { value: 0.0312, interval: { low: 0.01, high: 0.05 } },
      standing: 'better',
    },
    {
      against: 'logistic',
      flights: 200,
      days: 61,
      logLoss: { value: 0.027, interval: { low: 0.004, high: 0.04 } },
      brier: { value: 0.03, interval: { low: 0.01, high: 0.05 } },
      auc: { value: 0.0212, interval: { low: 0.01, high: 0.03 } },
      standing: 'better',
    },
  ],
  seconds: 7.25,
  peakMemoryMb: 512,
};

const DEEP: TrainingReport = {
  ...REPORT,
  reliability: [
    { predicted: 0.1, observed: 0.12, rows: 100 },
    { predicted: 0.4, observed: 0.38, rows: 100 },
  ],
  precisionRecall: [
    { threshold: 0.1, precision: 0.25, recall: 0.95 },
    { threshold: 0.4, precision: 0.4, recall: 0.3 },
  ],
  thresholds: [
    { threshold: 0.25, precision: 0.33, recall: 0.6, alertsPerDay: 212.4, costRatio: 1 / 3 },
  ],
  threshold: 0.25,
  importance: [
    { feature: 'hour', meanAbsolute: 0.3 },
    { feature: 'airline <script>', meanAbsolute: 0.5 },
  ],
  byMonth: [
    {
      name: '2013-11',
      rows: 100,
      baseRate: 0.2,
      meanPrediction: 0.21,
      gap: null,
      auc: null,
      logLoss: 0.49,
    },
  ],
  rounds: [
    { train: 0.53, validation: 0.54 },
    { train: 0.5, validation: 0.52 },
  ],
};

test('a model whose intervals lie above 0 is said to beat both baselines, and by how much', () => {
  const page = buildTrainingPage(REPORT);
  expect(page).toContain('class="verdict good"');
  expect(page).toContain(
    'beats climatology (airline × hour) (log loss −3.6 [−5.8 to −1.2] %, AUC +0.031 [+0.010 to +0.050])',
  );
  expect(page).toContain('it beats logistic regression (log loss −2.7 [−4.0 to −0.4] %');
});

test('a model is said to beat nothing where the interval holds 0, and to be worse where all of it is', () => {
  const [first, second] = REPORT.comparisons;
  const page = (low: number, high: number, standing: 'undecided' | 'worse'): string =>
    buildTrainingPage({
      ...REPORT,
      comparisons: [
        first!,
        { ...second!, standing, logLoss: { value: (low + high) / 2, interval: { low, high } } },
      ],
    });
  const even = page(-0.03, 0.01, 'undecided');
  expect(even).toContain('class="verdict warning"');
  expect(even).toContain(
    'its difference from logistic regression is within chance: log loss +1.0 %, 95 % interval −1.0 to +3.0 %.',
  );
  expect(page(-0.01, 0.03, 'undecided')).toContain(
    'log loss −1.0 %, 95 % interval −3.0 to +1.0 %.',
  );
  const worse = page(-0.03, -0.01, 'worse');
  expect(worse).toContain('class="verdict bad"');
  expect(worse).toContain('is worse than logistic regression');
});

test('flights of days that the model knows are counted in the verdict, and warned of in red', () => {
  const days = '2013-01-01..2013-10-31';
  const left = buildTrainingPage({ ...REPORT, seen: { days, rows: 273_355, included: false } });
  expect(left).toContain(`(273,355 on days that it knows, ${days}, were left out)`);
  const included = buildTrainingPage({
    ...REPORT,
    seen: { days, rows: 150, included: true },
    warnings: ['150 of these 200 flights are on days that the model knows'],
  });
  expect(included).toContain('200 flights, of which it knows the days of 150');
  expect(included).toContain('role="alert"');
  expect(included).toContain('class="verdict bad"');
});

test('which days are for what, how many flights they have and how many were late stand below the verdict', () => {
  const page = buildTrainingPage({
    ...REPORT,
    partRates: {
      train: { rows: 700, baseRate: 0.222 },
      validation: { rows: 0, baseRate: 0 },
      calibration: { rows: 0, baseRate: 0 },
      test: { rows: 200, baseRate: 0.236 },
    },
  });
  const rows = page.slice(page.indexOf('class="verdict'), page.indexOf('class="facts"'));
  expect(rows).toMatch(/2013-01-01 to 2013-08-31(<\/td><td[^>]*>)700(<\/td><td[^>]*>)22\.2 %/);
  expect(rows).toMatch(/2013-11-01 to 2013-12-31(<\/td><td[^>]*>)200(<\/td><td[^>]*>)23\.6 %/);
});

test('the strongest inputs are shown with what the model makes of their values, in words and in %', () => {
  const page = buildTrainingPage({
    ...DEEP,
    partialDependence: [
      {
        input: 'airline',
        kind: 'category',
        points: [
          { at: 'UA', probability: 0.2 },
          { at: 'B6', probability: 0.31 },
        ],
      },
      {
        input: 'scheduledDeparture',
        kind: 'time',
        points: [
          { at: 6, probability: 0.1 },
          { at: 7, probability: 0.3 },
        ],
      },
    ],
  });
  expect(page).toMatch(/B6<\/th>.*31<\/td>/);
  expect(page).toContain('By the hour of the scheduled departure');
  expect(page).toContain('<td class="number">6</td><td class="number">10</td>');
});

test.each([
  ['lateOfAirlineHour', 'how late this airline has been at this hour'],
  ['precipitation6Hours', 'precipitation 6 hours'],
  ['windGustOfDestination', 'wind gust of destination'],
  ['booked_load', 'booked_load'],
])('%s reads %s', (name, words) => {
  expect(wordsOfFeature(name)).toBe(words);
});

test('only a random split carries a red warning', () => {
  expect(buildTrainingPage(REPORT)).not.toContain('role="alert"');
  expect(buildTrainingPage({ ...REPORT, splitKind: 'random' })).toContain('role="alert"');
});

test('rows read, left out by reason, and used are all there', () => {
  const page = buildTrainingPage(REPORT);
  for (const words of ['1,000', 'left out: cancelled', 'left out: diverted', '970']) {
    expect(page).toContain(words);
  }
});

test('what a run did not measure has no heading; what it measured has', () => {
  const headings = ['taken at their word', 'When to act', 'What it looks at', 'How it learned'];
  const [plain, deep] = [buildTrainingPage(REPORT), buildTrainingPage(DEEP)];
  for (const heading of headings) {
    expect(plain).not.toContain(heading);
    expect(deep).toContain(heading);
  }
  expect(deep).toContain('airline &lt;script&gt;');
  expect(deep.indexOf('airline &lt;script&gt;')).toBeLessThan(deep.indexOf('>hour<'));
});

test('a model learned again from all flights before the test is said to be, and one that was stopped is not', () => {
  const again = buildTrainingPage({ ...DEEP, trees: 2, isRelearned: true });
  expect(again).toContain('2 were kept. The probabilities were then learned again');
  expect(again).not.toContain('larger steps');
  const searched = buildTrainingPage({
    ...DEEP,
    trees: 9,
    isRelearned: true,
    treesPerRound: 4.6875,
  });
  expect(searched).toContain(
    'trees grown on the train part alone, in larger steps: each of them stands for 4.7 that follow. Kept are twice as many as suit the validation days best; 9 were kept',
  );
  const stopped = buildTrainingPage({ ...DEEP, trees: 1, isRelearned: false });
  expect(stopped).toContain('1 was kept. Training was stopped before');
  expect(stopped).not.toContain('learned again');
  expect(buildTrainingPage(DEEP)).not.toContain('learned again');
});

test('the threshold that suits the costs is marked beside the one in use', () => {
  const [inUse] = DEEP.thresholds!;
  const page = buildTrainingPage({
    ...DEEP,
    thresholds: [{ ...inUse!, threshold: 0.1, costRatio: 1 / 9 }, inUse!],
    costThreshold: 0.1,
  });
  expect(page).toMatch(/10\.0 %(<\/td><td[^>]*>[^<]*){5}suits the costs given/);
  expect(page).toMatch(/25\.0 %(<\/td><td[^>]*>[^<]*){5}in use/);
  expect(buildTrainingPage(DEEP)).not.toContain('suits the costs given');
});

test('every trial of a search stands on the page, and every month of a rolling origin', () => {
  const page = buildTrainingPage({
    ...DEEP,
    trials: [
      { settings: {}, validationLoss: 0.52, trees: 40 },
      { settings: { nLeaves: 63, l2: 5 }, validationLoss: 0.51, trees: 30 },
    ],
    rolling: [
      {
        month: '2013-06',
        known: '2013-01-01..2013-05-31',
        test: { ...REPORT.test, auc: 0.7, logLoss: 0.45, ece: 0.02 },
        climatology: { auc: 0.6, logLoss: 0.5, brier: 0.16 },
        logistic: { auc: 0.61, logLoss: 0.49, brier: 0.16 },
      },
    ],
  });
  expect(page).toMatch(/the defaults(<\/td><td[^>]*>[^<]*)*0\.52000/);
  expect(page).toMatch(
    /nLeaves 63, l2 5(<\/td><td[^>]*>[^<]*)*0\.51000(<\/td><td[^>]*>[^<]*)*used/,
  );
  expect(page).toMatch(/2013-06(<\/td><td[^>]*>[^<]*)*10\.0 %/);
});
