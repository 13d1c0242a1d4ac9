/**
 * ONNX LinearClassifier, with a Scaler before it if there is one -> a linear score.
 * @source onnx docs Operators-ml.md
 */
import type { ForeignColumn, ForeignModel } from '../foreign-model.ts';
import { broken, unsupported } from './errors.ts';
import { type Attributes, floatsIn, type GraphInput, textIn } from './node.ts';

interface Scaled extends GraphInput {
  readonly scaler: Attributes | undefined;
}

export const readLinear = (
  attributes: Attributes,
  input: Scaled,
  classes: readonly string[],
): Omit<ForeignModel, 'madeBy'> => {
  const coefficients = floatsIn(attributes, 'coefficients');
  const intercepts = floatsIn(attributes, 'intercepts');
  const nLines = Math.max(1, intercepts.length);
  const n = coefficients.length / nLines;
  if (!Number.isInteger(n) || n < 1 || nLines > 2 || (input.nColumns > 0 && input.nColumns !== n))
    throw broken(`it has ${coefficients.length} coefficients for ${nLines} lines`);
  const transform = textIn(attributes, 'post_transform') || 'NONE';
  const line = (l: number): number[] => [
    ...coefficients.slice(l * n, (l + 1) * n),
    intercepts[l] ?? 0,
  ];
  const [first, second] = [line(0), line(nLines - 1)];
  const isMirror = nLines === 1 || first.every((weight, i) => weight === -second[i]!);
  if (transform !== 'SOFTMAX' && !(transform === 'LOGISTIC' && isMirror))
    throw unsupported(`is linear with ${transform} over two different lines`);
  const scaled = transform === 'SOFTMAX' ? second.map((weight, i) => weight - first[i]!) : second;
  const { weights, intercept } = unscale(scaled.slice(0, n), scaled[n]!, input.scaler);
  return {
    columns: Array.from({ length: n }, (): ForeignColumn => ({})),
    score: { kind: 'linear', weights, intercept },
    link: 'logistic',
    classes,
    acceptsMissing: false,
  };
};

/** A Scaler before a line is a part of that line: weight * ((x - offset) * scale). */
const unscale = (
  scaled: readonly number[],
  start: number,
  scaler: Attributes | undefined,
): { weights: Float64Array; intercept: number } => {
  const partOf = (name: string, otherwise: number): readonly number[] => {
    const list = scaler ? floatsIn(scaler, name) : [];
    if (list.length > 1 && list.length !== scaled.length) throw broken(`its ${name} does not fit`);
    return list.length > 1 ? list : scaled.map(() => list[0] ?? otherwise);
  };
  const [offsets, scales] = [partOf('offset', 0), partOf('scale', 1)];
  const weights = Float64Array.from(scaled, (weight, i) => weight * scales[i]!);
  const intercept = weights.reduce((sum, weight, i) => sum - weight * offsets[i]!, start);
  return { weights, intercept };
};
