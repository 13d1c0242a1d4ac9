/**
 * A model out of a matrix folder that `features` wrote and the trees that another program learned from it, with its report.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { jsonFault } from '../../core/json-fault.ts';
import { readModel } from '../../core/model-file.ts';
import { beginVersion } from '../../core/model-store.ts';
import { scoreOverFeatures } from '../../exchange/over-features.ts';
import type { MatrixRows } from '../../flights/output/matrix-folder.ts';
import {
  checkMatrixRows,
  matrixMonths,
  readMatrixPart,
} from '../../flights/output/matrix-reading.ts';
import { peakMemoryMb } from '../../host/peak-memory.ts';
import { compilePredictor } from '../../predict/compile.ts';
import { verdictOf } from '../../report/training/verdict.ts';
import { finishLearnedElsewhere } from '../../score/learned-elsewhere.ts';
import { refusalBy } from './climatology-gate.ts';
import type { Publication } from './publication.ts';
import { addReport } from './report-files.ts';

/** The model to come, without its trees. */
export const DEFINITION_FILE = 'definition.safetensors';
export const BASELINES_FILE = 'baselines.safetensors';
/** What each column is, and how many rows each part has. */
export const COLUMNS_FILE = 'features.json';

interface ElsewhereOptions {
  /** The other library's file. */
  readonly bytes: Uint8Array;
  /** The folder that `features` wrote. */
  readonly folder: string;
  readonly modelsDir: string;
  readonly name?: string | undefined;
  readonly positive?: string | undefined;
}

/**
 * Calibrated, judged on the test days and stored with `report.json` and `report.html` beside it; made current where it
 * gains on climatology.
 * @throws AppError file-missing, file-broken, and as `scoreOverFeatures` and `compilePredictor` do
 */
export const importLearnedElsewhere = async ({
  bytes,
  folder,
  modelsDir,
  name,
  positive,
}: ElsewhereOptions) => {
  const startMs = performance.now();
  const file = join(folder, DEFINITION_FILE);
  if (!existsSync(file))
    throw new AppError(
      'file-missing',
      `${folder} holds no ${DEFINITION_FILE}; a folder that 'puntual features' wrote is expected`,
    );
  const { model: plain } = readModel(file);
  const definition = name === undefined ? plain : { ...plain, name };
  const names = definition.features.map((feature) => feature.name);
  const foreign = scoreOverFeatures(bytes, names, positive);
  const written = rowsWritten(folder);
  if (written) await checkMatrixRows(folder, written);
  const { model, evaluation, ...rest } = await finishLearnedElsewhere(definition, foreign, {
    train: matrixMonths(folder, names, 'train'),
    validation: await readMatrixPart(folder, names, 'validation'),
    calibration: await readMatrixPart(folder, names, 'calibration'),
    test: await readMatrixPart(folder, names, 'test'),
  });
  compilePredictor(model);
  const refusal = refusalBy(evaluation);
  const publication: Publication = {
    isCurrent: refusal === undefined,
    reason: refusal ?? 'made current',
  };
  const making = beginVersion(modelsDir, model, new Date());
  const trainedOn = definition.provenance.trainedOn!;
  const report = {
    model: making.path,
    version: making.version,
    madeBy: foreign.madeBy,
    features: folder,
    publication,
    verdict: verdictOf(evaluation).text,
    ...evaluation,
    ...rest,
    dialect: trainedOn.dialect,
    target: trainedOn.target,
    lateMinutes: Number(trainedOn.settings['lateMinutes']),
    rows: trainedOn.rows,
    split: trainedOn.split,
    threshold: model.threshold,
    seconds: (performance.now() - startMs) / 1000,
    peakMemoryMb: peakMemoryMb(),
  };
  try {
    making.add(BASELINES_FILE, readFileSync(join(folder, BASELINES_FILE)));
    addReport(making, report);
    making.finish(publication.isCurrent);
  } catch (error) {
    making.abandon();
    throw error;
  }
  return report;
};

/** What `features` counted; undefined in a folder that an older version wrote. @throws AppError file-missing, file-broken */
const rowsWritten = (folder: string): MatrixRows | undefined => {
  const file = join(folder, COLUMNS_FILE);
  if (!existsSync(file))
    throw new AppError(
      'file-missing',
      `${folder} holds no ${COLUMNS_FILE}; a folder that 'puntual features' wrote is expected`,
    );
  try {
    const { parts } = JSON.parse(readFileSync(file, 'utf8')) as { parts?: unknown };
    if (parts === undefined || isMatrixRows(parts)) return parts;
  } catch (error) {
    throw new AppError('file-broken', `${file} is damaged: ${jsonFault(error)}`, {
      cause: error,
    });
  }
  throw new AppError(
    'file-broken',
    `${file}: "parts" does not hold the rows of each part and of its files; copy it again as 'puntual features' wrote it`,
  );
};

const isMatrixRows = (parts: unknown): parts is MatrixRows =>
  isRecord(parts) &&
  Object.values(parts).every(
    (part) =>
      isRecord(part) &&
      isCount(part['rows']) &&
      isRecord(part['files']) &&
      Object.values(part['files']).every(isCount),
  );

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
