/**
 * How many flights can be judged within a bound of memory.
 */
import { AppError } from '../core/errors.ts';
import { DATABASE_BESIDE_MB } from '../flights/database.ts';

/** What a flight takes while it is judged: its columns, inputs, answers, and its place in every ranking. */
const FLIGHT_BYTES = 1500;

/** What the runtime and the models take. */
const OWN_MB = 200;

/** Part of the memory that the database may take while it hands over flights, and what it needs at least. */
const DATABASE_SHARE = 0.25;
const LEAST_DATABASE_MB = 100;

/** Fewer flights than this say little of a model. */
const LEAST_FLIGHTS = 10_000;

/** How flights are read so that all of the command stays within so much memory. */
export const judgedWithin = (memoryMb: number) => {
  const databaseMb = Math.max(LEAST_DATABASE_MB, Math.floor(memoryMb * DATABASE_SHARE));
  const roomBytes = (memoryMb - databaseMb - OWN_MB) * 1e6;
  return {
    memoryMb: databaseMb + DATABASE_BESIDE_MB,
    /** @throws AppError usage where what must be kept of all flights leaves too little for those that are judged */
    maxRows: (planBytes: number): number => {
      const nFlights = Math.floor((roomBytes - planBytes) / FLIGHT_BYTES);
      if (nFlights >= LEAST_FLIGHTS) return nFlights;
      const leastMb = Math.ceil(
        (planBytes + LEAST_FLIGHTS * FLIGHT_BYTES) / 1e6 + LEAST_DATABASE_MB + OWN_MB,
      );
      throw new AppError(
        'usage',
        `--memory ${memoryMb}MB is too little to judge these flights: ${planBytes > 1e6 ? `the plan of all departures, which the model asks for, takes ${Math.round(planBytes / 1e6)} MB of it so far; ` : ''}give at least ${leastMb}MB, or fewer days`,
      );
    },
  };
};
