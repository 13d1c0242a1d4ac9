/**
 * How many columns a fitted object was given, and their names, in whatever attribute its version keeps them.
 */
import { arrayNumbers, arrayTexts } from '../pickle/numpy.ts';
import {
  attributeOf,
  isKind,
  needNumber,
  type PyObject,
  type PyValue,
} from '../pickle/python-values.ts';

/** `_feature_names_in` and `_df_columns` before 1.0, of ColumnTransformer only. */
const NAMES = ['feature_names_in_', '_feature_names_in', '_df_columns'];

/** The names that an object was fitted with, if it was with any. */
export const namesOf = (object: PyObject): readonly string[] | undefined => {
  const texts = NAMES.map((name) => textsIn(attributeOf(object, name) ?? null)).find(
    (found) => found,
  );
  // Names that LightGBM gives to columns without one.
  return texts?.every((name, c) => name === `Column_${c}`) ? undefined : texts;
};

/** `n_features_in_` since 0.24, in others since 0.23. */
const COUNTS = ['n_features_in_', 'n_features_', '_n_features', 'n_input_features_'];
/** What a step learned of each column. */
const PER_COLUMN = ['n_bins_', 'mean_', 'scale_', 'center_', 'min_', 'max_abs_', 'statistics_'];

/** How many columns an object was fitted with, where it says so. */
export const countOf = (object: PyObject): number | undefined => {
  for (const name of COUNTS) {
    const count = attributeOf(object, name) ?? null;
    if (count !== null) return needNumber(count, 'its number of columns');
  }
  for (const name of PER_COLUMN) {
    const list = attributeOf(object, name);
    if (isKind(list, 'array') && (list.dtype.code === 'f' || list.dtype.code === 'i'))
      return arrayNumbers(list, name).length;
  }
  const categories = attributeOf(object, 'categories_');
  return isKind(categories, 'list') ? categories.items.length : undefined;
};

/** A list, an array or a pandas Index of texts; undefined for anything else. */
export const textsIn = (value: PyValue): readonly string[] | undefined => {
  if (isKind(value, 'object')) return indexTexts(value);
  const items = isKind(value, 'list') || isKind(value, 'tuple') ? value.items : undefined;
  if (items) return items.every((item) => typeof item === 'string') ? items : undefined;
  if (!isKind(value, 'array')) return undefined;
  const { code } = value.dtype;
  const isText =
    code === 'U' || (code === 'O' && value.objects.every((item) => typeof item === 'string'));
  return isText ? arrayTexts(value, 'the column names') : undefined;
};

/** pandas: over an array of objects, or since 3.0 over one of Arrow: offsets, then UTF-8. */
const indexTexts = (index: PyObject): readonly string[] | undefined => {
  if (index.name !== 'pandas.core.indexes.base._new_Index') return undefined;
  const fields = index.args[1];
  const data = isKind(fields, 'dict') ? fields.entries.get('data') : undefined;
  if (!isKind(data, 'object')) return data === undefined ? undefined : textsIn(data);
  const arrow = attributeOf(data, '_pa_array');
  const parts = isKind(arrow, 'object') ? arrow.args[0] : undefined;
  if (!isKind(parts, 'tuple')) return undefined;
  const [, length, , , buffers] = parts.items;
  if (typeof length !== 'number' || !isKind(buffers, 'list')) return undefined;
  const [, offsets, bytes] = buffers.items.map((buffer) =>
    isKind(buffer, 'object') && buffer.args[0] instanceof Uint8Array ? buffer.args[0] : undefined,
  );
  if (!offsets || !bytes || !(length >= 0) || offsets.length < (length + 1) * 8) return undefined;
  const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
  const edge = (i: number): number => Number(view.getBigInt64(i * 8, true));
  return Array.from({ length }, (_, i) =>
    Buffer.from(bytes.subarray(edge(i), edge(i + 1))).toString('utf8'),
  );
};
