/**
 * Whether a step of scikit-learn was told to make float32 of its columns.
 */
import { dtypeOf, isDtype } from '../pickle/numpy.ts';
import { isKind, type PyValue } from '../pickle/python-values.ts';

/** @param type what a step keeps as its `dtype`: a class of NumPy, or a type */
export const isSingleType = (type: PyValue | undefined): boolean => {
  if (isKind(type, 'global')) return type.name === 'numpy.float32';
  if (!isDtype(type)) return false;
  const { code, itemBytes } = dtypeOf(type);
  return code === 'f' && itemBytes === 4;
};
