/**
 * What speaks against taking the figures of an evaluation at their word: a model that is measured by something else than it
 * was learned for, without what it looks at, or on what it knows.
 */
import { knownDaysOf } from '../core/known-days.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import type { Table } from '../core/table.ts';
import { describeAbsent, lacksWeather } from './absent-inputs.ts';
import { countRepeated } from './repeated-flights.ts';
import { type Hindsight, hindsightWarnings, type SeenFlights } from './seen-days.ts';
import type { StoredModel } from './stored-training.ts';

export const nameOf = ({ model, version }: StoredModel): string => `${model.name} ${version}`;

export const lateMinutesOf = (model: Model): number => firstHeadOf(model).minutes;

/** What speaks against taking the figures at their word. */
interface Circumstances {
  readonly lateMinutes: number;
  readonly seen: SeenFlights;
  readonly hindsight: Hindsight;
  /** Inputs that none of the flights has. */
  readonly absent: readonly string[];
  readonly rival?: { readonly stored: StoredModel; readonly absent: readonly string[] } | undefined;
}

/** Share of flights that stand there again, up to which it changes no figure that is shown. */
const MAX_REPEATED = 0.005;

/** Sentences that must be read before any figure. */
export const evaluationWarnings = (
  stored: StoredModel,
  table: Table,
  { lateMinutes, seen, hindsight, absent, rival }: Circumstances,
): readonly string[] => {
  const { model } = stored;
  const against = rival?.stored;
  const warnings: string[] = [];
  const models = [
    ['The model', model],
    ...(against ? [[nameOf(against), against.model] as const] : []),
  ] as const;
  for (const [name, one] of models) {
    const target = one.provenance.trainedOn?.target;
    if (target !== undefined && target !== table.source.target)
      warnings.push(
        `${name} was learned for the delay of the ${target}; these files hold that of the ${table.source.target}. The figures compare two different things.`,
      );
    const learned = lateMinutesOf(one);
    if (learned !== lateMinutes)
      warnings.push(
        `${name} answers how likely a delay of ${learned} min or more is; it is measured here by ${lateMinutes} min or more. The figures compare two different things.`,
      );
  }
  const given = table.surroundings?.weather?.leadHours;
  for (const [name, one] of models) {
    const { leadHours } = one.provenance.trainedOn?.weather ?? {};
    if (leadHours !== undefined && given !== undefined && leadHours !== given)
      warnings.push(
        `${name} was learned with the weather ${leadHours} h before departure; here it is given that of ${given} h before. The figures compare two different things.`,
      );
  }
  const nRepeated = countRepeated(table);
  if (nRepeated > MAX_REPEATED * table.nRows)
    warnings.push(
      `${nRepeated.toLocaleString('en')} of these ${table.nRows.toLocaleString('en')} flights stand in the files again (same airline, number, airports and departure): each counts as often, in the plan of its day too.`,
    );
  const missed = describeAbsent(absent);
  if (missed !== undefined && (against || lacksWeather(model.inputs, absent)))
    warnings.push(
      `The model looks at ${missed}: it is measured without, which may be below its worth.`,
    );
  const missedByRival = rival && describeAbsent(rival.absent);
  if (missedByRival !== undefined)
    warnings.push(
      `${nameOf(rival!.stored)} looks at ${missedByRival}: it is measured without, which may be below its worth.`,
    );
  warnings.push(...hindsightWarnings(hindsight, table.nRows));
  if (seen.included && seen.rows > 0)
    warnings.push(
      `${seen.rows.toLocaleString('en')} of these ${table.nRows.toLocaleString('en')} flights are on days that ${against ? 'one of the models' : 'the model'} knows (${seen.days}): every figure below flatters it.`,
    );
  for (const [name, one] of models)
    if (knownDaysOf(one) === undefined)
      warnings.push(
        `${name === 'The model' ? 'The model file' : name} does not say on which days it was learned: some of these flights may be among those that it knows.`,
      );
  return warnings;
};
