/**
 * `/model`: what the service answers with: name, version, inputs, training, measured quality.
 */
import { driftOf, MIN_SEEN } from '../../core/distribution.ts';
import type { ServeContext } from '../context.ts';
import { exampleFlight, flightSchema } from '../documents/schema.ts';
import { readTrainingReport } from '../documents/training-report.ts';
import { type Handler, jsonHeaders } from '../endpoint.ts';
import { levelName } from '../formats/answer.ts';
import { compressed } from '../formats/compressed.ts';
import { byModel } from './by-model.ts';

/** The counts of all workers are read no more often than this, however often one asks. */
const DRIFT_MS = 50;

export const buildModel = (context: ServeContext): Handler => {
  const of = byModel(context, buildModelOf);
  return (call) => of(call.query)(call);
};

/** The text is written once, but for the drift at its end. */
const buildModelOf = ({ loaded, counters }: ServeContext): Handler => {
  const { model, version, sha256 } = loaded;
  const { madeBy, trainedOn, test, baselines } = model.provenance;
  const report = trainedOn === undefined ? undefined : readTrainingReport(loaded);
  const document = {
    name: model.name,
    version,
    sha256,
    inputs: flightSchema(model.inputs),
    example: exampleFlight(model),
    outputs: {
      atLeastMinutes: model.heads.flatMap((head) =>
        head.kind === 'probability' ? [head.minutes] : [],
      ),
      minutes: model.heads.flatMap((head) =>
        head.kind === 'quantile' ? [levelName(head.level)] : [],
      ),
    },
    threshold: model.threshold,
    madeBy,
    ...(trainedOn === undefined ? {} : { trainedOn }),
    ...(test === undefined ? {} : { quality: test }),
    ...(baselines === undefined ? {} : { baselines }),
    ...report,
  };
  const text = JSON.stringify(document).slice(0, -1);
  let whole = '';
  let madeMs = Number.NEGATIVE_INFINITY;
  return (call) => {
    const nowMs = performance.now();
    if (nowMs - madeMs > DRIFT_MS) {
      const drift = driftOf(model.shares, counters.driftTotals(), MIN_SEEN).map(
        ({ input, psi, seen }) => ({ input, psi, seen }),
      );
      whole = `${text},"drift":${JSON.stringify(drift)}}`;
      madeMs = nowMs;
    }
    return compressed(whole, call, jsonHeaders);
  };
};
