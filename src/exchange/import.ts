/**
 * The way in for every foreign format: looks at the first bytes and calls the reader that knows them.
 */
import { AppError } from '../core/errors.ts';
import type { Model } from '../core/model.ts';
import { isCatBoostBinary, parseCatBoostBinary } from './catboost/cbm.ts';
import { isCatBoostJson, parseCatBoostJson } from './catboost/json.ts';
import type { NamedColumn } from './check-rows.ts';
import { decompress } from './compression/decompress.ts';
import type { ForeignModel } from './foreign-model.ts';
import { proposeGroups } from './group-proposals.ts';
import type { InputSpec, InputsFile } from './inputs-file.ts';
import { parseLightGbm } from './lightgbm/lightgbm.ts';
import { parseOnnx } from './onnx/onnx.ts';
import { parsePickle } from './pickle/pickle.ts';
import { readSklearn } from './sklearn/sklearn.ts';
import { toModel } from './to-model.ts';
import { unknownFormatError } from './unknown-format.ts';
import { parseXgboost } from './xgboost/xgboost.ts';

const FILE_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * @param name of the model, where the spec has none
 * @throws AppError model-broken, model-unsupported, model-unsafe, value-invalid
 */
export const importModel = (bytes: Uint8Array, spec: InputsFile, name: string): Model =>
  toModel(parseForeign(bytes, spec.path), spec, name).model;

/** A model, what its library's columns became, and groups that they may be. */
interface Imported {
  readonly model: Model;
  readonly columns: readonly NamedColumn[];
  readonly proposals: readonly InputSpec[];
}

/** @throws AppError as `importModel` */
export const importWithProposals = (
  bytes: Uint8Array,
  spec: InputsFile,
  name: string,
): Imported => {
  const foreign = parseForeign(bytes, spec.path);
  return { ...toModel(foreign, spec, name), proposals: proposeGroups(foreign, spec) };
};

/**
 * @param path where a pickle holds the model
 * @throws AppError model-broken, model-unsupported, model-unsafe, value-invalid (nothing lies at the path)
 */
export const parseForeign = (bytes: Uint8Array, path?: string): ForeignModel => {
  if (bytes.length > FILE_LIMIT_BYTES)
    throw new AppError('model-unsupported', `the model is larger than ${FILE_LIMIT_BYTES} bytes`);
  const plain = decompress(bytes);
  const [first, second] = plain;
  const head = Buffer.from(plain.subarray(0, 64)).toString('latin1');
  // PROTO of protocol 2 and on; a class, a mark or a persistent id of protocols 0 and 1.
  const isPickle =
    (first === 0x80 && second! <= 5) || /^(c[^,;\t\n]*(\n|$)|\(|P(?!K\x03\x04|AR1))/.test(head);
  if (isPickle) return readPickle(plain, path);
  if (path !== undefined)
    throw new AppError('value-invalid', '--path is for a pickle, which this file is not');
  if (/^tree\r?\n/.test(head)) return parseLightGbm(Buffer.from(plain).toString('utf8'));
  if (isCatBoostJson(head)) return parseCatBoostJson(Buffer.from(plain).toString('utf8'));
  if (isCatBoostBinary(head)) return parseCatBoostBinary(plain);
  if (first === 0x7b) return parseXgboost(plain);
  if (first === 0x08) return parseOnnx(plain);
  throw unknownFormatError(plain);
};

/** An old library may be why a pickle is refused: then its version is said. */
const readPickle = (bytes: Uint8Array, path: string | undefined): ForeignModel => {
  try {
    return readSklearn(parsePickle(bytes, path !== undefined), path);
  } catch (error) {
    const version = oldVersionIn(bytes);
    if (
      !(error instanceof AppError) ||
      (error.code !== 'model-unsupported' && error.code !== 'model-broken') ||
      version === undefined ||
      error.message.includes(version)
    )
      throw error;
    throw new AppError(
      error.code,
      `${error.message} (scikit-learn ${version} wrote the file; loaded and dumped again with 1.0 or newer it may be read)`,
      { cause: error },
    );
  }
};

/** The version of scikit-learn that a pickle names, where it is one before 1.0. */
const oldVersionIn = (bytes: Uint8Array): string | undefined => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = text.indexOf('_sklearn_version');
  if (at < 0) return undefined;
  return /[^\d.](0\.\d{1,2}(?:\.\d{1,2})?)/.exec(text.toString('latin1', at + 16, at + 64))?.[1];
};
