/**
 * The service for requests of its own, in the warm-up and of the canary.
 */
import type { ServeContext } from '../context.ts';
import { buildAdmission } from '../guard/admission.ts';
import { buildCounters } from '../telemetry/counters.ts';
import { COUNTER_CELLS } from '../telemetry/shared-counters.ts';

/** The same service over counters of its own and without authorisation. */
export const scratchOf = (context: ServeContext): ServeContext => {
  const { config, counters } = context;
  const drift = new Float64Array(counters.drift.length);
  return {
    ...context,
    config: { ...config, auth: undefined },
    counters: buildCounters(new Float64Array(COUNTER_CELLS), drift, () => drift),
    named: [],
    shadow: undefined,
    onAuth: () => {},
    admission: buildAdmission(config),
  };
};
