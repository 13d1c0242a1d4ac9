/**
 * TreeSHAP of forests whose paths are too long to be kept: the same sum over leaves as in
 * `shap`, by one walk per row that keeps only the current path.
 */
import { AppError } from '../../core/errors.ts';
import type { Forest } from '../../core/forest.ts';
import { finish, type Gradual } from '../gradual.ts';
import { decide } from '../reference.ts';
import { type Attribution, shapleyWeights } from './attribution.ts';

/** One explanation may cost so many steps: a second or less, in which nothing else is done. */
const STEPS_LIMIT = 3e8;

/**
 * More distinct features on one path, and the polynomial's coefficients (up to d choose d / 2) leave too few digits:
 * at 40 a millionth is certain.
 */
const ITEMS_LIMIT = 40;

/**
 * Splits on all paths together.
 * @throws AppError model-unsupported when an explanation would take longer than a service can wait, or not be exact
 */
export const measurePaths = (forest: Forest): number => finish(measureGradually(forest));

/** The same, with a stop after every few leaves. */
export function* measureGradually(forest: Forest): Gradual<number> {
  const walk = buildWalk(forest, shapeOf(forest));
  let nSplits = 0;
  let maxItems = 0;
  let nSteps = 0;
  yield* walk.all(
    () => true,
    () => {
      nSplits += walk.depth();
      maxItems = Math.max(maxItems, walk.nActive());
      nSteps += (walk.nActive() + 1) ** 2;
    },
  );
  if (maxItems > ITEMS_LIMIT)
    throw tooLarge(`a path asks ${maxItems} features, and up to ${ITEMS_LIMIT} can be told apart`);
  if (nSteps > STEPS_LIMIT)
    throw tooLarge(`one flight takes ${nSteps} steps, and up to ${STEPS_LIMIT} are taken`);
  return nSplits;
}

const tooLarge = (why: string): AppError =>
  new AppError('model-unsupported', `the model is too large to be explained: ${why}`);

/** The attribution of a forest that `measurePaths` has passed. */
export function* deepForestGradually(forest: Forest): Gradual<Attribution> {
  const shape = shapeOf(forest);
  const walk = buildWalk(forest, shape);
  let expected = forest.base;
  yield* walk.all(
    () => true,
    (leaf) => {
      let share = forest.value[leaf]! * forest.scale;
      for (let i = 0; i < walk.nActive(); i++) share *= walk.zero[walk.active[i]!]!;
      expected += share;
    },
  );
  const add = (walk: Walk, features: Float64Array, out: Float64Array): Gradual<void> => {
    const addLeaf = buildLeafSum(walk);
    return walk.all(
      (node) => decide(forest, node, features[forest.feature[node]!]!),
      (leaf) => addLeaf(forest.value[leaf]! * forest.scale, out),
    );
  };
  return {
    expected,
    isLong: true,
    addInto: (features, out) => finish(add(walk, features, out)),
    // Others may be explained between two stops: a walk of its own.
    addGradually: (features, out) => add(buildWalk(forest, shape), features, out),
  };
}

/** A walk over all paths of a forest that keeps what is known of the features on the current path. */
interface Walk {
  /** Visits every leaf of every tree, after asking where the row goes at each inner node; stops after every few leaves. */
  readonly all: (
    goesLeft: (node: number) => boolean,
    onLeaf: (leaf: number) => void,
  ) => Gradual<void>;
  /** The distinct features on the path: `active[0 .. nActive())`. */
  readonly active: Int32Array;
  readonly nActive: () => number;
  /** Splits on the path. */
  readonly depth: () => number;
  /** float64, shape (nFeatures): share of training rows that passes a feature's splits on the path. */
  readonly zero: Float64Array;
  /** uint8, shape (nFeatures): 1 where the row passes all of them. */
  readonly one: Uint8Array;
}

/** What is found out of a forest once. */
interface ForestShape {
  /** float64, shape (nNodes): share of its parent's training rows. */
  readonly nodeShare: Float64Array;
  /** Splits on the longest path. */
  readonly maxDepth: number;
}

const shapeOf = (forest: Forest): ForestShape => ({
  nodeShare: sharesOf(forest),
  maxDepth: depthOf(forest),
});

/** Leaves between two stops. */
const LEAVES_PER_STOP = 256;

/** The path is kept in arrays, not on the call stack: trees may be tens of thousands deep. @cost O(depth) memory */
const buildWalk = (forest: Forest, { nodeShare, maxDepth }: ForestShape): Walk => {
  const { feature, left, right, roots } = forest;
  const zero = new Float64Array(forest.nFeatures);
  const one = new Uint8Array(forest.nFeatures);
  const nSplits = new Int32Array(forest.nFeatures);
  const active = new Int32Array(Math.min(maxDepth, forest.nFeatures));
  let nActive = 0;
  let depth = 0;
  /** Of each split on the path: its node, whether its right side is walked, where the row goes, what was before. */
  const path = new Int32Array(maxDepth);
  const isRight = new Uint8Array(maxDepth);
  const rowGoesLeft = new Uint8Array(maxDepth);
  const zeroBefore = new Float64Array(maxDepth);
  const oneBefore = new Uint8Array(maxDepth);

  /** Goes down one side of the split at `path[d]`. @returns the child */
  const descend = (d: number): number => {
    const node = path[d]!;
    const asked = feature[node]!;
    if (nSplits[asked]!++ === 0) {
      active[nActive++] = asked;
      zero[asked] = 1;
      one[asked] = 1;
    }
    zeroBefore[d] = zero[asked]!;
    oneBefore[d] = one[asked]!;
    const child = isRight[d] === 1 ? right[node]! : left[node]!;
    zero[asked] = zero[asked]! * nodeShare[child]!;
    if (rowGoesLeft[d] === isRight[d]) one[asked] = 0;
    return child;
  };
  const ascend = (d: number): void => {
    const asked = feature[path[d]!]!;
    zero[asked] = zeroBefore[d]!;
    one[asked] = oneBefore[d]!;
    if (--nSplits[asked]! === 0) nActive--;
  };

  /** Goes on at a node for some leaves. @returns the node to go on at; -1 where the tree is done */
  const visit = (
    from: number,
    goesLeft: (node: number) => boolean,
    onLeaf: (leaf: number) => void,
  ): number => {
    let node = from;
    for (let nLeaves = 0; nLeaves < LEAVES_PER_STOP; ) {
      if (feature[node] !== -1) {
        path[depth] = node;
        isRight[depth] = 0;
        rowGoesLeft[depth] = goesLeft(node) ? 1 : 0;
        node = descend(depth++);
        continue;
      }
      onLeaf(node);
      nLeaves++;
      while (depth > 0 && isRight[depth - 1] === 1) ascend(--depth);
      if (depth === 0) return -1;
      ascend(depth - 1);
      isRight[depth - 1] = 1;
      node = descend(depth - 1);
    }
    return node;
  };

  return {
    active,
    nActive: () => nActive,
    depth: () => depth,
    zero,
    one,
    *all(goesLeft, onLeaf) {
      for (const root of roots)
        for (let node = root; node >= 0; ) {
          node = visit(node, goesLeft, onLeaf);
          yield;
        }
    },
  };
};

const sharesOf = ({ feature, left, right, cover }: Forest): Float64Array => {
  const shares = new Float64Array(feature.length).fill(1);
  for (let node = 0; node < feature.length; node++) {
    if (feature[node] === -1) continue;
    const [l, r] = [left[node]!, right[node]!];
    const together = cover[l]! + cover[r]!;
    shares[l] = together > 0 ? cover[l]! / together : 0.5;
    shares[r] = together > 0 ? cover[r]! / together : 0.5;
  }
  return shares;
};

/** Splits on the longest path. */
const depthOf = ({ feature, left, right, roots }: Forest): number => {
  const depths = new Int32Array(feature.length);
  const waiting = Array.from(roots);
  let deepest = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    deepest = Math.max(deepest, depths[node]!);
    if (feature[node] === -1) continue;
    for (const child of [left[node]!, right[node]!]) {
      depths[child] = depths[node]! + 1;
      waiting.push(child);
    }
  }
  return deepest;
};

/** A function that adds what the leaf at the end of the walk's path contributes to each feature. */
const buildLeafSum = ({
  active,
  nActive,
  zero,
  one,
}: Walk): ((value: number, out: Float64Array) => void) => {
  const weightsOf = buildWeights();
  /** Coefficients of the polynomial of the passed features, which are these. */
  const polynomial = new Float64Array(active.length + 1);
  const passed = new Int32Array(active.length);
  return (value, out) => {
    const n = nActive();
    const weight = weightsOf(n);
    let nPassed = 0;
    let rest = value;
    polynomial[0] = 1;
    for (let i = 0; i < n; i++) {
      const f = active[i]!;
      const share = zero[f]!;
      if (one[f] === 0) {
        rest *= share;
        continue;
      }
      passed[nPassed++] = f;
      polynomial[nPassed] = 1;
      for (let k = nPassed - 1; k > 0; k--)
        polynomial[k] = polynomial[k]! * share + polynomial[k - 1]!;
      polynomial[0] = polynomial[0]! * share;
    }
    if (nPassed < n) {
      let sum = 0;
      for (let k = 0; k <= nPassed; k++) sum += polynomial[k]! * weight[k]!;
      sum *= rest;
      for (let i = 0; i < n; i++) {
        const f = active[i]!;
        if (one[f] === 0) out[f] = out[f]! - sum;
      }
    }
    for (let p = 0; p < nPassed; p++) {
      const f = passed[p]!;
      const share = zero[f]!;
      let quotient = 1;
      let sum = weight[nPassed - 1]!;
      for (let k = nPassed - 1; k > 0; k--) {
        quotient = polynomial[k]! - share * quotient;
        sum += quotient * weight[k - 1]!;
      }
      out[f] = out[f]! + rest * (1 - share) * sum;
    }
  };
};

/** The weights of `shapleyWeights` for each number of players, made when first asked for. */
const buildWeights = (): ((d: number) => Float64Array) => {
  const known = new Map<number, Float64Array>();
  return (d) => {
    const made = known.get(d) ?? shapleyWeights(d);
    known.set(d, made);
    return made;
  };
};
