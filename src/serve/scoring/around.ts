/**
 * What is known around the flights of a request: the plan that the service was given, the plan that the flights of a
 * batch make themselves, and the weather that the request brings.
 */
import { startCounts } from '../../core/around/departure-plan.ts';
import type { Fault } from '../../core/errors.ts';
import type { Model } from '../../core/model.ts';
import { buildCompletion, type Completion } from '../../core/around/completion.ts';
import { PLAN_FIELDS } from '../../core/around/surroundings.ts';
import { stationsOf } from '../../core/around/weather.ts';
import { parseObservations } from '../formats/observations.ts';

export interface Around {
  /**
   * What the weather of a request fills; undefined where it brings none, or the model asks for none.
   * @param faults what is wrong with it is added here
   */
  readonly byWeather: (
    request: Readonly<Record<string, unknown>>,
    faults: Fault[],
  ) => Completion | undefined;
  /** Fills what flights of one batch say of each other's hours. @param raw float64, shape (nRows, nInputs) */
  readonly byEachOther: (raw: Float64Array, nRows: number) => void;
}

export const buildAround = ({ inputs, provenance }: Model): Around => {
  const rule = provenance.trainedOn?.weather;
  const isOwnInput = inputs.some(({ name }) => name === 'weather');
  const asksPlan = inputs.some(({ name }) => (PLAN_FIELDS as readonly string[]).includes(name));
  const place = (name: string): number => inputs.findIndex((input) => input.name === name);
  const places = [place('origin'), place('destination')] as const;
  const departure = place('scheduledDeparture');
  const nInputs = inputs.length;
  return {
    byWeather: ({ weather }, faults) => {
      if (rule === undefined || isOwnInput || (weather ?? null) === null) return undefined;
      const parsed = parseObservations(weather);
      faults.push(...parsed.faults);
      if (parsed.faults.length > 0) return undefined;
      return buildCompletion(inputs, {
        weather: { ...rule, stations: stationsOf(parsed.observations) },
      });
    },
    byEachOther: (raw, nRows) => {
      if (!asksPlan || nRows < 2) return;
      const [origins, destinations] = places.map((side) => {
        const counts = startCounts();
        for (let row = 0; row < nRows; row++) {
          const airport = raw[row * nInputs + side] ?? Number.NaN;
          const minutes = raw[row * nInputs + departure] ?? Number.NaN;
          if (side >= 0 && !Number.isNaN(airport) && !Number.isNaN(minutes))
            counts.add(airport, Math.floor(minutes / 60), 1);
        }
        return counts.finish(inputs[side]?.values ?? []);
      });
      const plan = { origins: origins!, destinations: destinations! };
      buildCompletion(inputs, { plan })?.(raw, 0, nRows);
    },
  };
};
