/**
 * The first head of a model -> an ONNX graph: features (float64, N x features) to label and probabilities.
 * One of the writers of foreign formats. Trees become a TreeEnsembleClassifier with float64 thresholds;
 * link and calibration follow as plain steps, so the probabilities are the calibrated ones.
 * @source onnx/onnx.proto; onnx docs Operators-ml.md (ai.onnx.ml 3), Operators.md (opset 17)
 */
import type { Calibration, Head, Model } from '../core/model.ts';
import { ensembleNode } from './onnx-write-ensemble.ts';
import { constant, type GraphParts, node, scalar, tensorType, TYPE } from './onnx-write-node.ts';
import { bytesField, messageField, textField, wholeField } from './protobuf-write.ts';

type Probability = Head & { readonly kind: 'probability' };

export const writeOnnx = (model: Model): Uint8Array => {
  const head = model.heads[0] as Probability;
  const parts: GraphParts = { nodes: [], constants: [] };
  const score = writeScore(model, head, parts);
  writeAnswer(model, head, score, parts);
  const graph = [
    ...parts.nodes.map((bytes) => bytesField(1, bytes)),
    textField(2, model.name),
    ...parts.constants.map((bytes) => bytesField(5, bytes)),
    bytesField(11, tensorType('features', TYPE.double, model.features.length)),
    bytesField(12, tensorType('label', TYPE.int64)),
    bytesField(12, tensorType('probabilities', TYPE.float, 2)),
  ];
  const opset = (domain: string, version: number): Uint8Array =>
    messageField(8, [...(domain === '' ? [] : [textField(1, domain)]), wholeField(2, version)]);
  const property = (key: string, value: string): Uint8Array =>
    messageField(14, [textField(1, key), textField(2, value)]);
  return Buffer.concat([
    wholeField(1, 8),
    opset('', 17),
    opset('ai.onnx.ml', 3),
    textField(2, 'puntual'),
    messageField(7, graph),
    property('features', JSON.stringify(model.features.map(({ name }) => name))),
    property('threshold', `${model.threshold}`),
    property('minutes', `${head.minutes}`),
  ]);
};

/** Names the tensor (float, N x 1) that holds the raw score. */
const writeScore = (model: Model, head: Probability, parts: GraphParts): string => {
  const { score } = head;
  if (score.kind === 'forest') {
    parts.nodes.push(ensembleNode(score.forest, model));
    parts.constants.push(constant('one index', TYPE.int64, [1], [1]));
    scalar('base', score.forest.base, parts);
    parts.nodes.push(
      node('Gather', ['scores', 'one index'], ['sum'], { axis: 1 }),
      node('Add', ['sum', 'base'], ['score']),
    );
    return 'score';
  }
  const { weights, intercept } = score;
  parts.constants.push(
    constant('weights', TYPE.double, [weights.length, 1], [...weights]),
    constant('intercept', TYPE.double, [1], [intercept]),
    constant('nothing', TYPE.double, [1], [0]),
  );
  // A missing feature counts as 0.
  parts.nodes.push(
    node('IsNaN', ['features'], ['is missing']),
    node('Where', ['is missing', 'nothing', 'features'], ['known']),
    node('MatMul', ['known', 'weights'], ['product']),
    node('Add', ['product', 'intercept'], ['line']),
    node('Cast', ['line'], ['score'], { to: TYPE.float }),
  );
  return 'score';
};

const writeAnswer = (model: Model, head: Probability, score: string, parts: GraphParts): void => {
  if (head.link === 'logistic') parts.nodes.push(node('Sigmoid', [score], ['linked']));
  else {
    scalar('least', 0, parts);
    scalar('most', 1, parts);
    parts.nodes.push(node('Clip', [score, 'least', 'most'], ['linked']));
  }
  const late = writeCalibration(head.calibration, parts);
  scalar('whole', 1, parts);
  scalar('threshold', model.threshold, parts);
  parts.constants.push(constant('last axis', TYPE.int64, [1], [1]));
  parts.nodes.push(
    node('Sub', ['whole', late], ['on time']),
    node('Concat', ['on time', late], ['probabilities'], { axis: 1 }),
    node('GreaterOrEqual', [late, 'threshold'], ['is late']),
    node('Cast', ['is late'], ['late label'], { to: TYPE.int64 }),
    node('Squeeze', ['late label', 'last axis'], ['label']),
  );
};

/** Names the tensor that holds the calibrated probability of `linked`. */
const writeCalibration = (calibration: Calibration, parts: GraphParts): string => {
  const { nodes } = parts;
  switch (calibration.kind) {
    case 'none':
      return 'linked';
    case 'platt':
    case 'beta': {
      const { a, b } = calibration;
      const slopes = calibration.kind === 'platt' ? [a, a] : [a, b];
      scalar('unit', 1, parts);
      scalar('tiny', 1e-30, parts);
      scalar('slope', slopes[0]!, parts);
      scalar('other slope', slopes[1]!, parts);
      scalar('offset', calibration.kind === 'platt' ? b : calibration.c, parts);
      nodes.push(
        node('Sub', ['unit', 'linked'], ['complement']),
        node('Max', ['linked', 'tiny'], ['p']),
        node('Max', ['complement', 'tiny'], ['q']),
        node('Log', ['p'], ['ln p']),
        node('Log', ['q'], ['ln q']),
        node('Mul', ['ln p', 'slope'], ['part p']),
        node('Mul', ['ln q', 'other slope'], ['part q']),
        node('Sub', ['part p', 'part q'], ['parts']),
        node('Add', ['parts', 'offset'], ['logit']),
        node('Sigmoid', ['logit'], ['calibrated']),
      );
      return 'calibrated';
    }
    case 'isotonic': {
      // A sum of ramps: to[0] + sum of slope[k] * clip(p - from[k], 0, from[k + 1] - from[k]).
      const { from, to } = calibration;
      const n = from.length - 1;
      scalar('first', to[0]!, parts);
      if (n === 0) {
        scalar('none', 0, parts);
        nodes.push(
          node('Mul', ['linked', 'none'], ['flat']),
          node('Add', ['flat', 'first'], ['calibrated']),
        );
        return 'calibrated';
      }
      const widths = Array.from({ length: n }, (_, k) => from[k + 1]! - from[k]!);
      scalar('floor', 0, parts);
      parts.constants.push(
        constant('starts', TYPE.float, [1, n], [...from.subarray(0, n)]),
        constant('widths', TYPE.float, [1, n], widths),
        constant(
          'slopes',
          TYPE.float,
          [n, 1],
          widths.map((w, k) => (to[k + 1]! - to[k]!) / w),
        ),
      );
      nodes.push(
        node('Sub', ['linked', 'starts'], ['past']),
        node('Max', ['past', 'floor'], ['above']),
        node('Min', ['above', 'widths'], ['ramps']),
        node('MatMul', ['ramps', 'slopes'], ['risen']),
        node('Add', ['risen', 'first'], ['calibrated']),
      );
      return 'calibrated';
    }
  }
};
