/**
 * A probability as steps of an ONNX graph: score, link and calibration, or a mean of several such.
 * Each function names the tensor (float, N x 1) that it leaves.
 */
import type {
  Calibration,
  Head,
  Model,
  PlainScore,
  Score,
  StackMember,
} from '../../../core/model.ts';
import { addEnsemble } from './ensemble.ts';
import { addNode, addNodeWith, constant, type GraphParts, scalar, TYPE } from './node.ts';

type Probability = Head & { readonly kind: 'probability' };

export const writeProbability = (head: Probability, model: Model, parts: GraphParts): string => {
  const { score } = head;
  const raw =
    score.kind === 'mean'
      ? writeSum(score.members, model, parts)
      : score.kind === 'stack'
        ? writeStack(score, model, parts)
        : writeScore(score, model, parts);
  return writeCurve(head, raw, parts);
};

const writeStack = (
  { members, intercept }: Score & { readonly kind: 'stack' },
  model: Model,
  parts: GraphParts,
): string => {
  const sum = writeSum(members, model, parts);
  scalar('stack intercept', intercept, parts);
  addNode(parts, 'Add', [sum, 'stack intercept'], 'stack');
  return 'stack';
};

/** The sum of the members' answers times their weights. */
const writeSum = (members: readonly StackMember[], model: Model, parts: GraphParts): string => {
  const shares = members.map((member, m) => {
    const own = { ...parts, prefix: `${m} ` };
    const answer = writeCurve(member, writeScore(member.score, model, own), own);
    scalar('weight', member.weight, own);
    addNode(own, 'Mul', [answer, 'weight'], 'share');
    return `${m} share`;
  });
  addNode(parts, 'Sum', shares, 'mean');
  return 'mean';
};

const writeScore = (score: PlainScore, model: Model, parts: GraphParts): string => {
  if (score.kind === 'forest') {
    addEnsemble(score.forest, model, parts);
    parts.constants.push(constant(`${parts.prefix}one index`, TYPE.int64, [1], [1]));
    scalar('base', score.forest.base, parts);
    addNodeWith(parts, {
      kind: 'Gather',
      inputs: ['scores', 'one index'],
      output: 'sum',
      int: { axis: 1 },
    });
    addNode(parts, 'Add', ['sum', 'base'], 'score');
    return 'score';
  }
  const { weights, intercept } = score;
  const doubles = (name: string, shape: readonly number[], values: readonly number[]): void => {
    parts.constants.push(constant(`${parts.prefix}${name}`, TYPE.double, shape, values));
  };
  doubles('weights', [weights.length, 1], [...weights]);
  doubles('intercept', [1], [intercept]);
  doubles('nothing', [1], [0]);
  // A missing feature counts as 0.
  addNode(parts, 'IsNaN', ['features'], 'is missing');
  addNode(parts, 'Where', ['is missing', 'nothing', 'features'], 'known');
  addNode(parts, 'MatMul', ['known', 'weights'], 'product');
  addNode(parts, 'Add', ['product', 'intercept'], 'line');
  addNodeWith(parts, { kind: 'Cast', inputs: ['line'], output: 'score', int: { to: TYPE.float } });
  return 'score';
};

const writeCurve = (
  { link, calibration }: Pick<StackMember, 'link' | 'calibration'>,
  raw: string,
  parts: GraphParts,
): string => {
  if (link === 'logistic' || link === 'logistic32') addNode(parts, 'Sigmoid', [raw], 'linked');
  // Isotonic points lie on the scale of the score itself.
  else if (link === 'none' || calibration.kind === 'isotonic')
    addNode(parts, 'Identity', [raw], 'linked');
  else {
    scalar('least', 0, parts);
    scalar('most', 1, parts);
    addNode(parts, 'Clip', [raw, 'least', 'most'], 'linked');
  }
  return writeCalibration(calibration, parts);
};

/** Names the tensor that holds the calibrated probability of `linked`. */
const writeCalibration = (calibration: Calibration, parts: GraphParts): string => {
  switch (calibration.kind) {
    case 'none':
      return 'linked';
    case 'sigmoid':
      scalar('slope', calibration.a, parts);
      scalar('offset', calibration.b, parts);
      addNode(parts, 'Mul', ['linked', 'slope'], 'sloped');
      addNode(parts, 'Add', ['sloped', 'offset'], 'logit');
      addNode(parts, 'Sigmoid', ['logit'], 'calibrated');
      return 'calibrated';
    case 'platt':
    case 'beta': {
      const { a, b } = calibration;
      const slopes = calibration.kind === 'platt' ? [a, a] : [a, b];
      scalar('unit', 1, parts);
      scalar('tiny', 1e-30, parts);
      scalar('slope', slopes[0]!, parts);
      scalar('other slope', slopes[1]!, parts);
      scalar('offset', calibration.kind === 'platt' ? b : calibration.c, parts);
      addNode(parts, 'Sub', ['unit', 'linked'], 'complement');
      addNode(parts, 'Max', ['linked', 'tiny'], 'p');
      addNode(parts, 'Max', ['complement', 'tiny'], 'q');
      addNode(parts, 'Log', ['p'], 'ln p');
      addNode(parts, 'Log', ['q'], 'ln q');
      addNode(parts, 'Mul', ['ln p', 'slope'], 'part p');
      addNode(parts, 'Mul', ['ln q', 'other slope'], 'part q');
      addNode(parts, 'Sub', ['part p', 'part q'], 'parts');
      addNode(parts, 'Add', ['parts', 'offset'], 'logit');
      addNode(parts, 'Sigmoid', ['logit'], 'calibrated');
      return 'calibrated';
    }
    case 'isotonic': {
      // A sum of ramps: to[0] + sum of slope[k] * clip(p - from[k], 0, from[k + 1] - from[k]).
      const { from, to } = calibration;
      const n = from.length - 1;
      scalar('first', to[0]!, parts);
      if (n === 0) {
        scalar('none', 0, parts);
        addNode(parts, 'Mul', ['linked', 'none'], 'flat');
        addNode(parts, 'Add', ['flat', 'first'], 'calibrated');
        return 'calibrated';
      }
      const widths = Array.from({ length: n }, (_, k) => from[k + 1]! - from[k]!);
      scalar('floor', 0, parts);
      parts.constants.push(
        constant(`${parts.prefix}starts`, TYPE.float, [1, n], [...from.subarray(0, n)]),
        constant(`${parts.prefix}widths`, TYPE.float, [1, n], widths),
        constant(
          `${parts.prefix}slopes`,
          TYPE.float,
          [n, 1],
          widths.map((w, k) => (to[k + 1]! - to[k]!) / w),
        ),
      );
      addNode(parts, 'Sub', ['linked', 'starts'], 'past');
      addNode(parts, 'Max', ['past', 'floor'], 'above');
      addNode(parts, 'Min', ['above', 'widths'], 'ramps');
      addNode(parts, 'MatMul', ['ramps', 'slopes'], 'risen');
      addNode(parts, 'Add', ['risen', 'first'], 'calibrated');
      return 'calibrated';
    }
  }
};
