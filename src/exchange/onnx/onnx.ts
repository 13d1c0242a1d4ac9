/**
 * ONNX graphs of one tree ensemble or linear classifier -> ForeignModel.
 * @source onnx/onnx.proto; onnx docs Operators-ml.md; onnxruntime tree_ensemble_aggregator.h
 */

import {
  type DesignMatrix,
  featuresOf,
  foldOneHotScale,
  isUnscaled,
  markColumns,
} from '../design-matrix.ts';
import type { ForeignModel } from '../foreign-model.ts';
import { broken, unsupported } from './errors.ts';
import { readLinear } from './linear-classifier.ts';
import {
  type Attributes,
  attributesOf,
  castTo,
  DOUBLE,
  FLOAT,
  floatsIn,
  type GraphInput,
  type GraphNode,
  isReal,
  textIn,
  textsIn,
  wholesIn,
} from './node.ts';
import { type InputTensor, readPreprocessing } from './preprocessing.ts';
import { type Message, messagesAt, parseMessage, textAt, textsAt, wholeAt } from './protobuf.ts';
import { readTreeEnsemble } from './tree-ensemble.ts';
import { readClassifier, readRegressor } from './tree-ensemble-classifier.ts';
import type { ForestScore, OutputActivation } from './tree-ensemble-output.ts';
import { columnsOfTrees } from './tree-node.ts';

/** Steps before the model that leave its matrix as it is. */
const UNCHANGING = ['Identity', 'Cast', 'Reshape', 'Flatten'];

/** Steps after the model that do not change a probability. */
const HARMLESS = [...UNCHANGING, 'ZipMap', 'Normalizer', 'ArrayFeatureExtractor'];

/** @throws AppError model-broken, model-unsupported */
export const parseOnnx = (bytes: Uint8Array): ForeignModel => {
  const document = parseMessage(bytes);
  const graph = messagesAt(document, 7)[0];
  if (!graph) throw broken('it has no graph');
  const nodes = messagesAt(graph, 1).map(
    (node): GraphNode => ({
      kind: textAt(node, 4),
      attributes: attributesOf(node),
      inputs: textsAt(node, 1),
      outputs: textsAt(node, 2),
    }),
  );
  const models = nodes.filter(({ kind }) => READERS.has(kind));
  const [node] = models;
  if (!node || models.length > 1)
    throw unsupported(
      `has ${models.length} models in its graph (${[...new Set(nodes.map(({ kind }) => kind))].slice(0, 12).join(', ')}); one tree ensemble or LinearClassifier is expected`,
    );
  const inputs = inputsOf(graph);
  const before = stepsBefore(node, nodes);
  const isOneMatrix =
    inputs.length === 1 &&
    before.every(
      ({ kind }) =>
        UNCHANGING.includes(kind) || (kind === 'Scaler' && node.kind === 'LinearClassifier'),
    );
  if (isOneMatrix) checkCasts(before, inputs[0]!.type);
  checkAfter(node, nodes);
  const matrix = isOneMatrix ? undefined : readPreprocessing(node, before, inputs);
  const others = nodes.filter(
    (other) =>
      other !== node &&
      !(matrix && before.includes(other)) &&
      !HARMLESS.includes(other.kind) &&
      !isTimesOne(other, graph),
  );
  const scaler = others.find(({ kind }) => kind === 'Scaler' && node.kind === 'LinearClassifier');
  const activation = others.find(
    ({ kind }) => (kind === 'Sigmoid' || kind === 'Softmax') && hasTargets(node),
  );
  const unknown = others.find((other) => other !== scaler && other !== activation);
  if (unknown) throw unsupported(`has a step ${unknown.kind}, which is not supported`);
  const context = {
    nColumns: matrix?.derivedColumns.length ?? inputs[0]?.nColumns ?? 0,
    isDouble:
      inputs.some((input) => input.type === DOUBLE) &&
      !before.some(({ kind, attributes }) => kind === 'Cast' && castTo(attributes) === FLOAT),
    scaler: scaler?.attributes,
    after: activation && (activation.kind as OutputActivation),
  };
  // CatBoost puts its whole build into its version.
  const producer = [textAt(document, 2), textAt(document, 3)]
    .map((part) =>
      part
        .split('\n')[0]!
        .replace(/[^ -~]/g, '?')
        .slice(0, 40),
    )
    .filter((part) => part !== '')
    .join(' ');
  const model = {
    ...READERS.get(node.kind)!(node.attributes, context),
    acceptsAnyNumber: true,
    madeBy: `ONNX by ${producer || 'unknown'}`,
  };
  return matrix ? overMatrix(model, matrix) : model;
};

const inputsOf = (graph: Message): readonly InputTensor[] => {
  const constants = new Set(messagesAt(graph, 5).map((tensor) => textAt(tensor, 8)));
  const inputs = messagesAt(graph, 11).filter((input) => !constants.has(textAt(input, 1)));
  return inputs.map((input) => {
    const tensor = messagesAt(messagesAt(input, 2)[0] ?? new Map(), 1)[0] ?? new Map();
    const dims = messagesAt(messagesAt(tensor, 2)[0] ?? new Map(), 1).map((dim) => wholeAt(dim, 1));
    const name = textAt(input, 1);
    // One of several inputs is a column where it does not say more.
    const nColumns = Math.max(inputs.length > 1 ? 1 : 0, dims[1] ?? 0);
    return { name, nColumns, type: wholeAt(tensor, 1) };
  });
};

/** The steps that the model's input comes from, in the order of the graph. */
const stepsBefore = (model: GraphNode, nodes: readonly GraphNode[]): readonly GraphNode[] => {
  const wanted = new Set(model.inputs.slice(0, 1));
  const found = new Set<GraphNode>();
  // A graph lists its steps in order, so that one look from its end finds all of them.
  for (const node of [...nodes].reverse()) {
    if (node === model || !node.outputs.some((name) => wanted.has(name))) continue;
    found.add(node);
    for (const name of node.inputs) wanted.add(name);
  }
  return nodes.filter((node) => found.has(node));
};

/** Casts before the model, of the one matrix: what they round away would be missed. */
const checkCasts = (before: readonly GraphNode[], type: number): void => {
  for (const { kind, attributes } of before) {
    const to = castTo(attributes);
    if (kind === 'Cast' && to !== FLOAT && to !== DOUBLE && isReal(type))
      throw unsupported(`casts its columns to the type ${to}, which rounds them`);
  }
};

/** What comes after the model, of its probabilities: nothing may change them. */
const checkAfter = (model: GraphNode, nodes: readonly GraphNode[]): void => {
  const wanted = new Set(model.outputs.slice(hasTargets(model) ? 0 : 1));
  for (const { kind, attributes, inputs, outputs } of nodes) {
    if (!inputs.some((name) => wanted.has(name))) continue;
    for (const name of outputs) wanted.add(name);
    const to = castTo(attributes);
    if (kind === 'Cast' && to !== FLOAT && to !== DOUBLE)
      throw unsupported(`casts its probabilities to the type ${to}, which rounds them`);
    if (kind === 'Normalizer' && textIn(attributes, 'norm') !== 'L1')
      throw unsupported(
        `normalizes its probabilities by ${textIn(attributes, 'norm') || 'MAX'}; L1 is expected`,
      );
  }
};

type Unnamed = Omit<ForeignModel, 'madeBy'>;

/** The model over the graph's own inputs. */
const overMatrix = (model: ForeignModel, matrix: DesignMatrix): ForeignModel => {
  const { score } = model;
  if (score.kind === 'mean' || score.kind === 'stack')
    throw new TypeError('no ONNX model is a mean');
  if (model.columns.length !== matrix.derivedColumns.length)
    throw broken(
      `its steps make ${matrix.derivedColumns.length} columns, its model asks ${model.columns.length}`,
    );
  if (model.columns.some(({ values }) => values))
    throw unsupported('splits by categories over encoded columns');
  const isScaled = matrix.derivedColumns.some(
    (derived) => derived.of === 'number' && !isUnscaled(derived),
  );
  // The product is rounded to float32 there, which decides at a threshold.
  if (score.kind === 'forest' && isScaled) throw unsupported('scales the columns of its trees');
  const own = foldOneHotScale(score, matrix.derivedColumns);
  const features = featuresOf({ ...matrix, derivedColumns: own.derivedColumns });
  return {
    ...model,
    columns: markColumns(matrix.columns, own.derivedColumns),
    ...(features && { features }),
    score: own.score,
    acceptsMissing:
      model.acceptsMissing && matrix.derivedColumns.every(({ of }) => of === 'number'),
  };
};

/** Targets are plain numbers, which such a step turns into probabilities. */
const hasTargets = ({ kind }: GraphNode): boolean =>
  kind === 'TreeEnsembleRegressor' || kind === 'TreeEnsemble';

/** LightGBM's converter multiplies by a constant 1. */
const isTimesOne = (node: GraphNode, graph: Message): boolean => {
  if (node.kind !== 'Mul') return false;
  return messagesAt(graph, 5).some(
    (tensor) =>
      node.inputs.includes(textAt(tensor, 8)) &&
      wholesIn(new Map([['dims', tensor]]), 'dims', 1).every((dim) => dim === 1) &&
      floatsIn(new Map([['data', tensor]]), 'data', 4).every((value) => value === 1) &&
      floatsIn(new Map([['data', tensor]]), 'data', 4).length === 1,
  );
};

/** The matrix, and the steps around the model that matter to it. */
interface ModelContext extends GraphInput {
  readonly scaler: Attributes | undefined;
  readonly after: OutputActivation | undefined;
}

type Reader = (attributes: Attributes, context: ModelContext) => Unnamed;

const ofTrees = ({ score, link, trees }: ForestScore, classes: readonly string[]): Unnamed => ({
  columns: columnsOfTrees(trees, score.forest),
  score,
  link,
  classes,
  acceptsMissing: true,
});

const classesOf = (attributes: Attributes, whole: string): readonly string[] => {
  const numbers = wholesIn(attributes, whole).map(String);
  const classes = numbers.length > 0 ? numbers : textsIn(attributes, 'classlabels_strings');
  if (classes.length !== 2) throw unsupported(`has ${classes.length} classes; two are expected`);
  return classes;
};

const READERS: ReadonlyMap<string, Reader> = new Map([
  [
    'TreeEnsembleClassifier',
    (attributes, context) =>
      ofTrees(readClassifier(attributes, context), classesOf(attributes, 'classlabels_int64s')),
  ],
  [
    'TreeEnsembleRegressor',
    (attributes, context) => ofTrees(readRegressor(attributes, context, context.after), ['0', '1']),
  ],
  [
    'TreeEnsemble',
    (attributes, context) =>
      ofTrees(readTreeEnsemble(attributes, context, context.after), ['0', '1']),
  ],
  [
    'LinearClassifier',
    (attributes, context) =>
      readLinear(attributes, context, classesOf(attributes, 'classlabels_ints')),
  ],
]);
