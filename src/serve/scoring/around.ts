/**
 * What is known around the flights of a request: the plan that the service was given, the plan that the flights of a
 * batch make themselves, and the weather that the request brings.
 */
import { buildCompletion, type Completion } from '../../core/around/completion.ts';
import { NO_TIME, type PLANNED, startPlan } from '../../core/around/departure-plan.ts';
import { startRepeated } from '../../core/around/repeated-departures.ts';
import { PLAN_FIELDS } from '../../core/around/surroundings.ts';
import { stationsInTurns } from '../../core/around/weather.ts';
import type { Fault } from '../../core/errors.ts';
import type { Model } from '../../core/model.ts';
import type { Gradual } from '../../predict/gradual.ts';
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
  /**
   * Fills what flights of one batch say of each other's hours; it stops between two slices of them.
   * @param raw float64, shape (nRows, nInputs)
   */
  readonly byEachOther: (raw: Float64Array, nRows: number) => Gradual<void>;
}

/** Flights whose surroundings are looked at in one turn. */
export const SURROUNDED_ROWS = 1024;

export const buildAround = ({ inputs, provenance }: Model): Around => {
  const rule = provenance.trainedOn?.weather;
  const isOwnInput = inputs.some(({ name }) => name === 'weather');
  const asksPlan = inputs.some(({ name }) => (PLAN_FIELDS as readonly string[]).includes(name));
  const place = (name: string): number => inputs.findIndex((input) => input.name === name);
  const places = {
    ...{ origin: place('origin'), destination: place('destination') },
    ...{ airline: place('airline'), tailNumber: place('tailNumber') },
    flightNumber: place('flightNumber'),
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
      const stations = yield* stationsInTurns(
        observations.filter(({ station }) => seen.has(station)),
        rule.zones,
      );
      return buildCompletion(inputs, { weather: { ...rule, stations } });
    },
    *byEachOther(raw, nRows) {
      if (!asksPlan || nRows < 2) return;
      const builder = startPlan();
      const repeated = startRepeated();
      for (let from = 0; from < nRows; from += SURROUNDED_ROWS) {
        if (from > 0) yield;
        const nOwn = Math.min(SURROUNDED_ROWS, nRows - from);
        const columnOf = (place: number, missing: number): Int32Array => {
          const column = new Int32Array(nOwn).fill(missing);
          for (let row = 0; place >= 0 && row < nOwn; row++) {
            const value = raw[(from + row) * nInputs + place]!;
            if (!Number.isNaN(value)) column[row] = value;
          }
          return column;
        };
        const flights = {
          origin: columnOf(places.origin, -1),
          destination: columnOf(places.destination, -1),
          airline: columnOf(places.airline, -1),
          tailNumber: columnOf(places.tailNumber, -1),
          flightNumber: columnOf(places.flightNumber, -1),
          minutes: columnOf(departure, NO_TIME),
        };
        repeated.leaveOut(flights, nOwn);
        builder.add(flights, nOwn);
      }
      yield;
      const valuesOf = (name: (typeof PLANNED)[number]): readonly string[] =>
        inputs[places[name]]?.values ?? [];
      const plan = builder.finish({
        origin: valuesOf('origin'),
        destination: valuesOf('destination'),
        airline: valuesOf('airline'),
        tailNumber: valuesOf('tailNumber'),
      });
      const complete = buildCompletion(inputs, { plan });
      for (let from = 0; complete && from < nRows; from += SURROUNDED_ROWS) {
        yield;
        complete(raw, from * nInputs, Math.min(SURROUNDED_ROWS, nRows - from));
      }
    },
  };
};
