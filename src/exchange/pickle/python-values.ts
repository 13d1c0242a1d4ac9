/**
 * Python values as a pickle describes them: inert records, never called, never looked up on a prototype.
 */
import { AppError } from '../../core/errors.ts';

export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyList
  | PyTuple
  | PyDict
  | PyGlobal
  | PyObject
  | NdArray;

/** Also a set: an order is kept, nothing is looked up. */
interface PyList {
  readonly kind: 'list';
  readonly items: PyValue[];
}

interface PyTuple {
  readonly kind: 'tuple';
  readonly items: readonly PyValue[];
}

export interface PyDict {
  readonly kind: 'dict';
  readonly entries: Map<PyValue, PyValue>;
}

/** A class or function that was named, not called. */
interface PyGlobal {
  readonly kind: 'global';
  readonly name: string;
  /** Whether it is none of the closed table: a class of whoever wrote the pickle. */
  readonly isOwn?: boolean;
}

/** What a class was to be made with; nothing ran. */
export interface PyObject {
  readonly kind: 'object';
  readonly name: string;
  readonly args: readonly PyValue[];
  state: PyValue;
  /** Whether its class is one of whoever wrote the pickle. */
  readonly isOwn?: boolean;
}

/** A field of a structured array. */
export interface Field {
  readonly name: string;
  readonly type: Dtype;
  readonly at: number;
}

export interface Dtype {
  /** b, i, u, f: numbers; U, S: text; O: Python values; V: fields. */
  readonly code: string;
  readonly itemBytes: number;
  readonly isBigEndian: boolean;
  readonly fields: readonly Field[];
}

export interface NdArray {
  readonly kind: 'array';
  shape: readonly number[];
  dtype: Dtype;
  isFortran: boolean;
  /** Its items, one after the other; empty for dtype O. */
  bytes: Uint8Array;
  /** Items of dtype O. */
  objects: readonly PyValue[];
}

export const isKind = <K extends 'list' | 'tuple' | 'dict' | 'global' | 'object' | 'array'>(
  value: PyValue | undefined,
  kind: K,
): value is Extract<PyValue, { kind: K }> =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Uint8Array) &&
  value.kind === kind;

export const broken = (detail: string): AppError =>
  new AppError('model-broken', `the pickle cannot be read: ${detail}`);

export const unsupported = (detail: string): AppError => new AppError('model-unsupported', detail);

/** What is wrong with an object that lacks what every fitted one has: an old layout, or it was never fitted. */
const lacking = (object: PyObject, name: string): AppError => {
  const version = attributeOf(object, '_sklearn_version');
  const [major] = typeof version === 'string' ? version.split('.') : [undefined];
  if (!object.name.startsWith('sklearn.') || (major !== undefined && Number(major) >= 1))
    return broken(`${object.name} has no ${name}; was it fitted?`);
  return unsupported(
    `scikit-learn ${typeof version === 'string' ? version.slice(0, 20) : 'before 0.18'} wrote this ${object.name} (no ${name}), in a layout that is not read; load and dump it again with 1.0 or newer`,
  );
};

/** The attribute of an object, undefined when it has none. */
export const attributeOf = (object: PyObject, name: string): PyValue | undefined => {
  const { state } = object;
  if (isKind(state, 'dict')) return state.entries.get(name);
  return undefined;
};

/** @throws AppError model-broken */
export const needAttribute = (object: PyObject, name: string): PyValue => {
  const value = attributeOf(object, name);
  if (value === undefined) throw lacking(object, name);
  return value;
};

/** @throws AppError model-broken */
export const needNumber = (value: PyValue | undefined, what: string): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint') return Number(value);
  throw broken(`${what} is not a number`);
};

/** Whether a flag is set, which may be one of NumPy's. */
export const isTrue = (value: PyValue | undefined): boolean => value === true || value === 1;

/** Items of a list or tuple. @throws AppError model-broken */
export const needItems = (value: PyValue | undefined, what: string): readonly PyValue[] => {
  if (isKind(value, 'list') || isKind(value, 'tuple')) return value.items;
  if (isKind(value, 'array') && value.dtype.code === 'O') return value.objects;
  throw broken(`${what} is not a list`);
};

/** @throws AppError model-broken */
export const needObject = (value: PyValue | undefined, what: string): PyObject => {
  if (isKind(value, 'object')) return value;
  throw broken(`${what} is not an object`);
};
