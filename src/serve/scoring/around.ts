/**
 * What is known around the flights of a request: the plan that the service was given, the plan that the flights of a
 * batch make themselves, and the weather that the request brings.
 */
import { NO_TIME, type PLANNED, startPlan } from '../../core/around/departure-plan.ts';
import type { Fault } from '../../core/errors.ts';
import type { Gradual } from '../../predict/gradual.ts';
import type { Model } from '../../core/model.ts';
import { buildCompletion, type Completion } from '../../core/around/completion.ts';
import { PLAN_FIELDS } from '../../core/around/surroundings.ts';
import { stationsOf } from '../../core/around/weather.ts';
import { parseObservations } from '../formats/observations.ts';

export interface Around {
  /**
   * What the weather of a request fills; undefined where it brings none, or the model asks for none. It stops between two
   * slices of it, so that others can be answered.
   * @param faults what is wrong with it is added here
   */
  readonly byWeather: (
    request: Readonly<Record<string, unknown>>,
    faults: Fault[],
  ) => Gradual<Completion | undefined>;
  /** Fills what flights of one batch say of each other's hours. @param raw float64, shape (nRows, nInputs) */
  readonly byEachOther: (raw: Float64Array, nRows: number) => void;
}

export const buildAround = ({ inputs, provenance }: Model): Around => {
  const rule = provenance.trainedOn?.weather;
  const isOwnInput = inputs.some(({ name }) => name === 'weather');
  const asksPlan = inputs.some(({ name }) => (PLAN_FIELDS as readonly string[]).includes(name));
  const place = (name: string): number => inputs.findIndex((input) => input.name === name);
  const places = {
    ...{ origin: place('origin'), destination: place('destination') },
    ...{ airline: place('airline'), tailNumber: place('tailNumber') },
  };
  const departure = place('scheduledDeparture');
  const nInputs = inputs.length;
  /** The airports whose weather some flight sees. */
  const seen = new Set([
    ...(inputs[places.origin]?.values ?? []),
    ...(inputs[places.destination]?.values ?? []),
    ...Object.values(rule?.neighbours ?? {}).flat(),
  ]);
  return {
    *byWeather({ weather }, faults) {
      if (rule === undefined || isOwnInput || (weather ?? null) === null) return undefined;
      const found: Fault[] = [];
      const observations = yield* parseObservations(weather, found);
      faults.push(...found);
      if (found.length > 0) return undefined;
      const stations = stationsOf(observations.filter(({ station }) => seen.has(station)));
      return buildCompletion(inputs, { weather: { ...rule, stations } });
    },
    byEachOther: (raw, nRows) => {
      if (!asksPlan || nRows < 2) return;
      const columnOf = (place: number, missing: number): Int32Array =>
        Int32Array.from({ length: nRows }, (_, row) => {
          const value = place < 0 ? Number.NaN : raw[row * nInputs + place]!;
          return Number.isNaN(value) ? missing : value;
        });
      const builder = startPlan();
      builder.add(
        {
          origin: columnOf(places.origin, -1),
          destination: columnOf(places.destination, -1),
          airline: columnOf(places.airline, -1),
          tailNumber: columnOf(places.tailNumber, -1),
          minutes: columnOf(departure, NO_TIME),
        },
        nRows,
      );
      const valuesOf = (name: (typeof PLANNED)[number]): readonly string[] =>
        inputs[places[name]]?.values ?? [];
      const plan = builder.finish({
        origin: valuesOf('origin'),
        destination: valuesOf('destination'),
        airline: valuesOf('airline'),
        tailNumber: valuesOf('tailNumber'),
      });
      buildCompletion(inputs, { plan })?.(raw, 0, nRows);
    },
  };
};
