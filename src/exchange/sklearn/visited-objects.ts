/**
 * What was visited while one file of scikit-learn is read, so that reading ends: a pickle can hold one object in
 * many places, and inside itself.
 */
import { broken, type NdArray, type PyObject, unsupported } from '../pickle/python-values.ts';

const DERIVED_COLUMNS_LIMIT = 4_000_000;

export interface VisitedObjects {
  /** Trees that were read; an undamaged file holds no tree twice. */
  readonly trees: Set<PyObject | NdArray>;
  /** Estimators and steps that are being read. */
  readonly open: Set<PyObject>;
  /** Columns that all steps together have made. */
  nDerived: number;
}

export const startVisited = (): VisitedObjects => ({
  trees: new Set(),
  open: new Set(),
  nDerived: 0,
});

/** @throws AppError model-broken for a tree that was read before */
export const visitTree = ({ trees }: VisitedObjects, tree: PyObject | NdArray): void => {
  if (trees.has(tree)) throw broken('the same tree is there twice');
  trees.add(tree);
};

/** Reads an object's parts. @throws AppError model-broken where it is a part of itself */
export const within = <T>({ open }: VisitedObjects, object: PyObject, read: () => T): T => {
  if (open.has(object)) throw broken(`a ${object.name} is a part of itself`);
  open.add(object);
  const result = read();
  open.delete(object);
  return result;
};

/** @throws AppError model-unsupported past what any model of flights has */
export const countColumns = (visited: VisitedObjects, nDerived: number): void => {
  visited.nDerived += nDerived;
  if (visited.nDerived > DERIVED_COLUMNS_LIMIT)
    throw unsupported('the steps of the model make too many columns');
};
