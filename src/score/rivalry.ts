/**
 * A new model beside the one that serves now, on test days that neither of them knows.
 */
import { dayOf } from '../core/calendar.ts';
import { knownDaysOf } from '../core/known-days.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import { type LoadedModel, readModel } from '../core/model-file.ts';
import { departuresOf, pickTableRows, type Table } from '../core/table.ts';
import { labelsOf } from '../train/preparation.ts';
import { compare, type Comparison } from '../train/quality/comparison.ts';
import { resampleDays } from '../train/quality/day-resampling.ts';
import { compilePredictor } from '../predict/compile.ts';
import { rawOf } from '../train/features/encoding.ts';
import { absentInputs, describeAbsent, unseenValues } from './absent-inputs.ts';
import { answersOf, firstAnswers } from './first-answers.ts';
import { judgedPathOf } from './stored-training.ts';

/** The model that serves now, or, where it was learned again from the test days, the one that its report judges. */
interface Rival {
  readonly model: Model;
  readonly name: string;
  readonly table: Table;
}

/** What a model answers: from how many minutes on a flight is late, and at which end. */
interface Question {
  readonly minutes: number;
  readonly target: Table['source']['target'];
}

/** Why the current model cannot be compared with one that answers a question; undefined where it can. */
export const whyIncomparable = (
  { model, version }: LoadedModel,
  { minutes, target }: Question,
): string | undefined => {
  const other = firstHeadOf(model).minutes;
  if (minutes !== other)
    return `the current model ${version} answers how likely a delay of ${other} min or more is, the new one of ${minutes} min or more: they cannot be compared`;
  const otherTarget = model.provenance.trainedOn?.target ?? target;
  if (target !== otherTarget)
    return `the current model ${version} was learned for the delay of the ${otherTarget}, the new one for that of the ${target}: they cannot be compared`;
  return undefined;
};

/** The new model beside the current one. */
interface Contest {
  readonly comparison: Comparison;
  /** What the current model looks at and these flights do not have, in words: then it was judged below its worth. */
  readonly missed: string | undefined;
}

/**
 * @param judged the new model as its report judges it
 * @param table the flights that it was learned and tested on
 * @returns null where no test day is later than all days that the current model knows
 */
export const compareWithCurrent = (
  judged: Model,
  current: LoadedModel,
  table: Table,
): Contest | null => {
  const { minutes } = firstHeadOf(judged);
  const known = knownDaysOf(judged);
  const isTest = (minutes: number): boolean => known?.isKnown(minutes) !== true;
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
  const { inputs } = rival.model;
  const raw = rawOf(rival.table, inputs);
  return {
    comparison: compare({
      against: rival.name,
      own: firstAnswers(judged, rival.table),
      other: answersOf(compilePredictor(rival.model), raw, rival.table.nRows, 0),
      labels,
      resampling: resampleDays(departuresOf(rival.table).map(dayOf)),
    }),
    missed: describeAbsent(absentInputs(inputs, raw, unseenValues(rival.table, inputs))),
  };
};

/** A model and the test flights after all days that it knows: of days before, it knows how they went on. */
const rivalOn = (
  model: Model,
  name: string,
  all: Table,
  isTest: (minutes: number) => boolean,
): Rival | undefined => {
  const days = knownDaysOf(model);
  const departures = departuresOf(all);
  const table = pickTableRows(all, (row) => {
    const minutes = departures[row]!;
    return isTest(minutes) && (days === undefined || days.isAfter(minutes));
  });
  return table.nRows === 0 ? undefined : { model, name, table };
};
