/**
 * ONNX graphs of one tree ensemble or linear classifier -> ForeignModel. One of the readers of foreign formats.
 * @source onnx/onnx.proto; onnx docs Operators-ml.md; onnxruntime tree_ensemble_aggregator.h
 */
import { AppError } from '../core/errors.ts';
import type { ForeignColumn, ForeignModel } from './foreign.ts';
import { readClassifier, readRegressor } from './onnx-ensemble.ts';
import {
  type Attributes,
  attributesOf,
  floatsIn,
  type GraphInput,
  textIn,
  textsIn,
  wholesIn,
} from './onnx-node.ts';
import { columnsOfTrees } from './onnx-split.ts';
import type { Ensemble, Squash } from './onnx-targets.ts';
import { readTreeEnsemble } from './onnx-tree-ensemble.ts';
import { messagesAt, type Message, parseMessage, textAt, textsAt, wholeAt } from './protobuf.ts';

/** Steps around the model that do not change a probability. */
const HARMLESS = [
  'Identity',
  'Cast',
  'ZipMap',
  'Normalizer',
  'Reshape',
  'Flatten',
  'ArrayFeatureExtractor',
];

interface Node {
  readonly kind: string;
  readonly attributes: Attributes;
  readonly inputs: readonly string[];
}

/** @throws AppError model-broken, model-unsupported */
export const parseOnnx = (bytes: Uint8Array): ForeignModel => {
  const model = parseMessage(bytes);
  const graph = messagesAt(model, 7)[0];
  if (!graph) throw broken('it has no graph');
  const nodes = messagesAt(graph, 1).map(
    (node): Node => ({
      kind: textAt(node, 4),
      attributes: attributesOf(node),
      inputs: textsAt(node, 1),
    }),
  );
  const models = nodes.filter(({ kind }) => READERS.has(kind));
  const [node] = models;
  if (!node || models.length > 1)
    throw unsupported(
      `has ${models.length} models in its graph (${[...new Set(nodes.map(({ kind }) => kind))].slice(0, 12).join(', ')}); one tree ensemble or LinearClassifier is expected`,
    );
  const others = nodes.filter(
    (other) => other !== node && !HARMLESS.includes(other.kind) && !isTimesOne(other, graph),
  );
  const scaler = others.find(({ kind }) => kind === 'Scaler' && node.kind === 'LinearClassifier');
  const squash = others.find(
    ({ kind }) => (kind === 'Sigmoid' || kind === 'Softmax') && hasTargets(node),
  );
  const odd = others.find((other) => other !== scaler && other !== squash);
  if (odd) throw unsupported(`has a step ${odd.kind}, which is not supported`);
  const around = {
    ...inputOf(graph),
    scaler: scaler?.attributes,
    after: squash && (squash.kind as Squash),
  };
  // CatBoost puts its whole build into its version.
  const producer = [textAt(model, 2), textAt(model, 3)]
    .map((part) =>
      part
        .split('\n')[0]!
        .replace(/[^ -~]/g, '?')
        .slice(0, 40),
    )
    .filter((part) => part !== '')
    .join(' ');
  return {
    ...READERS.get(node.kind)!(node.attributes, around),
    madeBy: `ONNX by ${producer || 'unknown'}`,
  };
};

const inputOf = (graph: Message): GraphInput => {
  const constants = new Set(messagesAt(graph, 5).map((tensor) => textAt(tensor, 8)));
  const inputs = messagesAt(graph, 11).filter((input) => !constants.has(textAt(input, 1)));
  if (inputs.length !== 1) throw unsupported(`has ${inputs.length} inputs; one matrix is expected`);
  const tensor = messagesAt(messagesAt(inputs[0]!, 2)[0] ?? new Map(), 1)[0] ?? new Map();
  const dims = messagesAt(messagesAt(tensor, 2)[0] ?? new Map(), 1).map((dim) => wholeAt(dim, 1));
  return { nColumns: Math.max(0, dims[1] ?? 0), isDouble: wholeAt(tensor, 1) === 11 };
};

/** Targets are plain numbers, which such a step turns into probabilities. */
const hasTargets = ({ kind }: Node): boolean =>
  kind === 'TreeEnsembleRegressor' || kind === 'TreeEnsemble';

/** LightGBM's converter multiplies by a constant 1. */
const isTimesOne = (node: Node, graph: Message): boolean => {
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
interface Around extends GraphInput {
  readonly scaler: Attributes | undefined;
  readonly after: Squash | undefined;
}

type Reader = (attributes: Attributes, around: Around) => Omit<ForeignModel, 'madeBy'>;

const ofTrees = (
  { score, link, trees }: Ensemble,
  classes: readonly string[],
): Omit<ForeignModel, 'madeBy'> => ({
  columns: columnsOfTrees(trees, score.forest.nFeatures),
  score,
  link,
  classes,
  acceptsMissing: true,
});

const readLinear: Reader = (attributes, input) => {
  const classes = classesOf(attributes, 'classlabels_ints');
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

const classesOf = (attributes: Attributes, whole: string): readonly string[] => {
  const numbers = wholesIn(attributes, whole).map(String);
  const classes = numbers.length > 0 ? numbers : textsIn(attributes, 'classlabels_strings');
  if (classes.length !== 2) throw unsupported(`has ${classes.length} classes; two are expected`);
  return classes;
};

const READERS: ReadonlyMap<string, Reader> = new Map([
  [
    'TreeEnsembleClassifier',
    (attributes, around) =>
      ofTrees(readClassifier(attributes, around), classesOf(attributes, 'classlabels_int64s')),
  ],
  [
    'TreeEnsembleRegressor',
    (attributes, around) => ofTrees(readRegressor(attributes, around, around.after), ['0', '1']),
  ],
  [
    'TreeEnsemble',
    (attributes, around) => ofTrees(readTreeEnsemble(attributes, around, around.after), ['0', '1']),
  ],
  ['LinearClassifier', readLinear],
]);

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the ONNX model can not be read: ${detail}`);

const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the ONNX model ${detail}`);
