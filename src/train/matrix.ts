/**
 * Flights as a matrix for a learner elsewhere: the features as training sees them (each row's statistics of strictly
 * earlier days; those of the test as they are stored), and the model that is to come, without its trees.
 */
import { ruleOf } from '../core/around/weather.ts';
import { wholeProcessors } from '../host/processors.ts';
import type { Model } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { valuesOf } from './binning/column-binning.ts';
import { buildTrainingPool } from './engine/training-pool.ts';
import { PARTS, type Part, recordDays } from './features/time-split.ts';
import { prepare } from './preparation.ts';
import { buildBaselines } from './quality/baseline-model.ts';
import { distributionsOf } from './input-distribution.ts';
import { rateOf } from './quality/metrics.ts';
import type { TrainOptions } from './settings.ts';
import { awkwardRows } from './flight-samples.ts';

interface FeatureMatrixPart {
  readonly name: Part;
  readonly nRows: number;
  readonly features: readonly Float64Array[];
  readonly labels: Uint8Array;
  readonly minutes: Float32Array;
  readonly departures: Float64Array;
  readonly airlineCodes: Int32Array;
  readonly airlines: readonly string[];
  readonly climatology: Float64Array;
  readonly logistic: Float64Array;
}

interface FeatureMatrix {
  /** Inputs, features, days and distributions of the model to come; its one head says nothing yet. */
  readonly definition: Model;
  readonly baselines: Model;
  readonly parts: readonly FeatureMatrixPart[];
}

/** @throws AppError data-too-small, data-unfit, data-leak */
export const buildFeatureMatrix = async (
  table: Table,
  options: TrainOptions,
): Promise<FeatureMatrix> => {
  const pool = buildTrainingPool(options.nThreads ?? wholeProcessors());
  try {
    const prepared = await prepare(table, options, pool);
    const { inputs, features, flights, parts, split, known, columns, labels } = prepared;
    const departures = departuresOf(table);
    const { airline } = table.columns;
    const { weather } = table.surroundings ?? {};
    const { model: baselines, answers } = buildBaselines(prepared, options);
    const selfTestRaw = awkwardRows(flights, table.nRows);
    const nSelfTest = selfTestRaw.length / inputs.length;
    const rejected = Object.values(table.source.rejected).reduce((sum, n) => sum + n, 0);
    const nothing = (n: number): Float64Array => new Float64Array(n).fill(Number.NaN);
    return {
      baselines,
      definition: {
        name: options.name,
        inputs,
        features,
        heads: [
          {
            kind: 'probability',
            minutes: options.lateMinutes,
            given: 'nothing',
            link: 'logistic',
            calibration: { kind: 'none' },
            score: { kind: 'linear', weights: new Float64Array(features.length), intercept: 0 },
          },
        ],
        threshold: 0.5,
        provenance: {
          madeBy: 'puntual',
          trainedOn: {
            dialect: table.source.dialect,
            target: table.source.target,
            rows: { read: table.source.nRowsRead, rejected, used: table.nRows },
            split: split.dates,
            ...(weather && { weather: ruleOf(weather) }),
            known: {
              ...recordDays(departures, known),
              rows: known.length,
              baseRate: rateOf(Uint8Array.from(known, (row) => labels[row]!)),
            },
            settings: {
              lateMinutes: options.lateMinutes,
              seed: options.seed,
              split: options.split,
            },
          },
        },
        shares: distributionsOf(flights, known),
        selfTest: {
          nRows: nSelfTest,
          raw: selfTestRaw,
          answers: new Float64Array(nSelfTest).fill(0.5),
        },
      },
      parts: PARTS.map((name, p): FeatureMatrixPart => {
        const rows = split.rows[name];
        const isTest = name === 'test';
        return {
          name,
          nRows: rows.length,
          features: columns.map(({ parts: sources }) => valuesOf(sources[p]!)),
          labels: parts[name].labels,
          minutes: Float32Array.from(rows, (row) => table.delayMinutes[row]!),
          departures: Float64Array.from(rows, (row) => departures[row]!),
          airlineCodes: Int32Array.from(rows, (row) =>
            airline?.kind === 'category' ? airline.codes[row]! : -1,
          ),
          airlines: airline?.kind === 'category' ? airline.values : [],
          climatology: isTest ? answers.climatology : nothing(rows.length),
          logistic: isTest ? answers.logistic : nothing(rows.length),
        };
      }),
    };
  } finally {
    pool.dismiss();
  }
};
