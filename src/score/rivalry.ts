/**
 * A new model beside the one that serves now, on test days that neither of them knows.
 */
import { dayOf } from '../core/calendar.ts';
import { AppError } from '../core/errors.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import { type LoadedModel, readModel } from '../core/model-file.ts';
import { departuresOf, pickTableRows, type Table } from '../core/table.ts';
import { labelsOf } from '../train/preparation.ts';
import { compare, type Comparison } from '../train/quality/comparison.ts';
import { resampleDays } from '../train/quality/day-resampling.ts';
import { firstAnswers } from './first-answers.ts';
import { buildSeen, knownDaysOf } from './seen-days.ts';
import { judgedPathOf } from './stored-training.ts';

/** The model that serves now, or, where it was learned again from the test days, the one that its report judges. */
interface Rival {
  readonly model: Model;
  readonly name: string;
  readonly table: Table;
}

/**
 * @param judged the new model as its report judges it
 * @param table the flights that it was learned and tested on
 * @returns null where the current model knows every test day
 * @throws AppError data-unfit (the two answer different questions)
 */
export const compareWithCurrent = (
  judged: Model,
  current: LoadedModel,
  table: Table,
): Comparison | null => {
  const { minutes } = firstHeadOf(judged);
  const other = firstHeadOf(current.model).minutes;
  if (minutes !== other)
    throw new AppError(
      'data-unfit',
      `the current model ${current.version} answers how likely a delay of ${other} min or more is, the new one of ${minutes} min or more: they cannot be compared`,
    );
  const isTest = buildSeen(judged.provenance.trainedOn!.split.test);
  const twin = judgedPathOf(current.path);
  const rival =
    rivalOn(current.model, current.version, table, isTest) ??
    (twin === undefined
      ? undefined
      : rivalOn(
          readModel(twin).model,
          `${current.version} as it was before it was learned again from every day`,
          table,
          isTest,
        ));
  if (rival === undefined) return null;
  const labels = labelsOf(rival.table.delayMinutes, minutes);
  return compare({
    against: rival.name,
    own: firstAnswers(judged, rival.table),
    other: firstAnswers(rival.model, rival.table),
    labels,
    resampling: resampleDays(departuresOf(rival.table).map(dayOf)),
  });
};

/** A model and the test flights of days that it does not know; undefined where there are none. */
const rivalOn = (
  model: Model,
  name: string,
  all: Table,
  isTest: (minutes: number) => boolean,
): Rival | undefined => {
  const days = knownDaysOf(model);
  const isKnown = days === undefined ? () => false : buildSeen(days);
  const departures = departuresOf(all);
  const table = pickTableRows(all, (row) => {
    const minutes = departures[row]!;
    return isTest(minutes) && !isKnown(minutes);
  });
  return table.nRows === 0 ? undefined : { model, name, table };
};
