/**
 * The first head of a model -> an ONNX graph: features (float64, N x features) to label and probabilities.
 * Trees become a TreeEnsembleClassifier with float64 thresholds; link and calibration follow as plain steps, so the
 * probabilities are the calibrated ones.
 * @source onnx/onnx.proto; onnx docs Operators-ml.md (ai.onnx.ml 3), Operators.md (opset 17)
 */
import type { Head, Model } from '../../../core/model.ts';
import {
  addNode,
  addNodeWith,
  constant,
  type GraphParts,
  scalar,
  startParts,
  TYPE,
  tensorType,
} from './node.ts';
import { writeProbability } from './probability.ts';
import { bytesField, messageField, textField, wholeField } from './protobuf.ts';

type Probability = Head & { readonly kind: 'probability' };

export const writeOnnx = (model: Model): Uint8Array => {
  const head = model.heads[0] as Probability;
  const parts = startParts();
  writeAnswer(model, writeProbability(head, model, parts), parts);
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

/** @param late names the tensor of the probability */
const writeAnswer = (model: Model, late: string, parts: GraphParts): void => {
  scalar('whole', 1, parts);
  scalar('threshold', model.threshold, parts);
  parts.constants.push(constant('last axis', TYPE.int64, [1], [1]));
  addNode(parts, 'Sub', ['whole', late], 'on time');
  addNodeWith(parts, {
    kind: 'Concat',
    inputs: ['on time', late],
    output: 'probabilities',
    int: { axis: 1 },
  });
  addNode(parts, 'GreaterOrEqual', [late, 'threshold'], 'is late');
  addNodeWith(parts, {
    kind: 'Cast',
    inputs: ['is late'],
    output: 'late label',
    int: { to: TYPE.int64 },
  });
  addNode(parts, 'Squeeze', ['late label', 'last axis'], 'label');
};
