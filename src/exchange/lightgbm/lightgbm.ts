/**
 * LightGBM's text format -> ForeignModel.
 * @source LightGBM src/boosting/gbdt_model_text.cpp, src/io/tree.cpp, include/LightGBM/tree.h
 */
import type { Link } from '../../core/model.ts';
import { buildForest, COLUMNS_LIMIT } from '../build-forest.ts';
import type { ForeignModel } from '../foreign-model.ts';
import { categoricalFeatures, readLightGbmColumns } from './columns.ts';
import { broken, fieldNumbers, fieldWhole, parseFields, unsupported } from './text-fields.ts';
import { missingOf, readLightGbmTree } from './tree.ts';

/**
 * @param bestRound rounds that count, where the training stopped early
 * @throws AppError model-broken, model-unsupported
 */
export const parseLightGbm = (text: string, bestRound?: number): ForeignModel => {
  const [head, ...rest] = text.split(/^Tree=\d+\s*$/m);
  const header = parseFields(head!);
  if (!head!.startsWith('tree')) throw broken('it does not start with "tree"');
  const end =
    rest.length > 0
      ? rest[rest.length - 1]!.indexOf('end of trees')
      : head!.indexOf('end of trees');
  if (end < 0) throw broken('"end of trees" is missing: the file is cut short');
  const trees = rest.slice(0, bestRound).map((part) => parseFields(part.split('end of trees')[0]!));
  if (
    Number(header.get('num_class') ?? 1) !== 1 ||
    Number(header.get('num_tree_per_iteration') ?? 1) !== 1
  )
    throw unsupported(`has ${header.get('num_class')} classes; two are expected`);
  const { link, steepness } = linkOf(header.get('objective') ?? '');
  const nFeatures = fieldWhole(header, 'max_feature_idx') + 1;
  if (nFeatures > COLUMNS_LIMIT) throw broken(`it has ${nFeatures} columns`);
  const isAverage = header.has('average_output');
  const isZeroMissing = trees.some((tree) =>
    fieldNumbers(tree, 'decision_type').some((type) => missingOf(type) === 'zero'),
  );
  const grown = trees.map((tree, t) => readLightGbmTree(tree, t, isZeroMissing));
  const forest = buildForest(grown, nFeatures, {
    comparison: '<=',
    precision: 'float64',
    zeroIsMissing: isZeroMissing,
    base: 0,
    scale: (isAverage ? 1 / Math.max(1, trees.length) : 1) * steepness,
  });
  return {
    madeBy: 'LightGBM',
    columns: readLightGbmColumns(text, header, nFeatures, categoricalFeatures(grown)),
    score: { kind: 'forest', forest },
    link,
    classes: ['0', '1'],
    acceptsMissing: true,
    acceptsAnyNumber: true,
    ...(bestRound !== undefined &&
      bestRound < rest.length && {
        notes: [
          `the training stopped early: its best ${bestRound} of ${rest.length} trees count, as in the library`,
        ],
      }),
  };
};

/** `binary sigmoid:1`: the sigmoid's steepness multiplies the score. */
const linkOf = (objective: string): { link: Link; steepness: number } => {
  const [kind, ...parameters] = objective.split(' ');
  const sigmoid = parameters.find((parameter) => parameter.startsWith('sigmoid:'));
  switch (kind) {
    case 'binary':
      return { link: 'logistic', steepness: sigmoid ? Number(sigmoid.slice(8)) : 1 };
    case 'cross_entropy':
    case 'xentropy':
      return { link: 'logistic', steepness: 1 };
    default:
      throw unsupported(
        `has the objective '${objective}'; 'binary' or 'cross_entropy' is expected`,
      );
  }
};
