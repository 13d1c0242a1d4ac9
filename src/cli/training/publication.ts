/**
 * Whether a new model is made current: never by itself where it gains nothing on climatology, and with `--if-better` only
 * where it beats the model that is current now.
 */
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { type LoadedModel, readModel } from '../../core/model-file.ts';
import { currentOf, findModel } from '../../core/model-store.ts';
import type { Table } from '../../core/table.ts';
import { wordsOf } from '../../report/training/verdict.ts';
import { compareWithCurrent, whyIncomparable } from '../../score/rivalry.ts';
import type { Comparison } from '../../train/quality/comparison.ts';
import type { Trained } from '../../train/training.ts';
import { refusalBy } from './climatology-gate.ts';

export interface Publication {
  readonly isCurrent: boolean;
  /** One sentence. */
  readonly reason: string;
  /** The new model beside the current one, where `--if-better` asked. */
  readonly comparison?: Comparison;
}

interface PublicationOptions {
  readonly modelsDir: string;
  readonly name: string;
  readonly publish?: boolean | undefined;
  readonly ifBetter?: boolean | undefined;
}

/** @throws AppError as `readModel` does */
export const decidePublication = (
  { judged, report }: Pick<Trained, 'judged' | 'report'>,
  table: Table,
  { modelsDir, name, publish = false, ifBetter = false }: PublicationOptions,
): Publication => {
  const refusal = refusalBy(report);
  if (publish)
    return {
      isCurrent: true,
      reason: `${refusal === undefined ? '' : `${refusal}; `}made current, as --publish asked`,
    };
  if (refusal !== undefined) return { isCurrent: false, reason: refusal };
  const version = ifBetter ? currentOf(modelsDir, name) : undefined;
  if (version === undefined)
    return {
      isCurrent: true,
      reason: ifBetter ? `there was no current ${name} to compare with` : 'made current',
    };
  const current = readModel(findModel(modelsDir, `${name}/${version}`));
  const incomparable = whyIncomparable(current, {
    minutes: report.lateMinutes,
    target: table.source.target,
  });
  if (incomparable !== undefined) return { isCurrent: false, reason: incomparable };
  const contest = compareWithCurrent(judged.model, current, table);
  if (contest === null)
    return {
      isCurrent: false,
      reason: `no test day is new to both models and later than all that the current model ${version} knows, so nothing can be said of a gain; give newer flights`,
    };
  const { comparison, missed } = contest;
  const { flights, days, standing } = comparison;
  const reason = `on ${flights.toLocaleString('en')} flights of ${days} days that neither knows ${wordsOf(comparison)}`;
  return {
    isCurrent: standing === 'better' && missed === undefined,
    reason:
      missed === undefined
        ? reason
        : `${reason}; but the current model looks at ${missed}, so that this is no fair comparison`,
    comparison,
  };
};

/** Before anything is learned. @throws AppError data-unfit (the current model answers another question) */
export const requireComparable = (
  current: LoadedModel,
  lateMinutes: number,
  { source: { target } }: Table,
): void => {
  const why = whyIncomparable(current, { minutes: lateMinutes, target });
  if (why !== undefined)
    throw new AppError(
      'data-unfit',
      `${why}; leave out --if-better, or give the new model another --name`,
    );
};

/**
 * @param hint what makes it current all the same, beside writing its version down
 * @throws AppError model-worse where the model was not made current
 */
export const requirePublished = (
  { isCurrent, reason }: Publication,
  path: string,
  hint = '',
): void => {
  if (isCurrent) return;
  const folder = dirname(path);
  throw new AppError(
    'model-worse',
    `${path} is stored but not made current: ${reason}; ${hint}writing ${basename(folder)} into ${join(dirname(folder), 'current')} makes it current all the same`,
  );
};
