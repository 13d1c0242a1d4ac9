import { expect, test } from 'bun:test';
import { buildPlantedModel } from '../../test/planted.ts';
import { decodeTime } from './flight.ts';
import { areRanges, describeDays, knownDaysOf, rangesOfDays } from './known-days.ts';
import { decodeModel, encodeModel } from './model-file.ts';
import type { Model } from './model.ts';

const planted = buildPlantedModel();

const knowing = (known?: { days: string; ranges?: readonly string[] }): Model => ({
  ...planted,
  provenance: {
    madeBy: 'puntual',
    trainedOn: {
      dialect: 'bts',
      target: 'arrival',
      rows: { read: 1, rejected: 0, used: 1 },
      split: {
        train: '2013-01-01..2013-08-31',
        validation: '2013-09-01..2013-09-30',
        calibration: '',
        test: '2013-10-01..2013-10-31',
      },
      settings: {},
      ...(known && { known: { ...known, rows: 1 } }),
    },
  },
});

const GAP = {
  days: '2013-01-01..2013-06-10',
  ranges: ['2013-01-01..2013-02-28', '2013-05-01..2013-06-10'],
};

test('a day is known, before, after or between the days that a model knows, to the minute', () => {
  const known = knownDaysOf(knowing(GAP))!;
  const whereIs = (time: string): string =>
    (['isBefore', 'isKnown', 'isBetween', 'isAfter'] as const)
      .filter((name) => known[name](decodeTime(time)))
      .join();
  for (const [time, where] of [
    ['2012-12-31T23:59', 'isBefore'],
    ['2013-01-01T00:00', 'isKnown'],
    ['2013-02-28T23:59', 'isKnown'],
    ['2013-03-01T00:00', 'isBetween'],
    ['2013-04-30T23:59', 'isBetween'],
    ['2013-05-01T00:00', 'isKnown'],
    ['2013-06-10T23:59', 'isKnown'],
    ['2013-06-11T00:00', 'isAfter'],
  ] as const)
    expect(`${time} ${whereIs(time)}`).toBe(`${time} ${where}`);
  expect(known).toMatchObject({
    first: '2013-01-01',
    last: '2013-06-10',
    text: '2013-01-01..2013-02-28, 2013-05-01..2013-06-10',
  });
});

test('files of older versions know all days from the first to the last', () => {
  expect(knownDaysOf(knowing({ days: '2013-01-01..2013-06-10' }))!.text).toBe(
    '2013-01-01..2013-06-10',
  );
  expect(knownDaysOf(knowing())!.text).toBe('2013-01-01..2013-09-30');
  expect(knownDaysOf({ ...planted, provenance: { madeBy: 'x' } })).toBeUndefined();
});

test('days become ranges that hold no other day; many ranges are counted in text', () => {
  expect(rangesOfDays([15_707, 15_706, 15_709, 15_706])).toEqual([
    '2013-01-01..2013-01-02',
    '2013-01-04..2013-01-04',
  ]);
  // Mondays to Fridays of five weeks.
  const ranges = rangesOfDays(
    Array.from({ length: 35 }, (_, i) => 15_711 + i).filter((_, i) => i % 7 < 5),
  );
  expect(ranges).toHaveLength(5);
  const days = '2013-01-06..2013-02-07';
  expect(describeDays({ days, ranges })).toBe(`${days} (25 of 33 days)`);
  expect(knownDaysOf(knowing({ days, ranges }))!.text).toBe(`${days} (25 of 33 days)`);
});

test('a model file keeps them, and is refused where they are no rising dates', () => {
  const { bytes } = encodeModel(knowing(GAP));
  expect(decodeModel(bytes).model.provenance.trainedOn!.known!.ranges).toEqual(GAP.ranges);
  for (const ranges of [
    GAP.ranges.toReversed(),
    ['2013-01-01'],
    ['2013-02-28..2013-01-01'],
    ['2013-01-01..2013-01-31', '2013-01-31..2013-02-01'],
    ['2013-13-01..2013-13-02'],
  ]) {
    expect(areRanges(ranges)).toBeFalse();
    expect(() => decodeModel(encodeModel(knowing({ ...GAP, ranges })).bytes)).toThrow(
      'ranges of rising dates',
    );
  }
});
