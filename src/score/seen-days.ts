/**
 * Which flights a stored model knows, so that none is called unseen that it learned from, nor forecast what it looked back at.
 */
import { knownDaysOf } from '../core/known-days.ts';
import type { Model } from '../core/model.ts';

/** Flights on days that the model, or the one that it is compared with, learned, stopped or was calibrated on. */
export interface SeenFlights {
  /** These days, `2013-01-01..2013-02-28, 2013-05-01..2013-10-31`; null where the file of a model does not say. */
  readonly days: string | null;
  readonly rows: number;
  /** Whether they are among the flights that were measured. */
  readonly included: boolean;
}

/** The flights that a model knows; null what its file does not say. */
export interface LearnedFrom {
  readonly name: string;
  readonly days: string | null;
  readonly rows: number | null;
  /** Share of them that was late. */
  readonly baseRate: number | null;
}

export const learnedFromOf = (name: string, model: Model): LearnedFrom => {
  const { known } = model.provenance.trainedOn ?? {};
  return {
    name,
    days: knownDaysOf(model)?.text ?? null,
    rows: known?.rows ?? null,
    baseRate: known?.baseRate ?? null,
  };
};

/** Flights that were measured though a model that measured them learned from later days: no forecasts. */
export interface Hindsight {
  /** For one of the models at least. */
  readonly rows: number;
  readonly byModel: readonly HindsightOf[];
}

interface HindsightOf {
  readonly name: string;
  /** Before the first day that it knows. */
  readonly before: number;
  /** On days that it does not know, between days that it knows. */
  readonly between: number;
}

/** @param departures float64: local minutes of the flights that were measured */
export const hindsightOf = (
  models: readonly { readonly name: string; readonly model: Model }[],
  departures: Float64Array,
): Hindsight => {
  const isLate = new Uint8Array(departures.length);
  const byModel = models.map(({ name, model }) => {
    const known = knownDaysOf(model);
    let before = 0;
    let between = 0;
    departures.forEach((minutes, row) => {
      if (known === undefined) return;
      const isBefore = known.isBefore(minutes);
      if (!isBefore && !known.isBetween(minutes)) return;
      if (isBefore) before++;
      else between++;
      isLate[row] = 1;
    });
    return { name, before, between };
  });
  return { rows: isLate.reduce((sum, one) => sum + one, 0), byModel };
};

/** What must be read before the figures of flights that a model looked back at. */
export const hindsightWarnings = ({ byModel }: Hindsight, nRows: number): readonly string[] => {
  const whole = (n: number): string => n.toLocaleString('en');
  return byModel.flatMap(({ name, before, between }) => {
    const say = (n: number, when: string, what: string): string[] =>
      n === 0
        ? []
        : [
            `${whole(n)} of these ${whole(nRows)} flights left ${when} that ${name} knows: it was learned from ${what}, so this is hindsight and no forecast.`,
          ];
    return [
      ...say(before, 'before the first day', 'what came after them'),
      ...say(between, 'on days between those', 'what came before and after them'),
    ];
  });
};
