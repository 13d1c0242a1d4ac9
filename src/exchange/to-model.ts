/**
 * A foreign model becomes a Model: its columns turn into inputs with names and into features over them.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import { type Input, SINGLE_LIMIT } from '../core/inputs.ts';
import type { Head, HeadScore, Model } from '../core/model.ts';
import { checkModel } from '../core/model-check.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import type { NamedColumn } from './check-rows.ts';
import { type ColumnMapping, mapColumns, namesOf } from './column-mapping.ts';
import { exampleNumbers } from './example-numbers.ts';
import type { ForeignColumn, ForeignModel } from './foreign-model.ts';
import type { InputsFile } from './inputs-file.ts';
import { numberBounds } from './number-bounds.ts';
import { lateClassOf, probabilityOfClass } from './positive-class.ts';
import { overTimePart } from './time-parts.ts';

/** A model, and what each column of the library's matrix became. */
interface MappedModel {
  readonly model: Model;
  readonly columns: readonly NamedColumn[];
}

const LATE_MINUTES = 15;
const THRESHOLD = 0.5;

/**
 * @param name used where the spec has none
 * @throws AppError value-invalid (the spec does not fit the model), model-broken (a weight is no number)
 */
export const toModel = (foreign: ForeignModel, spec: InputsFile, name: string): MappedModel => {
  const classes = lateClassOf(foreign, spec.positive);
  const mappings = mapColumns(foreign, spec);
  const features = foreign.features
    ? foreign.features.map((feature) => composeFeature(feature, mappings, foreign.columns))
    : mappings.map((mapping) => mapping!.feature);
  const scored = probabilityOfClass(foreign, classes.late);
  const head: Head = {
    kind: 'probability',
    minutes: spec.minutes ?? LATE_MINUTES,
    ...scored,
    given: 'nothing',
  };
  const examples = exampleNumbers(features, scored.score);
  const asked = inputsOf(mappings);
  const bounds = foreign.acceptsAnyNumber
    ? undefined
    : numberBounds(asked, features, limitOf(scored.score));
  const model: Model = {
    name: spec.name ?? name,
    inputs: asked.map((input) => {
      if (input.kind !== 'number') return input;
      const own = { ...input, ...bounds?.get(input.name) };
      const example = examples.get(input.name);
      return example === undefined ? own : { ...own, example: clamped(example, own) };
    }),
    features: withUniqueNames(features),
    heads: [head],
    threshold: spec.threshold ?? thresholdOf(foreign, classes.late),
    provenance: {
      madeBy: foreign.madeBy,
      classes,
      ...(foreign.notes && foreign.notes.length > 0 && { notes: foreign.notes }),
    },
    shares: [],
    selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
  };
  checkModel(model);
  const names = namesOf(foreign.columns, spec);
  return {
    model: { ...model, selfTest: selfTestOf(model) },
    columns: mappings.map((mapping, c) => ({ name: names[c] ?? `x${c}`, mapping })),
  };
};

/** The largest number that a score takes: its library rounds what trees compare to single precision. */
const limitOf = (score: HeadScore): number => {
  const scores = score.kind === 'mean' || score.kind === 'stack' ? score.members : [{ score }];
  return scores.some((one) => one.score.kind === 'forest') ? SINGLE_LIMIT : Number.MAX_VALUE;
};

/** The nearest number that an input takes. */
const clamped = (x: number, { least = x, most = x }: Input): number =>
  Math.min(Math.max(x, least), most);

/** The library's own threshold is for its last class. */
const thresholdOf = ({ threshold, classes }: ForeignModel, late: string): number =>
  threshold === undefined ? THRESHOLD : late === classes[1] ? threshold : 1 - threshold;

/** Each input once, in the order of the columns. */
const inputsOf = (mappings: readonly (ColumnMapping | undefined)[]): readonly Input[] => {
  const inputs = new Map<string, Input>();
  for (const mapping of mappings) {
    if (!mapping) continue;
    const { input } = mapping;
    const before = inputs.get(input.name);
    if (before && before !== input)
      throw new AppError('value-invalid', `two columns are both called '${input.name}'`);
    inputs.set(input.name, input);
  }
  return [...inputs.values()];
};

/**
 * A foreign model's feature over a column, where the column itself is made of an input.
 * @throws AppError value-invalid where the two do not fit together
 */
const composeFeature = (
  feature: Feature,
  mappings: readonly (ColumnMapping | undefined)[],
  columns: readonly ForeignColumn[],
): Feature => {
  if (feature.step === 'elapsedMinutes') throw new TypeError('no reader makes an elapsedMinutes');
  /** A feature that others compute with: codes of categories are no numbers. */
  const inner = (factor: Feature): Feature => {
    const of = composeFeature(factor, mappings, columns);
    if (of.step !== 'code') return of;
    throw new AppError(
      'value-invalid',
      `the inputs file cannot be used: the model computes with ${of.input}, which is a category there`,
    );
  };
  if (feature.step === 'chain') {
    const of = inner(feature.of);
    return { ...feature, of, name: `${of.name}${feature.name}` };
  }
  if (feature.step === 'product') {
    const of = feature.of.map(inner);
    return { ...feature, of, name: of.map(({ name }) => name).join(' * ') };
  }
  const [part] = feature.step === 'lookup' ? feature.parts : [];
  const column = feature.step === 'lookup' ? part!.input : feature.input;
  const { input, feature: own } = mappings[Number(column)]!;
  const overTime = input.kind === 'time' && overTimePart(own, feature, columns[Number(column)]!);
  if (overTime) return overTime;
  const name = `${own.name}${feature.name}`;
  if (feature.step === 'number' && own.step === 'number')
    return { ...feature, input: input.name, name };
  if (feature.step === 'number' && feature.missingNumber === undefined) return own;
  if ((feature.step === 'scale' || feature.step === 'line') && own.step === 'number')
    return { ...feature, input: input.name, name };
  if ((feature.step === 'scale' || feature.step === 'line') && own.step === 'equals') {
    const moved = (x: number): number =>
      feature.step === 'line'
        ? x * feature.factor + feature.offset
        : (x - feature.shift) / feature.scale;
    const code = input.values?.indexOf(own.value) ?? -1;
    return {
      name,
      step: 'lookup',
      parts: [{ of: 'code', input: input.name, radix: input.values?.length ?? 0 }],
      keys: Float64Array.of(code),
      numbers: Float64Array.of(moved(1)),
      otherwise: moved(0),
    };
  }
  if (own.step === 'code') {
    if (feature.step === 'lookup')
      return { ...feature, parts: [{ ...part!, input: input.name }], name };
    if (feature.step === 'equals' || feature.step === 'code')
      return { ...feature, input: input.name, name };
  }
  throw new AppError(
    'value-invalid',
    `the inputs file cannot be used: the model turns a column into a number (${feature.step}) that ${input.name} cannot give (${own.step})`,
  );
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
            : clamped((turn % 7) * 10 ** ((row % 6) - 2) * (row % 5 === 0 ? -1 : 1), input);
    });
  }
  const answers = new Float64Array(SELF_TEST_ROWS * model.heads.length);
  buildReferencePredictor(model).predictInto(raw, SELF_TEST_ROWS, answers);
  return { nRows: SELF_TEST_ROWS, raw, answers };
};
