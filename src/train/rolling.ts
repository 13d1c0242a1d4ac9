/**
 * Rolling origin: for each month a model of what was known before it, judged on that month.
 * Shows how good the method is through the year, not at its end only.
 */
import { AppError } from '../core/errors.ts';
import { MINUTES_PER_DAY, dayOf } from '../core/calendar.ts';
import { encodeTime } from '../core/flight.ts';
import type { Quality } from '../core/model.ts';
import { departuresOf, pickTableRows, type Table } from '../core/table.ts';
import type { TrainOptions } from './settings.ts';
import type { Baseline } from './quality/evaluation.ts';
import { trainModel } from './training.ts';

export interface RollingMonth {
  readonly month: string;
  /** Dates that the month's model was learned, stopped and calibrated on. */
  readonly known: string;
  readonly test: Quality;
  readonly climatology: Baseline;
  readonly logistic: Baseline;
}

const MIN_DAYS = 90;
const PART = 1 / 12;

/**
 * Results month by month, for every whole month with at least 90 days before it.
 * @throws AppError data-too-small (no such month), and as `trainModel` does
 */
export const rollMonths = async (
  table: Table,
  options: TrainOptions,
  onMonth: (month: RollingMonth) => void = () => {},
): Promise<readonly RollingMonth[]> => {
  const departures = departuresOf(table);
  const days = new Map<string, Set<number>>();
  for (const minutes of departures) {
    const month = encodeTime(minutes).slice(0, 7);
    const own = days.get(month) ?? new Set<number>();
    own.add(dayOf(minutes));
    days.set(month, own);
  }
  const months: RollingMonth[] = [];
  let nBefore = 0;
  for (const month of [...days.keys()].sort()) {
    const own = days.get(month)!;
    const nDays = nBefore + own.size;
    if (nBefore >= MIN_DAYS) {
      const end = (Math.max(...own) + 1) * MINUTES_PER_DAY;
      const shares = {
        train: 1 - own.size / nDays - 2 * PART,
        validation: PART,
        calibration: PART,
        test: own.size / nDays,
      };
      const { report } = await trainModel(
        pickTableRows(table, (row) => departures[row]! < end),
        {
          ...options,
          shares,
          split: 'time',
          quantiles: false,
          refit: false,
          testFrom: undefined,
        },
      );
      const { train, calibration } = report.split;
      const result: RollingMonth = {
        month,
        known: `${train.slice(0, 10)}..${calibration.slice(-10)}`,
        test: report.test,
        climatology: report.baselines.climatology,
        logistic: report.baselines.logistic,
      };
      months.push(result);
      onMonth(result);
    }
    nBefore = nDays;
  }
  if (months.length === 0)
    throw new AppError(
      'data-too-small',
      `no month can be judged by what was known before it: a month with at least ${MIN_DAYS} days of flights before it is needed, and the flights fall on ${nBefore} days`,
    );
  return months;
};
