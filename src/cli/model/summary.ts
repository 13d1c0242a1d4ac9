/**
 * What can be said of a model file: its summary, and the outcome of a full check.
 */
import { statSync } from 'node:fs';
import type { Head, Model } from '../../core/model.ts';
import { type LoadedModel, readModel } from '../../core/model-file.ts';
import { compilePredictor } from '../../predict/compile.ts';

/** A model in plain JSON: everything but its trees. */
export const summaryOf = ({ model, sha256, version, path }: LoadedModel) => ({
  version,
  path,
  sha256,
  bytes: statSync(path).size,
  ...summaryOfModel(model),
});

/** What can be said of a model before it is written. */
export const summaryOfModel = (model: Model) => ({
  name: model.name,
  madeBy: model.provenance.madeBy,
  ...(model.provenance.classes && { classes: model.provenance.classes }),
  ...(model.provenance.notes && { notes: model.provenance.notes }),
  inputs: model.inputs,
  features: model.features.map((feature) => `${feature.name}: ${feature.step}`),
  heads: model.heads.map((head) => summaryOfHead(head, model.provenance.classes?.late)),
  threshold: model.threshold,
  ...(model.provenance.trainedOn && {
    rows: model.provenance.trainedOn.rows,
    split: model.provenance.trainedOn.split,
    settings: model.provenance.trainedOn.settings,
    ...(model.provenance.trainedOn.known && { known: model.provenance.trainedOn.known }),
  }),
  ...(model.provenance.test && { test: model.provenance.test }),
  ...(model.provenance.baselines && { baselines: model.provenance.baselines }),
});

/** @param className the outcome whose probability a foreign model says, which need not be a delay */
const summaryOfHead = (head: Head, className: string | undefined) => ({
  answer: answerOf(head, className),
  kind: head.score.kind,
  ...(head.score.kind === 'forest' && {
    trees: head.score.forest.nTrees,
    leaves: head.score.forest.feature.reduce((n, feature) => (feature === -1 ? n + 1 : n), 0),
  }),
  ...(head.kind === 'probability' && { calibration: head.calibration.kind }),
});

const answerOf = (head: Head, className: string | undefined): string => {
  if (head.kind === 'quantile') return `P${Math.round(head.level * 100)} minutes of delay`;
  return className === undefined ? `P(delay >= ${head.minutes} min)` : `P(class '${className}')`;
};

/**
 * Reads, checks and compiles a model as a worker does before it serves.
 * @throws AppError model-missing, file-unreadable, model-broken, model-unfit
 */
export const verifyModel = (path: string) => {
  const startMs = performance.now();
  const { model, sha256, version } = readModel(path);
  compilePredictor(model);
  return {
    ok: true,
    name: model.name,
    version,
    path,
    sha256,
    selfTestRows: model.selfTest.nRows,
    readyMs: Math.round((performance.now() - startMs) * 10) / 10,
  };
};
