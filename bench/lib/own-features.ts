/**
 * Puntual's own features as a task for its peers: the bins that its learner sees, as columns of float32.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Table } from '../../src/core/table.ts';
import { isCategorical } from '../../src/core/features.ts';
import { buildTrainingPool } from '../../src/train/engine/training-pool.ts';
import { type BoostRows, joinRows } from '../../src/train/growing/training-rows.ts';
import { prepare } from '../../src/train/preparation.ts';
import { DEFAULT_OPTIONS } from '../../src/train/settings.ts';
import type { Task } from './accuracy-data.ts';
import { OUT, type Part } from './train-data.ts';

/** Learned from the train and early-stopping days, stopped on the calibration days, tested from a day on. */
export const ownFeatureTask = async (
  table: Table,
  name: string,
  testFrom: number,
): Promise<Task> => {
  mkdirSync(OUT, { recursive: true });
  const pool = buildTrainingPool(2);
  try {
    const { parts, features, bins } = await prepare(table, { ...DEFAULT_OPTIONS, testFrom }, pool);
    const save = (part: string, { data, labels, nRows }: BoostRows): Part => {
      const file = `${OUT}own-${name}-${part}.f32`;
      const columns = new Float32Array((features.length + 1) * nRows);
      columns.set(data.subarray(0, features.length * nRows));
      columns.set(labels, features.length * nRows);
      writeFileSync(file, new Uint8Array(columns.buffer));
      return { file, rows: nRows };
    };
    const categorical = features.flatMap((feature, f) => (isCategorical(feature) ? [f] : []));
    return {
      name,
      features: features.map((feature) => feature.name),
      leaves: 31,
      learningRate: 0.05,
      trees: 600,
      climatology: [0, 0],
      days: undefined,
      categorical,
      codes: Object.fromEntries(categorical.map((f) => [f, bins[f]!.nBins])),
      train: save('train', joinRows([parts.train, parts.validation])),
      validation: save('validation', parts.calibration),
      test: save('test', parts.test),
    };
  } finally {
    pool.dismiss();
  }
};
