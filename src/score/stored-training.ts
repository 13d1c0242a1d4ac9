/**
 * What a training leaves behind: the model with the self-test that it must pass before it may serve, and the baselines
 * that were learned with it, in a file beside it.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readModel, writeModel } from '../core/model-file.ts';
import type { Model } from '../core/model.ts';
import { storeModel } from '../core/model-store.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import type { Trained } from '../train/training.ts';

const BASELINES = 'baselines.safetensors';

/** Stores a model, made current, and its baselines. @throws AppError as `storeModel` does */
export const storeTrained = (
  modelsDir: string,
  trained: Pick<Trained, 'model' | 'selfTestRaw' | 'baselines'>,
  now: Date,
): { readonly model: Model; readonly path: string; readonly version: string } => {
  const model = withSelfTest(trained.model, trained.selfTestRaw);
  const { path, version } = storeModel(modelsDir, model, now);
  writeModel(trained.baselines, join(dirname(path), BASELINES));
  return { model, path, version };
};

/** The baselines of the model at a path; undefined for one that came without any. */
export const readBaselines = (modelPath: string): Model | undefined => {
  const file = join(dirname(modelPath), BASELINES);
  return existsSync(file) ? readModel(file).model : undefined;
};

/** The model with flights whose right answers it must give before it may serve. */
const withSelfTest = (model: Model, raw: Float64Array): Model => {
  const nRows = raw.length / model.inputs.length;
  const answers = new Float64Array(nRows * model.heads.length);
  buildReferencePredictor(model).predictInto(raw, nRows, answers);
  return { ...model, selfTest: { nRows, raw, answers } };
};
