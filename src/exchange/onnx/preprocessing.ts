/**
 * The steps of an ONNX graph before its model: several inputs, encoded, filled in and joined to one matrix.
 * @source onnx docs Operators-ml.md (OneHotEncoder, LabelEncoder, Imputer, Scaler)
 */
import { AppError } from '../../core/errors.ts';
import { COLUMNS_LIMIT } from '../build-forest.ts';
import {
  type DerivedColumn,
  type DesignMatrix,
  isUnscaled,
  type SingleColumn,
  shiftAndScale,
  withValues,
} from '../design-matrix.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { broken } from './errors.ts';
import {
  type Attributes,
  castTo,
  DOUBLE,
  FLOAT,
  floatIn,
  floatsIn,
  type GraphNode,
  isReal,
  textsIn,
  wholeIn,
  wholesIn,
} from './node.ts';

/** One input of the graph. */
export interface InputTensor {
  readonly name: string;
  readonly nColumns: number;
  /** The type of its numbers, as ONNX counts them. */
  readonly type: number;
}

/** Steps that leave a matrix as it is. */
const UNCHANGED = ['Identity', 'Cast', 'Reshape', 'Flatten'];

/** @throws AppError model-unsupported for a step that is not known, model-broken for one that does not fit */
export const readPreprocessing = (
  model: GraphNode,
  before: readonly GraphNode[],
  inputs: readonly InputTensor[],
): DesignMatrix => {
  let columns: readonly ForeignColumn[] = inputs.flatMap(({ name, nColumns }) =>
    nColumns === 1
      ? [{ name }]
      : Array.from({ length: nColumns }, (_, c) => ({ name: `${name}_${c}` })),
  );
  if (columns.length > COLUMNS_LIMIT) throw broken(`it has ${columns.length} columns`);
  const tensors = new Map<string, readonly DerivedColumn[]>();
  let column = 0;
  for (const { name, nColumns } of inputs) {
    const first = column;
    tensors.set(
      name,
      Array.from({ length: nColumns }, (_, c) => ({
        column: first + c,
        of: 'number' as const,
        shift: 0,
        scale: 1,
      })),
    );
    column += nColumns;
  }
  const types = inputs.flatMap(({ nColumns, type }) => new Array<number>(nColumns).fill(type));
  const cellsOf = (name: string | undefined): readonly DerivedColumn[] => {
    const derivedColumns = tensors.get(name ?? '');
    if (!derivedColumns) throw unsupported(`asks for ${name ?? 'nothing'} before it is made`);
    return derivedColumns;
  };
  let nDerived = 0;
  for (const node of before) {
    const given = node.kind === 'Concat' ? node.inputs.flatMap(cellsOf) : cellsOf(node.inputs[0]);
    if (node.kind === 'Cast') checkCast(node.attributes, given, types);
    const made = afterStep(node, given);
    for (const derived of made)
      if (derived.of === 'equals' || derived.of === 'table')
        columns = withKnown(columns, derived, node.attributes);
    tensors.set(node.outputs[0] ?? '', made);
    nDerived += made.length;
    // Steps that double their columns again and again.
    if (nDerived > 4 * COLUMNS_LIMIT) throw unsupported('makes too many columns');
  }
  return { columns, derivedColumns: cellsOf(model.inputs[0]), isSparse: false };
};

/** A column of a number that is rounded, or written as text, is another one. */
const checkCast = (
  attributes: Attributes,
  given: readonly DerivedColumn[],
  types: readonly number[],
): void => {
  const to = castTo(attributes);
  if (to === FLOAT || to === DOUBLE) return;
  if (given.some((derived) => derived.of === 'number' && isReal(types[derived.column]!)))
    throw unsupported(`casts a column to the type ${to}, which rounds it`);
};

const withKnown = (
  columns: readonly ForeignColumn[],
  { column }: SingleColumn,
  attributes: Attributes,
): readonly ForeignColumn[] => {
  const values = keysIn(attributes, 'cats') ?? keysIn(attributes, 'keys');
  if (!values || columns[column]!.values === values) return columns;
  return withValues(columns, column, { values });
};

/** Categories, written as text or as whole numbers. */
const keysIn = (attributes: Attributes, kind: 'cats' | 'keys'): readonly string[] | undefined => {
  const texts = textsIn(attributes, `${kind}_strings`);
  if (texts.length > 0) return texts;
  const numbers = wholesIn(attributes, `${kind}_int64s`);
  return numbers.length > 0 ? numbers.map(String) : undefined;
};

const afterStep = (
  { kind, attributes }: GraphNode,
  given: readonly DerivedColumn[],
): readonly DerivedColumn[] => {
  if (kind === 'Concat' || UNCHANGED.includes(kind)) return given;
  switch (kind) {
    case 'OneHotEncoder': {
      const values = keysIn(attributes, 'cats') ?? [];
      const { column } = onlyNumber(given, kind);
      return values.map((value) => ({ column, of: 'equals', value, shift: 0, scale: 1 }));
    }
    case 'LabelEncoder':
      return [encoded(attributes, onlyNumber(given, kind))];
    case 'Imputer':
      return filled(attributes, given);
    case 'Scaler': {
      const [offsets, scales] = [floatsIn(attributes, 'offset'), floatsIn(attributes, 'scale')];
      return given.map((derived, i) => {
        const scale = scales[scales.length === 1 ? 0 : i] ?? Number.NaN;
        const offset = offsets[offsets.length === 1 ? 0 : i] ?? Number.NaN;
        if (!(Number.isFinite(offset) && scale > 0)) throw broken('a Scaler has no statistics');
        return shiftAndScale(derived, offset, 1 / scale);
      });
    }
    default:
      throw unsupported(`has a step ${kind} before its model, which is not supported`);
  }
};

const onlyNumber = (given: readonly DerivedColumn[], kind: string): SingleColumn => {
  const [derived] = given;
  if (!derived || given.length > 1) throw unsupported(`has a ${kind} over ${given.length} columns`);
  if (derived.of !== 'number' || !isUnscaled(derived)) throw unsupported('encodes a column twice');
  return derived;
};

const encoded = (attributes: Attributes, { column }: SingleColumn): DerivedColumn => {
  const keys = keysIn(attributes, 'keys') ?? [];
  const wholes = wholesIn(attributes, 'values_int64s');
  const numbers = wholes.length > 0 ? wholes : floatsIn(attributes, 'values_floats');
  if (keys.length === 0 || numbers.length !== keys.length)
    throw unsupported(`has a LabelEncoder of ${keys.length} keys and ${numbers.length} numbers`);
  const otherwise =
    wholes.length > 0
      ? (wholeIn(attributes, 'default_int64') ?? -1)
      : (floatIn(attributes, 'default_float') ?? 0);
  return {
    column,
    of: 'table',
    numbers: new Map(keys.map((key, k) => [key, numbers[k]!])),
    otherwise,
  };
};

const filled = (
  attributes: Attributes,
  given: readonly DerivedColumn[],
): readonly DerivedColumn[] => {
  const fills = floatsIn(attributes, 'imputed_value_floats');
  if (!Number.isNaN(floatIn(attributes, 'replaced_value_float') ?? 0))
    throw unsupported('has an Imputer for other values than missing ones');
  return given.map((derived, i) => {
    const missing = fills[fills.length === 1 ? 0 : i];
    if (missing === undefined || !Number.isFinite(missing))
      throw broken('an Imputer has nothing to fill in');
    if (derived.of !== 'number' || !isUnscaled(derived))
      throw unsupported('has an Imputer after another step');
    return derived.missing === undefined ? { ...derived, missing } : derived;
  });
};

const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the ONNX model ${detail.slice(0, 200)}`);
