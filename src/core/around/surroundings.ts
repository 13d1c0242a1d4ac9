/**
 * What is known around a flight besides itself: the plan of its day, and the weather.
 */
import type { FieldName } from '../flight.ts';
import type { DeparturePlan } from './departure-plan.ts';
import type { Weather } from './weather.ts';

export interface Surroundings {
  readonly plan?: DeparturePlan | undefined;
  readonly weather?: Weather | undefined;
}

/** What the plan of a day fills. */
export const PLAN_FIELDS = [
  'originHourDepartures',
  'originNearDepartures',
  'originDayDepartures',
  'originEarlierDepartures',
  'airlineHourDepartures',
  'airlineDayDepartures',
  'aircraftEarlierFlights',
  'aircraftGapMinutes',
  'destinationHourFlights',
  'destinationNearFlights',
] as const satisfies readonly FieldName[];
export type PlanField = (typeof PLAN_FIELDS)[number];
