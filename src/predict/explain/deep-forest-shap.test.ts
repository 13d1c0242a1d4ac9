import { describe, expect, test } from 'bun:test';
import { buildPlantedForest } from '../../../test/planted.ts';
import type { Forest } from '../../core/forest.ts';
import { buildRandom } from '../../core/random.ts';
import { scoreOf } from '../reference.ts';
import { finish } from '../gradual.ts';
import { deepForestGradually } from './deep-forest-shap.ts';
import { buildAttribution } from './shap.ts';

/** One tree that is a chain: every split has a leaf on its left and the next split on its right. */
const chain = (depth: number, nFeatures: number): Forest => {
  const nNodes = 2 * depth + 1;
  const isSplit = (node: number): boolean => node % 2 === 0 && node < 2 * depth;
  const of = (value: (node: number) => number): Int32Array =>
    Int32Array.from({ length: nNodes }, (_, node) => (isSplit(node) ? value(node) : -1));
  return {
    ...buildPlantedForest(1, 2, 1),
    nFeatures,
    nTrees: 1,
    roots: Int32Array.of(0),
    feature: of((node) => (node / 2) % nFeatures),
    left: of((node) => node + 1),
    right: of((node) => node + 2),
    threshold: Float64Array.from({ length: nNodes }, (_, node) => (node * 7919) % 1000),
    value: Float64Array.from({ length: nNodes }, (_, node) => Math.sin(node)),
    cover: Float64Array.from(
      { length: nNodes },
      (_, node) => nNodes - (isSplit(node) ? node : nNodes - 1),
    ),
    missingLeft: new Uint8Array(nNodes),
    categoryStart: new Int32Array(nNodes).fill(-1),
    categoryWords: new Int32Array(nNodes),
    categories: new Uint32Array(0),
  };
};

const explained = (forest: Forest, features: Float64Array): number => {
  const { expected, addInto } = buildAttribution({ kind: 'forest', forest }, features);
  const out = new Float64Array(forest.nFeatures);
  addInto(features, out);
  return out.reduce((sum, points) => sum + points, expected);
};

describe('the walk over a forest', () => {
  test('gives what the kept paths give', () => {
    const random = buildRandom(3);
    for (const nLeaves of [2, 31, 200]) {
      const forest = { ...buildPlantedForest(5, nLeaves, nLeaves), scale: 0.5 };
      const [kept, walked] = [
        buildAttribution({ kind: 'forest', forest }, new Float64Array(7)),
        finish(deepForestGradually(forest)),
      ];
      expect(walked.expected).toBeCloseTo(kept.expected, 12);
      for (let row = 0; row < 5; row++) {
        const features = Float64Array.from([5, 3, 6, 1440, 7, 366, 2500], (range) =>
          random() < 0.1 ? Number.NaN : Math.floor(random() * range),
        );
        const [a, b] = [new Float64Array(7), new Float64Array(7)];
        kept.addInto(features, a);
        walked.addInto(features, b);
        for (let f = 0; f < 7; f++) expect(b[f]!).toBeCloseTo(a[f]!, 12);
        // With stops, between which another flight is explained.
        for (const [attribution, atOnce] of [
          [kept, a],
          [walked, b],
        ] as const) {
          const [own, other] = [new Float64Array(7), new Float64Array(7)];
          const beside = attribution.addGradually(
            features.map((value) => value / 2),
            other,
          );
          for (const _ of attribution.addGradually(features, own)) beside.next();
          expect(own).toEqual(atOnce);
        }
      }
    }
  });

  test('explains a tree that is 30,000 deep', () => {
    const forest = chain(30_000, 7);
    const features = Float64Array.of(999, 1000, 1000, 1000, 500, 1000, 1000);
    const score = scoreOf({ kind: 'forest', forest }, features, 0);
    expect(explained(forest, features)).toBeCloseTo(score, 9);
  });

  test('explains paths of forty features, and refuses more, which would not be exact', () => {
    const forest = chain(40, 40);
    const features = new Float64Array(40).fill(400);
    const score = scoreOf({ kind: 'forest', forest }, features, 0);
    expect(explained(forest, features)).toBeCloseTo(score, 5);
    expect(() => explained(chain(60, 60), new Float64Array(60))).toThrow('a path asks 60 features');
  });

  test('refuses at once what would take seconds for each flight', () => {
    expect(() => explained(chain(400_000, 39), new Float64Array(39))).toThrow('steps');
  });
});
