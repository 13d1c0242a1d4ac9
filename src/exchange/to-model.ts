/**
 * A foreign model becomes a Model: its columns turn into inputs with names and into features over them.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import type { Head, Model } from '../core/model.ts';
import { checkModel } from '../core/model-check.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { assignColumns, type Assignment } from './column-mapping.ts';
import { answerOfClass } from './complement.ts';
import { composeFeature } from './composed-feature.ts';
import type { ForeignModel } from './foreign.ts';
import type { Spec } from './spec.ts';

const LATE_MINUTES = 15;
const THRESHOLD = 0.5;

/**
 * @param name used where the spec has none
 * @throws AppError value-invalid (the spec does not fit the model), model-broken (a weight is no number)
 */
export const adoptModel = (foreign: ForeignModel, spec: Spec, name: string): Model => {
  const assignments = assignColumns(foreign, spec);
  const inputs = inputsOf(assignments);
  const features = foreign.features
    ? foreign.features.map((feature) => composeFeature(feature, assignments))
    : assignments.map(({ feature }) => feature);
  const head: Head = {
    kind: 'probability',
    minutes: spec.minutes ?? LATE_MINUTES,
    ...answerOfClass(foreign, spec.positive),
    given: 'nothing',
  };
  const model: Model = {
    name: spec.name ?? name,
    inputs,
    features: withUniqueNames(features),
    heads: [head],
    threshold: spec.threshold ?? THRESHOLD,
    provenance: { madeBy: foreign.madeBy },
    shares: [],
    selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
  };
  checkModel(model);
  return { ...model, selfTest: selfTestOf(model) };
};

/** Each input once, in the order of the columns. */
const inputsOf = (assignments: readonly Assignment[]): readonly Input[] => {
  const inputs = new Map<string, Input>();
  for (const { input } of assignments) {
    const before = inputs.get(input.name);
    if (before && before !== input)
      throw new AppError('value-invalid', `two columns are both called '${input.name}'`);
    inputs.set(input.name, input);
  }
  return [...inputs.values()];
};

const withUniqueNames = (features: readonly Feature[]): readonly Feature[] => {
  const seen = new Map<string, number>();
  return features.map((feature) => {
    const times = seen.get(feature.name) ?? 0;
    seen.set(feature.name, times + 1);
    return times === 0 ? feature : { ...feature, name: `${feature.name} (${times + 1})` };
  });
};

const SELF_TEST_ROWS = 32;
const NOON_2026_MINUTES = 29_454_480;

/** Rows that walk through every input's values, answered by the definition. */
const selfTestOf = (model: Model): Model['selfTest'] => {
  const nInputs = model.inputs.length;
  const raw = new Float64Array(SELF_TEST_ROWS * nInputs);
  for (let row = 0; row < SELF_TEST_ROWS; row++) {
    model.inputs.forEach((input, i) => {
      const turn = row * (i + 1) + i;
      raw[row * nInputs + i] =
        input.kind === 'category'
          ? turn % Math.max(1, input.values?.length ?? 0)
          : input.kind === 'time'
            ? NOON_2026_MINUTES + turn * 1111
            : (turn % 7) * 10 ** ((row % 6) - 2) * (row % 5 === 0 ? -1 : 1);
    });
  }
  const answers = new Float64Array(SELF_TEST_ROWS * model.heads.length);
  buildReferencePredictor(model).predictInto(raw, SELF_TEST_ROWS, answers);
  return { nRows: SELF_TEST_ROWS, raw, answers };
};
