/**
 * What a pickle's calls mean: a few build plain values and NumPy arrays, all others become inert objects.
 */
import { unsafeName } from './allowlist.ts';
import {
  checkArray,
  dtypeOf,
  emptyArray,
  isDtype,
  itemCount,
  parseDtype,
  refineDtype,
  scalarOf,
  setDtype,
} from './numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  type NdArray,
  needItems,
  needNumber,
  type PyObject,
  type PyValue,
} from './python-values.ts';

/** The value of `name(*args)`, for a name of the closed table. */
export const callGlobal = (name: string, args: readonly PyValue[]): PyValue => {
  switch (name) {
    case '_codecs.encode': {
      const [text, codec] = args;
      if (typeof text !== 'string' || (codec !== 'latin1' && codec !== undefined))
        throw broken('it encodes something that is no latin-1 text');
      return Buffer.from(text, 'latin1');
    }
    case 'builtins.bytes':
    case 'builtins.bytearray': {
      const [bytes] = args;
      if (bytes === undefined) return new Uint8Array(0);
      if (bytes instanceof Uint8Array) return bytes;
      if (typeof bytes === 'string') return Buffer.from(bytes, 'latin1');
      throw broken('it makes bytes of something else');
    }
    case 'builtins.set':
    case 'builtins.frozenset':
      return { kind: 'list', items: args[0] === undefined ? [] : [...needItems(args[0], 'a set')] };
    case 'collections.OrderedDict':
    case 'collections.defaultdict':
      return { kind: 'dict', entries: new Map() };
    case 'copyreg._reconstructor': {
      const [cls] = args;
      if (!isKind(cls, 'global')) throw broken('it rebuilds what is no class');
      return {
        kind: 'object',
        name: cls.name,
        args: [],
        state: null,
        ...(cls.isOwn && { isOwn: true }),
      };
    }
    case 'builtins.getattr': {
      // SciPy keeps methods of its distributions so. Nothing is looked up.
      const [owner, method] = args;
      if (
        !isKind(owner, 'object') ||
        !/^scipy\.stats\.\w+\.\w+_gen$/.test(owner.name) ||
        typeof method !== 'string' ||
        !/^_?[a-z]+$/.test(method)
      )
        throw unsafeName(name);
      return { kind: 'object', name, args, state: null };
    }
    case 'numpy.core._ufunc_reconstruct': {
      const [module, name] = args;
      if (module !== 'numpy' || typeof name !== 'string') throw broken('a function has no name');
      return { kind: 'global', name: `numpy.${name}` };
    }
    case 'numpy.core.multiarray._reconstruct':
      return emptyArray();
    case 'numpy.core.multiarray.scalar':
      return scalar(args);
    case 'numpy.core.numeric._frombuffer':
      return fromBuffer(args);
    case 'numpy.dtype': {
      const [text] = args;
      if (typeof text !== 'string') throw broken('an array type has no name');
      const value: PyObject = { kind: 'object', name, args, state: null };
      setDtype(value, parseDtype(text));
      return value;
    }
    default:
      return { kind: 'object', name, args, state: null };
  }
};

const scalar = ([type, value]: readonly PyValue[]): PyValue => {
  const dtype = dtypeOf(type!);
  if (dtype.code === 'O') return value ?? null;
  if (!(value instanceof Uint8Array)) throw broken('a number of NumPy has no bytes');
  return scalarOf(dtype, value);
};

const fromBuffer = ([buffer, type, shape, order]: readonly PyValue[]): PyValue => {
  if (!(buffer instanceof Uint8Array)) throw broken('an array has no bytes');
  const array: NdArray = {
    ...emptyArray(),
    shape: shapeOf(shape),
    dtype: dtypeOf(type!),
    isFortran: order === 'F',
    bytes: buffer,
  };
  checkArray(array);
  return array;
};

const shapeOf = (value: PyValue | undefined): number[] =>
  needItems(value, 'a shape').map((length) => needNumber(length, 'a length'));

/** BUILD: gives an object its state. */
export const buildObject = (target: PyValue, state: PyValue): void => {
  if (isKind(target, 'array')) fillArray(target, state);
  else if (isDtype(target)) setDtype(target, refineDtype(dtypeOf(target), state));
  else if (isKind(target, 'object')) {
    // A pair is (dictionary, slots).
    const pair = isKind(state, 'tuple') && state.items.length === 2 ? state.items[0] : undefined;
    target.state = isKind(pair, 'dict') ? pair : state;
  } else if (!isKind(target, 'dict')) throw broken('it gives a state to what has none');
};

/** (version, shape, dtype, Fortran order, bytes or list) */
const fillArray = (array: NdArray, state: PyValue): void => {
  const items = needItems(state, "an array's state");
  const [shape, type, isFortran, content] = items.slice(items.length === 5 ? 1 : 0);
  array.shape = shapeOf(shape);
  array.dtype = dtypeOf(type!);
  array.isFortran = isFortran === true || isFortran === 1;
  if (array.dtype.code === 'O') array.objects = needItems(content, "an array's items");
  else if (content instanceof Uint8Array) array.bytes = content;
  else if (typeof content === 'string') array.bytes = Buffer.from(content, 'latin1');
  else throw broken('an array has no bytes');
  checkArray(array);
};

/** joblib: the array's bytes lie in the stream, after the wrapper that says its shape. */
export const fillArrayFrom = (
  wrapper: PyObject,
  take: (length: number) => Uint8Array,
  nested: () => PyValue,
): NdArray => {
  const dtype = dtypeOf(attributeOf(wrapper, 'dtype') ?? null);
  const shape = shapeOf(attributeOf(wrapper, 'shape'));
  if (dtype.code === 'O') {
    const value = nested();
    if (!isKind(value, 'array')) throw broken('an array of objects is missing');
    return value;
  }
  const alignment = attributeOf(wrapper, 'numpy_array_alignment_bytes');
  if (alignment !== undefined && alignment !== null) take(take(1)[0]!);
  const array: NdArray = {
    ...emptyArray(),
    shape,
    dtype,
    isFortran: attributeOf(wrapper, 'order') === 'F',
    bytes: take(itemCount(shape) * dtype.itemBytes),
  };
  checkArray(array);
  return array;
};
