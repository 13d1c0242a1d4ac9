/** ONNX graphs that no probability can be made of, or that are damaged, are refused with a reason. */
import { expect, test } from 'bun:test';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { scoreOf } from '../../predict/reference.ts';
import { importModel, parseForeign } from '../import.ts';
import { node, TYPE, tensorType } from './write/node.ts';
import { bytesField, messageField, wholeField } from './write/protobuf.ts';

const graphOf = (...nodes: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([
    wholeField(1, 8),
    messageField(7, [
      ...nodes.map((bytes) => bytesField(1, bytes)),
      bytesField(11, tensorType('x', TYPE.double, 2)),
    ]),
  ]);

/** Column 0 <= 5: leaf 0; else column 1 <= 7: leaf 1, else leaf 2. */
const TREE = {
  tree_roots: [0],
  nodes_featureids: [0, 1],
  nodes_truenodeids: [0, 1],
  nodes_falsenodeids: [1, 2],
  nodes_trueleafs: [1, 1],
  nodes_falseleafs: [0, 1],
  leaf_targetids: [0, 0, 0],
};
const NUMBERS = { nodes_splits: [5, 7], nodes_modes: [0, 0], leaf_weights: [0.1, 0.2, 0.9] };

const treeEnsemble = (
  ints: Readonly<Record<string, readonly number[]>> = {},
  doubles: Readonly<Record<string, readonly number[]>> = {},
  whole: Readonly<Record<string, number>> = {},
): Uint8Array =>
  node({
    kind: 'TreeEnsemble',
    inputs: ['x'],
    outputs: ['y'],
    attributes: {
      int: { n_targets: 1, ...whole },
      ints: { ...TREE, ...ints },
      doubles: { ...NUMBERS, ...doubles },
    },
    domain: 'ai.onnx.ml',
  });

/** The same tree in the older form. */
const regressor = (weights: readonly number[]): Uint8Array =>
  node({
    kind: 'TreeEnsembleRegressor',
    inputs: ['x'],
    outputs: ['y'],
    attributes: {
      int: { n_targets: 1 },
      ints: {
        nodes_treeids: [0, 0, 0],
        nodes_nodeids: [0, 1, 2],
        nodes_featureids: [0, 0, 0],
        nodes_truenodeids: [1, 0, 0],
        nodes_falsenodeids: [2, 0, 0],
        target_treeids: [0, 0],
        target_nodeids: [1, 2],
        target_ids: [0, 0],
      },
      strings: { nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'] },
      doubles: { nodes_values_as_tensor: [5, 0, 0], target_weights_as_tensor: weights },
    },
    domain: 'ai.onnx.ml',
  });

/** A classifier of two classes whose weights are all of one class, as LightGBM's converter writes. */
const classifier = (
  transform: string,
  weights: readonly number[] = [0.5, 0.99],
  bases: readonly number[] = [],
  input = 'x',
): Uint8Array =>
  node({
    kind: 'TreeEnsembleClassifier',
    inputs: [input],
    outputs: ['label', 'y'],
    attributes: {
      ints: {
        classlabels_int64s: [0, 1],
        nodes_treeids: [0, 0, 0],
        nodes_nodeids: [0, 1, 2],
        nodes_featureids: [0, 0, 0],
        nodes_truenodeids: [1, 0, 0],
        nodes_falsenodeids: [2, 0, 0],
        class_treeids: [0, 0],
        class_nodeids: [1, 2],
        class_ids: [0, 0],
      },
      strings: { nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'] },
      text: { post_transform: transform },
      doubles: {
        nodes_values_as_tensor: [5, 0, 0],
        class_weights_as_tensor: weights,
        ...(bases.length > 0 && { base_values_as_tensor: bases }),
      },
    },
    domain: 'ai.onnx.ml',
  });

const step = (kind: string, from: string, to: string, type?: number): Uint8Array =>
  node({
    kind,
    inputs: [from],
    outputs: [to],
    attributes: type === undefined ? {} : { int: { to: type } },
  });

/** A tree over what a step makes of the graph's input. */
const overStep = (...steps: readonly Uint8Array[]): Uint8Array =>
  graphOf(
    ...steps,
    node({
      kind: 'TreeEnsemble',
      inputs: ['made'],
      outputs: ['y'],
      attributes: { int: { n_targets: 1 }, ints: TREE, doubles: NUMBERS },
      domain: 'ai.onnx.ml',
    }),
  );
const [INT64, STRING, FLOAT] = [7, 8, 1];

test.each([
  ['LOGISTIC', 'logistic'],
  ['NONE', 'identity'],
] as const)('the transform %s decides, not the look of the weights', (transform, link) => {
  expect(parseForeign(graphOf(classifier(transform))).link).toBe(link);
});

test('columns that are cast to float are compared as float32', () => {
  const cast = step('Cast', 'x', 'made', FLOAT);
  const { score } = parseForeign(graphOf(cast, classifier('LOGISTIC', [0, 1], [], 'made')));
  if (score.kind !== 'forest') throw new Error('a forest is expected');
  expect(score.forest.precision).toBe('float32');
});

test('a TreeEnsemble answers with the leaf that its splits lead to', () => {
  const { score, link } = parseForeign(graphOf(treeEnsemble()));
  expect(link).toBe('identity');
  const answers = [
    [5, 0],
    [5.1, 7],
    [6, 8],
    [Number.NaN, 8],
  ].map((row) => scoreOf(score, Float64Array.from(row), 0));
  expect(answers).toEqual([0.1, 0.2, 0.9, 0.9]);
});

test('numbers beyond 0 to 1 are a probability after a Sigmoid only', () => {
  const minutes = treeEnsemble({}, { leaf_weights: [-4, 20, 75] });
  expect(() => parseForeign(graphOf(minutes))).toThrow('from -4.000 to 75.00');
  expect(
    parseForeign(graphOf(minutes, node({ kind: 'Sigmoid', inputs: ['y'], outputs: ['p'] }))).link,
  ).toBe('logistic');
});

test.each([
  [
    'a regressor of minutes',
    graphOf(regressor([12, 80])),
    'numbers from 12.00 to 80.00, as a regressor of minutes does',
    'model-unsupported',
  ],
  [
    'a transform inside a TreeEnsemble',
    graphOf(treeEnsemble({}, {}, { post_transform: 2 })),
    'which runtimes read differently',
    'model-unsupported',
  ],
  [
    'three targets',
    graphOf(treeEnsemble({}, {}, { n_targets: 3 })),
    '3 targets',
    'model-unsupported',
  ],
  [
    'the largest of several trees',
    graphOf(treeEnsemble({ tree_roots: [0, 1] }, {}, { aggregate_function: 3 })),
    'joins its trees by MAX',
    'model-unsupported',
  ],
  [
    'two models',
    graphOf(treeEnsemble(), treeEnsemble()),
    'has 2 models in its graph',
    'model-unsupported',
  ],
  [
    'a step that nobody knows',
    graphOf(treeEnsemble(), node({ kind: 'Sin', inputs: ['y'], outputs: ['z'] })),
    'has a step Sin',
    'model-unsupported',
  ],
  [
    'a circle',
    graphOf(treeEnsemble({ nodes_falsenodeids: [0, 2] })),
    'node 0 is reached twice',
    'model-broken',
  ],
  [
    'two roots in one place',
    graphOf(treeEnsemble({ tree_roots: [0, 0] })),
    'node 0 is reached twice',
    'model-broken',
  ],
  [
    'a node that is not there',
    graphOf(treeEnsemble({ nodes_falsenodeids: [77, 2] })),
    'node 77 does not exist',
    'model-broken',
  ],
  [
    'a leaf that is not there',
    graphOf(treeEnsemble({ nodes_truenodeids: [-1, 1] })),
    'leaf -1 does not exist',
    'model-broken',
  ],
  [
    'a column that is not there',
    graphOf(treeEnsemble({ nodes_featureids: [-3, 1] })),
    'column -3',
    'model-broken',
  ],
  [
    'a threshold that is not a number',
    graphOf(treeEnsemble({}, { nodes_splits: [Number.NaN, 1] })),
    'not a number',
    'model-broken',
  ],
  [
    'an unknown comparison',
    graphOf(treeEnsemble({}, { nodes_modes: [9, 0] })),
    'the mode number 9',
    'model-unsupported',
  ],
  [
    'a set of members that is not there',
    graphOf(treeEnsemble({}, { nodes_modes: [6, 0], membership_values: [1, 2] })),
    'a set of members does not exist',
    'model-broken',
  ],
  [
    'a set of members that are no codes',
    graphOf(treeEnsemble({}, { nodes_modes: [6, 0], membership_values: [1.5, Number.NaN] })),
    'equality with 1.5',
    'model-unsupported',
  ],
  [
    'lists of different lengths',
    graphOf(treeEnsemble({}, { leaf_weights: [0.5] })),
    'differ in length',
    'model-broken',
  ],
  ...['PROBIT', 'SOFTMAX', 'SOFTMAX_ZERO'].map((transform) => [
    `one score that ends in ${transform}`,
    graphOf(classifier(transform)),
    `ends in ${transform}`,
    'model-unsupported',
  ]),
  [
    'one score with two base values',
    graphOf(classifier('LOGISTIC', [0.5, 0.99], [0.25, 0.5])),
    'two base values for one score',
    'model-unsupported',
  ],
  [
    'one score that is neither a probability nor transformed',
    graphOf(classifier('NONE', [-1, 3])),
    'from -1.000 to 3.000',
    'model-unsupported',
  ],
  [
    'a column that is cast to whole numbers',
    overStep(step('Cast', 'x', 'made', INT64)),
    'casts its columns to the type 7',
    'model-unsupported',
  ],
  [
    'a column that is cast to text and back',
    overStep(step('Cast', 'x', 'text', STRING), step('Cast', 'text', 'made', FLOAT)),
    'casts its columns to the type 8',
    'model-unsupported',
  ],
  [
    'rows that are normalized before the model',
    overStep(step('Normalizer', 'x', 'made')),
    'has a step Normalizer before its model',
    'model-unsupported',
  ],
  [
    'columns that are chosen before the model',
    overStep(step('ArrayFeatureExtractor', 'x', 'made')),
    'has a step ArrayFeatureExtractor before its model',
    'model-unsupported',
  ],
  [
    'probabilities that are cast to whole numbers',
    graphOf(classifier('LOGISTIC'), step('Cast', 'y', 'z', INT64)),
    'casts its probabilities to the type 7',
    'model-unsupported',
  ],
  [
    'probabilities that are normalized by their largest',
    graphOf(classifier('LOGISTIC'), step('Normalizer', 'y', 'z')),
    'normalizes its probabilities by MAX',
    'model-unsupported',
  ],
  ['no trees', graphOf(treeEnsemble({ tree_roots: [] })), 'it has no trees', 'model-broken'],
] as [string, Uint8Array, string, ErrorCode][])('%s is refused', (_, bytes, text, code) => {
  try {
    importModel(bytes, {}, 'x');
    throw new Error('it was read');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.message).toContain(text);
    expect(error.code).toBe(code);
  }
});
