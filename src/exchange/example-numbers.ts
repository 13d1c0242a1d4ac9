/**
 * Numbers for an example flight of a foreign model: of each input the middle of what its trees compare it with, so that
 * the example lies where the model knows flights.
 */
import { type Feature, inputsOf } from '../core/features.ts';
import type { Score } from '../core/model.ts';

/** Example by input; 1 where a line alone asks for it. A scaler's centre is what it was fitted on. */
export const exampleNumbers = (
  features: readonly Feature[],
  score: Score,
): ReadonlyMap<string, number> => {
  const compared = new Map<string, number[]>();
  const scores = score.kind === 'mean' ? score.members.map((member) => member.score) : [score];
  for (const one of scores) {
    if (one.kind !== 'forest') continue;
    const { feature, threshold, categoryStart } = one.forest;
    for (let node = 0; node < feature.length; node++) {
      const asked = features[feature[node]!];
      if (!asked || categoryStart[node]! >= 0) continue;
      const value = inputValueOf(asked, threshold[node]!);
      if (value === undefined || !Number.isFinite(value)) continue;
      const [input] = inputsOf(asked);
      const list = compared.get(input!);
      if (list) list.push(value);
      else compared.set(input!, [value]);
    }
  }
  const examples = new Map([...compared].map(([input, values]) => [input, middle(values)]));
  for (const asked of features) {
    const [input] = inputsOf(asked);
    const centre = inputValueOf(asked, asked.step === 'line' ? 0.5 : 0);
    if (asked.step === 'number') examples.set(input!, examples.get(input!) ?? 1);
    else if (centre !== undefined && Number.isFinite(centre) && !examples.has(input!))
      examples.set(input!, short(centre));
  }
  return examples;
};

/** The number of the input at which a feature takes a value. */
const inputValueOf = (feature: Feature, value: number): number | undefined => {
  switch (feature.step) {
    case 'number':
      return value;
    case 'scale':
      return value * feature.scale + feature.shift;
    case 'line':
      return (value - feature.offset) / feature.factor;
    default:
      return undefined;
  }
};

/** Rounded where it stays among the values. */
const middle = (values: number[]): number => {
  values.sort((a, b) => a - b);
  const exact = values[Math.floor((values.length - 1) / 2)]!;
  const rounded = short(exact);
  return rounded >= values[0]! && rounded <= values.at(-1)! ? rounded : exact;
};

/** A person reads it: a whole number where it is large, two digits where it is small. */
const short = (value: number): number =>
  Math.abs(value) >= 10 ? Math.round(value) : Number(value.toPrecision(2)) + 0;
