/**
 * Numbers for an example flight of a foreign model: of each input the middle of what its trees compare it with, so that
 * the example lies where the model knows flights.
 */
import { type Feature, inputsOf } from '../core/features.ts';
import type { Score } from '../core/model.ts';
import { buildOperations } from '../core/steps/operation.ts';

/** Example by input; 1 where a line alone asks for it. A scaler's centre is what it was fitted on. */
export const exampleNumbers = (
  features: readonly Feature[],
  score: Score,
): ReadonlyMap<string, number> => {
  const compared = new Map<string, number[]>();
  const scores = 'members' in score ? score.members.map((member) => member.score) : [score];
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
  for (const whole of features) for (const asked of factorsOf(whole)) setCentre(examples, asked);
  return examples;
};

/** The features that a product is made of, and others as they are. */
const factorsOf = (feature: Feature): readonly Feature[] =>
  feature.step === 'product'
    ? feature.of.flatMap(factorsOf)
    : feature.step === 'chain' && feature.of.step === 'product'
      ? factorsOf(feature.of)
      : [feature];

/** What a feature alone says of its input, where nothing better is known. */
const setCentre = (examples: Map<string, number>, asked: Feature): void => {
  const [input] = inputsOf(asked);
  const centre = inputValueOf(asked, centreOf(asked));
  if (asked.step === 'number') examples.set(input!, examples.get(input!) ?? 1);
  else if (centre !== undefined && Number.isFinite(centre) && !examples.has(input!))
    examples.set(input!, short(centre));
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
    case 'chain': {
      const inner = solve(buildOperations(feature.operations), value);
      return inner === undefined ? undefined : inputValueOf(feature.of, inner);
    }
    default:
      return undefined;
  }
};

/** Where a feature is in the middle of what it was fitted on: scaled to 0, ranged to 0.5, in the middle bin. */
const centreOf = (feature: Feature): number => {
  if (feature.step !== 'chain') return feature.step === 'line' ? 0.5 : 0;
  const bin = feature.operations.find((operation) => operation.do === 'bin');
  if (bin?.do === 'bin') return bin.edges.length / 2;
  return feature.operations.at(-1)?.do === 'line' ? 0.5 : 0;
};

const FAR = 1e9;

/** The number at which steps that rise or fall reach a value; undefined where they do not. */
const solve = (number: (x: number) => number, value: number): number | undefined => {
  let [low, high] = [-FAR, FAR];
  const falls = number(high) < number(low);
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    const y = number(middle);
    // The logarithm of a negative number is none: further up.
    if (Number.isNaN(y) || y < value !== falls) low = middle;
    else high = middle;
  }
  return Math.abs(high) < FAR && Number.isFinite(number(high)) ? high : undefined;
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
