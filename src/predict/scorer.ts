/**
 * Scores of many rows of features at once, by emitted WebAssembly where a forest allows it.
 */
import { buildEncoder, type Feature } from '../core/features.ts';
import type { Forest } from '../core/forest.ts';
import type { HeadScore, Model } from '../core/model.ts';
import { call } from '../wasm/instructions.ts';
import { defineFunc, emitModule, type Func } from '../wasm/module.ts';
import { buildColumns, type Column } from './columns.ts';
import { emitFeatures, isEmitted } from './kernels/feature-kernel.ts';
import { emitForestKernels, type ForestKernel, ROW_MULTIPLE } from './kernels/kernels.ts';
import { buildMemoryLayout, type MemoryLayout } from './kernels/memory-layout.ts';
import { scoreOf } from './reference.ts';

/** Rows that are scored in one go; a multiple of `ROW_MULTIPLE`. */
export const BATCH_ROWS = 256;

/** What a score is computed by. */
export type Kernel = ForestKernel | 'reference';

export interface Scorer {
  /** float64, shape (BATCH_ROWS, nFeatures): the caller fills the first rows. */
  readonly features: Float64Array;
  /** float64, shape (BATCH_ROWS, nScores): raw scores of the first rows after `score`. */
  readonly scores: Float64Array;
  readonly score: (nRows: number) => void;
  /**
   * Fills the first rows of features from the inputs of as many flights at `raw[at]`.
   * @param raw float64, shape (nRows, nInputs)
   */
  readonly encode: (raw: Float64Array, at: number, nRows: number) => void;
  /** Of each score. */
  readonly kernels: readonly Kernel[];
  /** What the emitted search finds, for the check at load; absent where nothing is emitted. */
  readonly search?: Search;
}

export interface Search {
  readonly columns: readonly Column[];
  /** int32, shape (BATCH_ROWS, nColumns): bins of the first rows after `findBins`. */
  readonly bins: Int32Array;
  readonly findBins: Pass;
}

/** A function that goes over the first rows once. */
type Pass = (nRows: number) => void;

/**
 * With so many trees to walk, the rows of a batch are scored one by one: a single row goes through all trees in rounds,
 * in which short paths do not wait for long ones, and eight rows of one tree always wait for the longest. Fewer trees
 * make up for that by staying in the cache from row to row.
 */
const ONE_BY_ONE_TREES = 200;

/** The search over columns is unrolled; past this the code itself would be the cost. */
const MAX_COLUMNS = 1000;

/** What flights are made features by. */
export type Encoding = Pick<Model, 'inputs' | 'features'>;

/** Who fills the features by other means gives none. */
const NO_ENCODING: Encoding = { inputs: [], features: [] };

/**
 * @param force uses this kernel where it fits, for benches and tests
 * @param encoding makes the features too
 * @cost O(nodes + table bytes)
 */
export const buildScorer = (
  scores: readonly HeadScore[],
  nFeatures: number,
  force?: Kernel,
  encoding: Encoding = NO_ENCODING,
): Scorer => {
  const nScores = scores.length;
  const layout = buildMemoryLayout();
  const featuresAt = layout.take(BATCH_ROWS * nFeatures * 8);
  const scoresAt = layout.take(BATCH_ROWS * nScores * 8);
  const found = scores.flatMap((score, s) =>
    score.kind === 'forest' && hasSplits(score.forest) ? [{ s, forest: score.forest }] : [],
  );
  const binned = buildColumns(found.map(({ forest }) => forest));
  const columns = binned && binned.columns.length <= MAX_COLUMNS ? binned.columns : [];
  const binsAt = layout.take(BATCH_ROWS * columns.length * 4);
  const isEmitted = binned && columns.length > 0 && force !== 'reference';
  const outAt = found.map(({ s }) => scoresAt + s * 8);
  const places = { featuresAt, nFeatures, binsAt, maxRows: BATCH_ROWS, outAt };
  const emitted = isEmitted
    ? emitForestKernels(binned, layout, { ...places, outStride: nScores * 8 }, force)
    : { kernels: [], one: [], many: [] };
  const kernels = scores.map((): Kernel => 'reference');
  found.forEach(({ s }, f) => {
    kernels[s] = emitted.kernels[f] ?? 'reference';
  });
  const encoder = force !== 'reference' ? emitEncoder(encoding, layout, featuresAt) : undefined;
  const memory = layout.build();
  const features = new Float64Array(memory.buffer, featuresAt, BATCH_ROWS * nFeatures);
  const out = new Float64Array(memory.buffer, scoresAt, BATCH_ROWS * nScores);
  const passes = instantiate({ ...emitted, encode: encoder?.func }, memory);
  const referencePasses = scores.flatMap((score, s): Pass[] =>
    kernels[s] !== 'reference'
      ? []
      : [
          (nRows) => {
            for (let row = 0; row < nRows; row++)
              out[row * nScores + s] = scoreOf(score, features, row * nFeatures);
          },
        ],
  );
  const nWalked = scores.reduce(
    (sum, score, s) =>
      score.kind === 'forest' && (kernels[s] === 'walk' || kernels[s] === 'slot-walk')
        ? sum + score.forest.nTrees
        : sum,
    0,
  );
  const isOneByOne = nWalked >= ONE_BY_ONE_TREES;
  const firstFeatures = new Float64Array(nFeatures);
  const firstScores = new Float64Array(nScores);
  /** Each row goes through the place of the first. */
  const scoreOneByOne = (nRows: number): void => {
    const scoreFirst = (): void => passes.one(1);
    scoreFirst();
    firstFeatures.set(features.subarray(0, nFeatures));
    firstScores.set(out.subarray(0, nScores));
    for (let row = 1; row < nRows; row++) {
      features.copyWithin(0, row * nFeatures, (row + 1) * nFeatures);
      scoreFirst();
      out.copyWithin(row * nScores, 0, nScores);
    }
    features.set(firstFeatures);
    out.set(firstScores);
  };
  return {
    features,
    scores: out,
    kernels,
    score: (nRows) => {
      if (isOneByOne && nRows > 1) {
        scoreOneByOne(nRows);
        for (let i = 0; i < referencePasses.length; i++) referencePasses[i]!(nRows);
        return;
      }
      if (nRows === 1) passes.one(1);
      // Rows past the last are scored too, and ignored.
      else passes.many(Math.ceil(nRows / ROW_MULTIPLE) * ROW_MULTIPLE);
      for (let i = 0; i < referencePasses.length; i++) referencePasses[i]!(nRows);
    },
    encode: buildEncode(
      encoding,
      features,
      encoder && {
        pass: passes.encode,
        raw: new Float64Array(memory.buffer, encoder.rawAt, BATCH_ROWS * encoding.inputs.length),
      },
    ),
    ...(isEmitted && {
      search: {
        columns,
        bins: new Int32Array(memory.buffer, binsAt, BATCH_ROWS * columns.length),
        findBins: passes.search,
      },
    }),
  };
};

/** The emitted code of a model's features; undefined where it has none, or so many that the code would be the cost. */
const emitEncoder = (encoding: Encoding, layout: MemoryLayout, featuresAt: number) => {
  const { inputs, features } = encoding;
  if (features.length > MAX_COLUMNS || !features.some(isEmitted)) return undefined;
  const rawAt = layout.take(BATCH_ROWS * inputs.length * 8);
  return { rawAt, func: emitFeatures(encoding, layout, { rawAt, featuresAt }) };
};

/** @param emitted makes the features that `isEmitted` of what is in its own `raw` */
const buildEncode = (
  { inputs, features }: Encoding,
  into: Float64Array,
  emitted: { readonly pass: Pass; readonly raw: Float64Array } | undefined,
): NonNullable<Scorer['encode']> => {
  const isLeft = (feature: Feature): boolean => emitted === undefined || !isEmitted(feature);
  const encode = buildEncoder(inputs, features, isLeft);
  if (emitted === undefined) return (raw, at, nRows) => encode(raw, at, into, 0, nRows);
  const nInputs = inputs.length;
  const isAnyLeft = features.some(isLeft);
  const { pass, raw: own } = emitted;
  return (raw, at, nRows) => {
    for (let i = 0; i < nRows * nInputs; i++) own[i] = raw[at + i]!;
    pass(nRows);
    if (isAnyLeft) encode(raw, at, into, 0, nRows);
  };
};

/** The search by itself, all that one row goes through, and all that many do; each function is compiled once. */
const instantiate = (
  {
    one,
    many,
    encode,
  }: {
    readonly one: readonly Func[];
    readonly many: readonly Func[];
    readonly encode: Func | undefined;
  },
  memory: WebAssembly.Memory,
) => {
  const funcs = [...new Set([...one, ...many])];
  const inTurn = (name: string, own: readonly Func[]): Func =>
    defineFunc({
      name,
      params: ['i32'],
      body: ([nRows]) => own.map((func) => [nRows.get, call(funcs.indexOf(func))]),
    });
  const [search] = one;
  const module = new WebAssembly.Module(
    emitModule([
      ...funcs.map((func) => (func === search ? { ...func, name: 'search' } : func)),
      inTurn('one', one),
      inTurn('many', many),
      ...(encode ? [{ ...encode, name: 'encode' }] : []),
    ]),
  );
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as Readonly<Record<'search' | 'one' | 'many' | 'encode', Pass>>;
};

const hasSplits = ({ feature }: Forest): boolean => feature.some((tested) => tested !== -1);
