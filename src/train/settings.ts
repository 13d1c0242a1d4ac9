/**
 * How a model is learned, with defaults that need no tuning: they depend on how much there is to learn from.
 */
import { WEATHER_FIELDS } from '../core/around/weather.ts';
import type { FieldName } from '../core/flight.ts';
import type { BoostSettings } from './boosting.ts';
import type { Costs } from './quality/evaluation.ts';
import type { PartShares } from './features/time-split.ts';

export interface TrainOptions {
  readonly name: string;
  readonly lateMinutes: number;
  readonly seed: number;
  readonly split: 'time' | 'random';
  readonly shares: PartShares;
  /** Day (since 1970-01-01) on which the test begins, in a split by time; by default its share of the days decides. */
  readonly testFrom?: number | undefined;
  /** `own` adds target statistics, traffic and holidays to the plain schedule. */
  readonly features: 'own' | 'schedule';
  /** Names of the table's columns beside the fields of a flight that the model asks for too. */
  readonly ownColumns?: readonly string[] | undefined;
  /** Whether quantiles of minutes are answered too. */
  readonly quantiles: boolean;
  /** Whether, once it is judged, the model is learned again from every flight; only in a split by time. */
  readonly refit: boolean;
  readonly costs?: Costs | undefined;
  readonly nThreads?: number | undefined;
  readonly nTrees?: number | undefined;
  readonly nLeaves?: number | undefined;
  readonly learningRate?: number | undefined;
  /** Overrides for benches and tuning. */
  readonly boost?: Partial<BoostSettings> | undefined;
}

export const DEFAULT_OPTIONS: TrainOptions = {
  name: 'flights',
  lateMinutes: 15,
  seed: 1,
  split: 'time',
  shares: { train: 8 / 12, validation: 1 / 12, calibration: 1 / 12, test: 2 / 12 },
  features: 'own',
  quantiles: true,
  refit: true,
};

const SMALL_ROWS = 20_000;
/** So many features or more say much the same: smaller steps, and trees that each look at few of them. */
const WIDE_FEATURES = 20;
const FEATURES_PER_TREE = 9;
const QUICK = { nTrees: 60, nLeaves: 31, patience: 10 } as const;
/**
 * With steps this large the number of trees is found soon. Months later, twice as many as suit the days of the search
 * best are better still, and the calibration is that of so many too: chosen on the months before November 2013.
 */
const SEARCH = { learningRate: 0.15, patience: 15, treesMore: 2 } as const;

/** Features that more of can only make a flight later (1), or less late (-1). */
const DIRECTIONS: Readonly<Record<string, number>> = {
  precipitationInches: 1,
  windGustMph: 1,
  visibilityMiles: -1,
};

/** With the weather of each flight there is more to learn, and small steps all the way are better. */
const knowsWeather = (features: readonly { readonly name: string }[]): boolean =>
  features.some(({ name }) => WEATHER_FIELDS.includes(name as FieldName));

const isWideTable = (nRows: number, features: readonly unknown[]): boolean =>
  nRows >= SMALL_ROWS && features.length >= WIDE_FEATURES;

/**
 * Settings for `nRows` training rows: few leaves and strong smoothing where rows are few.
 * @param isQuick for the heads after the first, which cost less and matter less
 */
export const boostSettings = (
  nRows: number,
  features: readonly { readonly name: string }[],
  options: TrainOptions,
  isQuick = false,
): BoostSettings => {
  const isSmall = nRows < SMALL_ROWS;
  const isWide = isWideTable(nRows, features);
  const share = Math.min(1, nRows / 200_000);
  const settings: BoostSettings = {
    nTrees: options.nTrees ?? (isWide ? 800 : 400),
    nLeaves: options.nLeaves ?? (isSmall ? Math.max(8, Math.min(31, Math.round(nRows / 250))) : 31),
    learningRate: options.learningRate ?? (isWide && knowsWeather(features) ? 0.03 : 0.05),
    maxDepth: isSmall ? 10 : 12,
    patience: isWide ? 50 : 30,
    rowShare: 0.8,
    featureShare: Math.max(0.3, Math.min(0.7, FEATURES_PER_TREE / features.length)),
    seed: options.seed,
    nBlocks: isSmall ? 4 : 0,
    l2: isSmall ? 5 : 20,
    minRowsPerLeaf: isSmall ? 15 : 100,
    minHessianPerLeaf: 1,
    minGain: 1e-6,
    categorySmooth: 20 + 30 * share,
    categoryL2: 20 + 10 * share,
    maxCategoriesPerSet: 32,
    minRowsPerCategory: Math.round(50 + 150 * share),
    monotone: Int8Array.from(features, ({ name }) => DIRECTIONS[name] ?? 0),
    ...options.boost,
  };
  if (!isQuick) return settings;
  return {
    ...settings,
    nTrees: Math.min(settings.nTrees, QUICK.nTrees),
    nLeaves: Math.min(settings.nLeaves, QUICK.nLeaves),
    patience: QUICK.patience,
    learningRate: Math.max(settings.learningRate, 0.1),
  };
};

/** How the number of trees is found. */
export interface TreeSearch {
  readonly settings: BoostSettings;
  /** The trees of the model that each tree of the search stands for. */
  readonly treesPerTree: number;
}

/**
 * The search for the number of trees that `settings` grow from `nRows` rows, on a part of them, `nSearched`. Where small
 * steps are asked for it takes larger ones, and so fewer trees; and more rows bear more trees.
 */
export const treeSearch = (
  settings: BoostSettings,
  features: readonly { readonly name: string }[],
  { nRows, nSearched }: { readonly nRows: number; readonly nSearched: number },
): TreeSearch => {
  const learningRate = Math.max(SEARCH.learningRate, settings.learningRate);
  if (!isWideTable(nSearched, features) || knowsWeather(features))
    return { settings, treesPerTree: 1 };
  const treesPerTree = (learningRate / settings.learningRate) * (nRows / nSearched);
  return {
    settings: {
      ...settings,
      learningRate,
      nTrees: Math.ceil(settings.nTrees / treesPerTree),
      patience: Math.min(settings.patience, SEARCH.patience),
      treesMore: SEARCH.treesMore,
    },
    treesPerTree,
  };
};
