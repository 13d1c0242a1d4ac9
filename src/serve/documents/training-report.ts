/**
 * What the report beside a trained model says of it, as far as the page shows it. The report may be of another version
 * or missing, since a model file travels alone: then nothing is said.
 */
import { dirname, join } from 'node:path';
import type { LoadedModel } from '../../core/model-file.ts';
import { readRegularFile } from '../../core/files/regular-file.ts';

/** A figure, and where 95 of 100 resamplings of the days put it; null where the days are too few. */
interface Measured {
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

interface TrainingReport {
  /** Flights in groups by their probability, and how many of them were late. */
  readonly reliability: readonly {
    readonly predicted: number;
    readonly observed: number;
    readonly rows: number;
  }[];
  /** Features by their part in the answers, largest first; the shares of all sum to 1. */
  readonly importance: readonly { readonly feature: string; readonly share: number }[];
  /** Share of each baseline's log loss that the model saves, and AUC beyond its own. */
  readonly gains: readonly {
    readonly against: string;
    readonly days: number;
    readonly logLoss: Measured;
    readonly auc: Measured;
  }[];
  /** Share of the measured flights that were at most as late as each quantile said; it should be its level. */
  readonly coverage: readonly (Measured & { readonly level: number })[];
}

/** What training writes has some hundred kilobytes. */
const REPORT_LIMIT_BYTES = 16 * 2 ** 20;

/** Features beyond these are not listed. */
const FEATURES_SHOWN = 12;

export const readTrainingReport = ({ path, version }: LoadedModel): TrainingReport | undefined => {
  let report: Record<string, unknown>;
  try {
    report = JSON.parse(
      readRegularFile(join(dirname(path), 'report.json'), REPORT_LIMIT_BYTES).toString('utf8'),
    );
  } catch {
    return undefined;
  }
  if (typeof report !== 'object' || report === null || report['version'] !== version)
    return undefined;
  return {
    reliability: recordsIn(report['reliability'], ['predicted', 'observed', 'rows']).map((row) => ({
      predicted: row['predicted'] as number,
      observed: row['observed'] as number,
      rows: row['rows'] as number,
    })),
    importance: sharesOf(recordsIn(report['importance'], ['meanAbsolute'])),
    gains: recordsIn(report['comparisons'], ['days']).map((row) => ({
      against: String(row['against']),
      days: row['days'] as number,
      logLoss: measuredOf(row['logLoss']),
      auc: measuredOf(row['auc']),
    })),
    coverage: recordsIn(report['heads'], []).flatMap(({ coverage }) => {
      const level = partOf(coverage, 'level');
      return typeof level === 'number' ? [{ level, ...measuredOf(coverage) }] : [];
    }),
  };
};

/** The records of a list that hold numbers under these names; another program may have written the file. */
const recordsIn = (
  list: unknown,
  names: readonly string[],
): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(list)
    ? list.filter(
        (row) =>
          typeof row === 'object' &&
          row !== null &&
          names.every((name) => Number.isFinite((row as Record<string, unknown>)[name])),
      )
    : [];

const partOf = (record: unknown, name: string): unknown =>
  typeof record === 'object' && record !== null
    ? (record as Readonly<Record<string, unknown>>)[name]
    : undefined;

const measuredOf = (record: unknown): Measured => {
  const interval = partOf(record, 'interval');
  const [low, high] = [partOf(interval, 'low'), partOf(interval, 'high')];
  return {
    value: Number(partOf(record, 'value')),
    interval: typeof low === 'number' && typeof high === 'number' ? { low, high } : null,
  };
};

const sharesOf = (
  rows: readonly Readonly<Record<string, unknown>>[],
): TrainingReport['importance'] => {
  const sizeOf = (row: Readonly<Record<string, unknown>>): number => row['meanAbsolute'] as number;
  const total = rows.reduce((sum, row) => sum + sizeOf(row), 0);
  if (!(total > 0)) return [];
  return rows
    .map((row) => ({ feature: String(row['feature']), share: sizeOf(row) / total }))
    .sort((a, b) => b.share - a.share)
    .slice(0, FEATURES_SHOWN);
};
