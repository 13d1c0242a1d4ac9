/**
 * From raw scores to predictions: link, calibration, chained probabilities, ordered quantiles.
 */
import { buildCalibration, type Calibrator } from '../core/calibrate.ts';
import { buildDelayQuantile } from '../core/delay-distribution.ts';
import { sigmoid, sigmoid32 } from '../core/logistic.ts';
import type { Head, StackMember } from '../core/model.ts';

/**
 * Turns the raw scores at `out[at .. at + nHeads)` into predictions, in place.
 * @cost one exponential and one search per probability head; allocates nothing
 */
export const buildOutputTransform = (
  heads: readonly Head[],
): ((out: Float64Array, at: number) => void) => {
  const nHeads = heads.length;
  const transforms = heads.map(buildHeadTransform);
  const chained = Uint8Array.from(heads, (head) =>
    head.kind === 'probability' && head.given === 'previous' ? 1 : 0,
  );
  const isQuantile = Uint8Array.from(heads, (head) => (head.kind === 'quantile' ? 1 : 0));
  const quantiles = heads.map((head) =>
    head.kind === 'quantile' && head.score.kind === 'distribution'
      ? buildDelayQuantile(head.score.shape, head.level)
      : undefined,
  );
  return (out, at) => {
    let probability = 1;
    let minutes = Number.NEGATIVE_INFINITY;
    for (let h = 0; h < nHeads; h++) {
      const raw = out[at + h]!;
      if (isQuantile[h] === 1) {
        const quantile = quantiles[h];
        const own = quantile === undefined ? raw : quantile(out, at);
        if (own > minutes) minutes = own;
        out[at + h] = minutes;
      } else {
        const own = transforms[h]!(raw);
        probability = chained[h] === 1 ? own * probability : own;
        out[at + h] = probability;
      }
    }
  };
};

/** A head's own prediction from its raw score, before chaining and ordering. */
export const buildHeadTransform = (head: Head): Calibrator =>
  head.kind === 'quantile' ? (raw) => raw : buildProbability(head);

/** From a raw score to a probability: link, then calibration. */
export const buildProbability = ({
  link,
  calibration,
}: Pick<StackMember, 'link' | 'calibration'>): Calibrator => {
  const calibrate = buildCalibration(calibration);
  if (link === 'logistic') return (raw) => calibrate(sigmoid(raw));
  if (link === 'logistic32') return (raw) => calibrate(sigmoid32(raw));
  if (link === 'none') return calibrate;
  // Isotonic points lie on the scale of the score itself, which may be any.
  return calibration.kind === 'isotonic' ? calibrate : (raw) => calibrate(clamp(raw));
};

const clamp = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);
