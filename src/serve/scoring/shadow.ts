/**
 * The shadow: a second model that answers nobody. Flights that were answered wait in a queue of fixed size and are
 * predicted once more between two turns of the event loop: a quarter of a millisecond at a time, a twentieth of the time
 * in all, and not at all while the loop lags. What has no place in the queue is counted and forgotten, so that no caller
 * ever waits for a comparison.
 */
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import { firstHeadOf, type Model } from '../../core/model.ts';
import type { Predictor } from '../../predict/predictor.ts';
import type { Shadow, ShadowCounts } from '../context.ts';

const QUEUE_ROWS = 2048;
const SLICE_MS = 0.25;
const TIME_SHARE = 0.05;
/** The loop is busy: others need the time more. */
const BUSY_MS = 5;
const BUSY_REST_MS = 50;

/** From a row of the first model to one of the shadow. */
type RowMap = (from: Float64Array, at: number, to: Float64Array) => void;

interface ShadowSetting {
  /** The model that answers. */
  readonly first: Model;
  readonly predictor: Predictor;
  readonly counts: ShadowCounts;
  /** How far the event loop lags behind now. */
  readonly delayMs: () => number;
}

/** @throws AppError model-unfit when the shadow answers another question, or asks for what the first model does not */
export const buildShadow = ({ first, predictor, counts, delayMs }: ShadowSetting): Shadow => {
  const { inputs, heads, threshold } = predictor.model;
  requireSameQuestion(first, predictor.model);
  const nFirst = first.inputs.length;
  const mapRow = buildRowMap(first, predictor.model);
  const queue = new Float64Array(QUEUE_ROWS * (nFirst + 1));
  const row = new Float64Array(inputs.length);
  const out = new Float64Array(heads.length);
  let oldest = 0;
  let nWaiting = 0;
  let isDue = false;

  const compareOldest = (): void => {
    const at = oldest * (nFirst + 1);
    oldest = (oldest + 1) % QUEUE_ROWS;
    nWaiting--;
    mapRow(queue, at, row);
    const startMs = performance.now();
    predictor.predictInto(row, 1, out);
    counts.inferenceDone((performance.now() - startMs) * 1e6);
    const [probability, own] = [queue[at + nFirst]!, out[0]!];
    counts.compared(own >= threshold === probability >= first.threshold, own - probability);
  };
  const work = (): void => {
    if (delayMs() > BUSY_MS) {
      setTimeout(work, BUSY_REST_MS);
      return;
    }
    const startMs = performance.now();
    let workedMs = 0;
    while (nWaiting > 0 && workedMs < SLICE_MS) {
      compareOldest();
      workedMs = performance.now() - startMs;
    }
    isDue = nWaiting > 0;
    if (isDue) setTimeout(work, Math.max(1, workedMs / TIME_SHARE));
  };

  return {
    offer: (raw, at, probability, isOdd) => {
      if (isOdd) counts.skipped('unknown-value');
      else if (nWaiting === QUEUE_ROWS) counts.skipped('busy');
      else {
        const to = ((oldest + nWaiting) % QUEUE_ROWS) * (nFirst + 1);
        for (let i = 0; i < nFirst; i++) queue[to + i] = raw[at + i]!;
        queue[to + nFirst] = probability;
        nWaiting++;
        if (isDue) return;
        isDue = true;
        setTimeout(work, 1);
      }
    },
  };
};

/** @throws AppError model-unfit */
const requireSameQuestion = (first: Model, shadow: Model): void => {
  const [asked, other] = [first, shadow].map((model) => firstHeadOf(model).minutes);
  if (asked !== other)
    throw new AppError(
      'model-unfit',
      `${shadow.name} cannot be the shadow of ${first.name}: it answers how likely a delay of ${other} min or more is, ${first.name} of ${asked} min or more`,
    );
  const [end, otherEnd] = [first, shadow].map((model) => model.provenance.trainedOn?.target);
  if (end !== undefined && otherEnd !== undefined && end !== otherEnd)
    throw new AppError(
      'model-unfit',
      `${shadow.name} cannot be the shadow of ${first.name}: it was learned for the delay of the ${otherEnd}, ${first.name} for that of the ${end}`,
    );
};

/**
 * Both models number the values of a category in their own way. What the first model does not ask for is missing.
 * @throws AppError model-unfit
 */
const buildRowMap = (first: Model, shadow: Model): RowMap => {
  const columns = shadow.inputs.map((input) => {
    const place = first.inputs.findIndex(
      ({ name, kind }) => name === input.name && kind === input.kind,
    );
    if (place < 0 && input.required)
      throw new AppError(
        'model-unfit',
        `${shadow.name} cannot be the shadow of ${first.name}: it needs ${input.name}, which ${first.name} does not ask for`,
      );
    return { place, codes: place < 0 ? undefined : codesBetween(first.inputs[place]!, input) };
  });
  return (from, at, to) => {
    for (let i = 0; i < columns.length; i++) {
      const { place, codes } = columns[i]!;
      const value = place < 0 ? Number.NaN : from[at + place]!;
      to[i] = codes === undefined || Number.isNaN(value) ? value : codes[value]!;
    }
  };
};

/** The shadow's code of each value that the first model knows, NaN where it knows none; undefined for no category. */
const codesBetween = (from: Input, to: Input): Float64Array | undefined => {
  if (to.kind !== 'category') return undefined;
  const places = new Map((to.values ?? []).map((value, code) => [value, code]));
  return Float64Array.from(from.values ?? [], (value) => places.get(value) ?? Number.NaN);
};
