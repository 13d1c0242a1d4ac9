/**
 * The refusal of a file that no reader knows: what it probably is, and what its owner can do.
 */
import { AppError } from '../core/errors.ts';

interface Kind {
  /** What the first 64 bytes look like, as latin-1. */
  readonly starts: RegExp;
  /** A text anywhere in the first bytes, where the beginning does not tell. */
  readonly holds?: string;
  readonly says: string;
}

const LOOKED_AT_BYTES = 65_536;

const KINDS: readonly Kind[] = [
  {
    starts: /^PK\x03\x04/,
    holds: 'data.pkl',
    says: 'a PyTorch file; neural networks are not supported',
  },
  {
    starts: /^PK\x03\x04/,
    holds: 'config.json',
    says: 'a Keras file; neural networks are not supported',
  },
  { starts: /^PK\x03\x04/, says: 'a zip archive; unpack it and import the model inside' },
  { starts: /^\x89HDF/, says: 'an HDF5 file, as Keras writes; neural networks are not supported' },
  { starts: /^\x93NUMPY/, says: 'a NumPy array, not a model' },
  {
    starts: /^(binf|bs64)/,
    says: "a model in XGBoost's old binary format; save_model('model.ubj') writes one that is read",
  },
  { starts: /^PAR1/, says: 'a Parquet table, not a model' },
  {
    starts: /^version https:\/\/git-lfs/,
    says: 'a pointer of Git LFS; `git lfs pull` brings the model',
  },
  { starts: /^[\s\u00ef\u00bb\u00bf]*</, says: 'XML or a web page, not a model' },
  {
    starts: /^.{8}\{/s,
    holds: 'puntual-model-1',
    says: 'a model of Puntual already; `puntual serve --model FILE` serves it',
  },
  { starts: /^[\w" .-]+([,;\t][\w" .-]*)+(\r?\n|$)/, says: 'a table of text, not a model' },
];

/** The refusal of a file of no known format, with the best guess. */
export const unknownFormatError = (bytes: Uint8Array): AppError => {
  if (bytes.length === 0) return new AppError('model-unsupported', 'the file is empty');
  const text = Buffer.from(bytes.subarray(0, LOOKED_AT_BYTES)).toString('latin1');
  const head = text.slice(0, 64);
  const kind = KINDS.find(
    ({ starts, holds }) => starts.test(head) && (holds === undefined || text.includes(holds)),
  );
  return new AppError(
    'model-unsupported',
    kind
      ? `the file is ${kind.says}`
      : 'the file is of no known format; LightGBM text, XGBoost JSON or UBJSON, CatBoost .cbm and JSON, ONNX, and scikit-learn pickle or joblib are read',
  );
};
