/**
 * What the comparison with a shadow has found since these models serve: how often both models decide alike, and how far
 * their probabilities lie apart.
 */
import { SHADOW_SKIPS } from '../labels.ts';
import { INFERENCE_BOUNDS } from './shared-counters.ts';
import type { Totals } from './totals.ts';
import type { ServiceView } from './view.ts';

interface ShadowComparison {
  readonly model: { readonly name: string; readonly version: string };
  readonly shadow: { readonly name: string; readonly version: string };
  readonly compared: number;
  /** Share of the flights that both call delayed, or both do not; null before there are any. */
  readonly agreement: number | null;
  /** Probability of the shadow less that of the answer, mean. */
  readonly meanDifference: number | null;
  readonly meanAbsoluteDifference: number | null;
  /** Since the start of the service. */
  readonly skipped: Readonly<Record<(typeof SHADOW_SKIPS)[number], number>>;
  /** Mean time for one flight since the start of the service, in microseconds. */
  readonly meanMicroseconds: number | null;
}

/** Undefined where there is no shadow. */
export const comparisonOf = (
  { model, shadowBefore }: ServiceView,
  { shadow: sums, shadowSkips, shadowInference }: Totals,
): ShadowComparison | undefined => {
  const shadow = model?.others.find(({ role }) => role === 'shadow');
  if (model === undefined || shadow === undefined) return undefined;
  const since = sums.map((sum, at) => sum - (shadowBefore?.[at] ?? 0));
  const [nSame = 0, nOther = 0, difference = 0, absolute = 0] = since;
  const compared = nSame + nOther;
  const nInferences = shadowInference
    .subarray(1, INFERENCE_BOUNDS.length + 2)
    .reduce((a, b) => a + b, 0);
  const mean = (sum: number, n: number): number | null => (n > 0 ? sum / n : null);
  return {
    model: { name: model.name, version: model.version },
    shadow: { name: shadow.name, version: shadow.version },
    compared,
    agreement: mean(nSame, compared),
    meanDifference: mean(difference, compared),
    meanAbsoluteDifference: mean(absolute, compared),
    skipped: Object.fromEntries(
      SHADOW_SKIPS.map((reason, at) => [reason, shadowSkips[at]!]),
    ) as ShadowComparison['skipped'],
    meanMicroseconds: mean(shadowInference[0]! * 1e6, nInferences),
  };
};
