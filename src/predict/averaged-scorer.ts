/**
 * Scores of which some are means or stacks of members: each member gets a kernel of its own, then they are joined.
 */
import type { HeadScore, PlainScore } from '../core/model.ts';
import { buildProbability } from './heads.ts';
import { BATCH_ROWS, buildScorer, type Encoding, type Kernel, type Scorer } from './scorer.ts';

/**
 * A scorer of all scores, in their order.
 * @param force uses this kernel where it fits, for benches and tests
 * @param encoding makes the features too
 * @cost O(nodes + table bytes)
 */
export const buildAveragedScorer = (
  scores: readonly HeadScore[],
  nFeatures: number,
  force?: Kernel,
  encoding?: Encoding,
): Scorer => {
  if (scores.every(({ kind }) => kind !== 'mean' && kind !== 'stack'))
    return buildScorer(scores, nFeatures, force, encoding);
  const parts: PlainScore[] = [];
  const joins = scores.map((score) => {
    const from = parts.length;
    if (score.kind === 'distribution') return (): number => 0;
    if (score.kind !== 'mean' && score.kind !== 'stack') {
      parts.push(score);
      return (at: number): number => inner.scores[at + from]!;
    }
    for (const member of score.members) parts.push(member.score);
    const transforms = score.members.map(buildProbability);
    const weights = score.members.map(({ weight }) => weight);
    const start = score.kind === 'stack' ? score.intercept : 0;
    return (at: number): number => {
      let sum = start;
      for (let m = 0; m < transforms.length; m++)
        sum += weights[m]! * transforms[m]!(inner.scores[at + from + m]!);
      return sum;
    };
  });
  const inner = buildScorer(parts, nFeatures, force, encoding);
  const nParts = parts.length;
  const nScores = scores.length;
  const joined = new Float64Array(BATCH_ROWS * nScores);
  return {
    ...inner,
    scores: joined,
    score: (nRows) => {
      inner.score(nRows);
      for (let row = 0; row < nRows; row++)
        for (let s = 0; s < nScores; s++) joined[row * nScores + s] = joins[s]!(row * nParts);
    },
  };
};
