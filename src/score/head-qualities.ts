/**
 * How good the answers after the first are, each beside the best constant of the very flights that it is measured on.
 */
import { dayOf } from '../core/calendar.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { sampleQuantile } from '../train/quality/quantile.ts';
import { labelsOf } from '../train/preparation.ts';
import { resampleDays } from '../train/quality/day-resampling.ts';
import {
  type HeadQuality,
  probabilityQuality,
  quantileQuality,
} from '../train/quality/head-quality.ts';
import { rateOf } from '../train/quality/metrics.ts';

/** Answers about the flights of a table; float64, shape (nRows) each. */
interface LaterAnswers {
  /** Chances of a delay of at least so many minutes. */
  readonly later: readonly { readonly minutes: number; readonly values: Float64Array }[];
  readonly quantiles: readonly { readonly level: number; readonly values: Float64Array }[];
}

export const headQualitiesOf = (
  table: Table,
  { later, quantiles }: LaterAnswers,
): readonly HeadQuality[] => {
  const days = resampleDays(departuresOf(table).map(dayOf));
  return [
    ...later.map(({ minutes, values }) => {
      const labels = labelsOf(table.delayMinutes, minutes);
      const name = `at least ${minutes} min`;
      return probabilityQuality({ name, answers: values, constant: rateOf(labels), days }, labels);
    }),
    ...quantiles.map(({ level, values }) => {
      const constant = sampleQuantile(Float64Array.from(table.delayMinutes), level);
      return quantileQuality({ answers: values, constant, days }, level, table.delayMinutes);
    }),
  ];
};
