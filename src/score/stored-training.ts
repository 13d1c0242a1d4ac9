/**
 * What a training leaves behind: the model with the self-test that it must pass before it may serve, and the baselines
 * that were learned with it, in a file beside it.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encodeModel, readModel } from '../core/model-file.ts';
import type { Model } from '../core/model.ts';
import { beginVersion, type VersionInMaking } from '../core/model-store.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import type { Trained } from '../train/training.ts';

/** A model and where it was found. */
export interface StoredModel {
  readonly model: Model;
  readonly path: string;
  readonly version: string;
}

const BASELINES = 'baselines.safetensors';

/** The folder, beside a model that was learned again from every flight, of the one that its report judges. */
const JUDGED = 'judged';

/** Where a model goes. */
interface StorePlace {
  readonly modelsDir: string;
  readonly made: Date;
}

/** What was learned, each model with its baselines, as a version that is not there yet. @throws AppError as `beginVersion` does */
export const beginTrained = (
  { judged, refit }: Pick<Trained, 'judged' | 'refit'>,
  { modelsDir, made }: StorePlace,
): { readonly model: Model; readonly making: VersionInMaking } => {
  const { model: plain, selfTestRaw, baselines } = refit ?? judged;
  const model = withSelfTest(plain, selfTestRaw);
  const making = beginVersion(modelsDir, model, made);
  making.add(BASELINES, encodeModel(baselines).bytes);
  if (refit) {
    const again = withSelfTest(judged.model, judged.selfTestRaw);
    making.add(join(JUDGED, basename(making.path)), encodeModel(again).bytes);
    making.add(join(JUDGED, BASELINES), encodeModel(judged.baselines).bytes);
  }
  return { model, making };
};

/** Stores what was learned, each model with its baselines. @throws AppError as `beginTrained` does */
export const storeTrained = (
  trained: Pick<Trained, 'judged' | 'refit'>,
  { isPublished, ...place }: StorePlace & { readonly isPublished: boolean },
): { readonly model: Model; readonly path: string; readonly version: string } => {
  const { model, making } = beginTrained(trained, place);
  making.finish(isPublished);
  return { model, path: making.path, version: making.version };
};

/** The file of the model that the report of the model at a path judges, where that is another one. */
export const judgedPathOf = (modelPath: string): string | undefined => {
  const path = join(dirname(modelPath), JUDGED, basename(modelPath));
  return existsSync(path) ? path : undefined;
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
