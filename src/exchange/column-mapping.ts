/**
 * Which input each column of a foreign model's matrix is made of: the one that the inputs file says, else an input of
 * the column's own name and kind. Columns are joined to one input only where the inputs file, or an encoder, says so.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import { fieldOf, type InputKind } from '../core/flight.ts';
import type { Input } from '../core/inputs.ts';
import { VALUES_LIMIT } from './build-forest.ts';
import { hashCategory } from './catboost/category-hash.ts';
import type { ForeignColumn, ForeignModel } from './foreign-model.ts';
import type { InputSpec, InputsFile } from './inputs-file.ts';
import { buildTimeFeature } from './time-parts.ts';

/** One column: the input behind it, and the feature that makes the column from the input. */
export interface ColumnMapping {
  readonly input: Input;
  readonly feature: Feature;
}

/**
 * One mapping per column, undefined for a column that the model does not ask and the inputs file does not name.
 * @throws AppError value-invalid
 */
export const mapColumns = (
  foreign: ForeignModel,
  spec: InputsFile,
): readonly (ColumnMapping | undefined)[] => {
  const names = namesOf(foreign.columns, spec);
  const mappings: (ColumnMapping | undefined)[] = foreign.columns.map(() => undefined);
  for (const input of spec.inputs ?? []) mapInput(input, foreign, names, mappings);
  return foreign.columns.map((column, c) => {
    if (mappings[c] || column.isUnused) return mappings[c];
    const name = names[c] ?? `x${c}`;
    return wholeColumn(foreign, { name }, column);
  });
};

/** The columns' names: those of the inputs file where it has any. @throws AppError value-invalid */
export const namesOf = (
  columns: readonly ForeignColumn[],
  spec: InputsFile,
): (string | undefined)[] => {
  if (!spec.columns) return columns.map(({ name }) => name);
  if (spec.columns.length !== columns.length)
    throw invalid(`it names ${spec.columns.length} columns, the model has ${columns.length}`);
  return [...spec.columns];
};

const mapInput = (
  spec: InputSpec,
  foreign: ForeignModel,
  names: readonly (string | undefined)[],
  mappings: (ColumnMapping | undefined)[],
): void => {
  const assign = (column: number, mapping: ColumnMapping): void => {
    if (mappings[column]) throw invalid(`column ${names[column] ?? column} belongs to two inputs`);
    mappings[column] = mapping;
  };
  const columnNamed = (name: string): number => {
    const column = names.indexOf(name);
    if (column < 0) throw invalid(`the model has no column '${name}' (for ${spec.name})`);
    if (names.indexOf(name, column + 1) >= 0)
      throw invalid(`two columns of the model are called '${name}' (for ${spec.name})`);
    return column;
  };
  const parts = partsOf(spec, names);
  if (parts && spec.kind === 'time') {
    const input = buildInput(foreign, { spec, kind: 'time' });
    for (const [name, part] of parts)
      assign(columnNamed(name), { input, feature: buildTimeFeature(input, part) });
    return;
  }
  if (parts) {
    const values = [...new Set(parts.map(([, value]) => value))];
    const input = buildInput(foreign, { spec, kind: 'category', values });
    for (const [name, value] of parts) {
      const column = columnNamed(name);
      if (foreign.columns[column]!.values)
        throw invalid(`column ${name} holds categories itself, and is no column of 0 and 1`);
      assign(column, oneHot(input, value));
    }
    return;
  }
  const whole = (column: number): void =>
    assign(column, wholeColumn(foreign, spec, foreign.columns[column]!));
  const wanted = spec.column ?? spec.name;
  if (spec.column !== undefined || names.includes(wanted)) {
    whole(columnNamed(wanted));
    return;
  }
  const free = (): number => {
    const column = mappings.findIndex((taken, c) => !taken && names[c] === undefined);
    if (column < 0)
      throw invalid(`${spec.name} finds no column: the model has ${names.length} in all`);
    return column;
  };
  const column = free();
  if (spec.values && !foreign.features && !foreign.columns[column]!.values) {
    const input = buildInput(foreign, { spec, kind: 'category', values: spec.values });
    for (const value of spec.values) assign(free(), oneHot(input, value));
    return;
  }
  whole(column);
};

/** The input that a column holds as it is. */
const wholeColumn = (
  foreign: ForeignModel,
  spec: InputSpec,
  column: ForeignColumn,
): ColumnMapping => {
  const values = valuesOf(column, spec);
  const kind = spec.kind ?? (values ? 'category' : 'number');
  return mappingOf(buildInput(foreign, { spec, kind, values, column }), column);
};

/** The file's own names of categories; where it has none, those of the inputs file. */
const valuesOf = (column: ForeignColumn, spec: InputSpec): readonly string[] | undefined => {
  if (!column.isCoded) return column.values ?? spec.values;
  const codes = column.values ?? [];
  if (column.isHashed) return namesOfHashes(codes, spec);
  if (column.namesLost !== undefined && spec.values?.length !== codes.length)
    throw invalid(
      `${column.namesLost}; name its ${codes.length} categories in the order of their codes: {"name": ${JSON.stringify(spec.name)}, "values": [...]}`,
    );
  return spec.values ?? codes;
};

/**
 * Names for hashes, in their order, then those that the model does not tell apart from unknown ones.
 * @throws AppError value-invalid where a hash has no name
 */
const namesOfHashes = (hashes: readonly string[], spec: InputSpec): readonly string[] => {
  const given = spec.values ?? [];
  const names = new Map(given.map((name) => [`${hashCategory(name)}`, name]));
  const found = hashes.flatMap((hash) => names.get(hash) ?? []);
  if (found.length < hashes.length)
    throw invalid(
      `CatBoost keeps no names of the ${hashes.length} categories of ${spec.name}, only their hashes, and ${given.length === 0 ? 'it names none' : `${hashes.length - found.length} of them are not among the ${given.length} names given`}: {"name": ${JSON.stringify(spec.name)}, "values": [...]} with all categories of the training, in any order`,
    );
  const isFound = new Set(found);
  return [...found, ...given.filter((name) => !isFound.has(name))];
};

/** Pairs of column name and value (or part of a time), for an input that spans several columns by name. */
const partsOf = (
  { name, columns }: InputSpec,
  names: readonly (string | undefined)[],
): readonly (readonly [string, string])[] | undefined => {
  if (columns === undefined) return undefined;
  if (typeof columns !== 'string') return Object.entries(columns);
  const prefix = columns.slice(0, -1);
  const found = names.flatMap((column) =>
    column?.startsWith(prefix) ? [[column, column.slice(prefix.length)] as const] : [],
  );
  if (found.length === 0) throw invalid(`no column is called '${columns}' (for ${name})`);
  return found;
};

interface InputSource {
  readonly spec: InputSpec;
  readonly kind: InputKind;
  readonly values?: readonly string[] | undefined;
  /** The column that holds the input as it is, if one does. */
  readonly column?: ForeignColumn;
}

const buildInput = (
  { acceptsMissing }: ForeignModel,
  { spec, kind, values, column }: InputSource,
): Input => {
  const field = fieldOf(spec.name);
  const unit = spec.unit ?? (kind === 'number' ? field?.unit : undefined);
  // An encoder that refuses what it does not know refuses a missing value too.
  const takesMissing =
    !column?.isClosed && !column?.isRequired && (acceptsMissing || column?.isOptional === true);
  if (values?.includes(''))
    throw new AppError(
      'model-unsupported',
      `the model has a category of ${spec.name} that is the empty text, which a request cannot tell from a missing value; give it a name before the training ('none')`,
    );
  if (values && values.length > VALUES_LIMIT) throw invalid(`${spec.name} has too many values`);
  if (spec.required === false && kind === 'number' && !takesMissing)
    throw invalid(
      `${spec.name} cannot be optional: the library refuses a missing value there, and so no answer is right`,
    );
  return {
    name: spec.name,
    kind,
    required: spec.required ?? !takesMissing,
    description: spec.description ?? field?.description ?? spec.name,
    ...(unit !== undefined && { unit }),
    ...(values !== undefined && { values }),
    ...(column?.codes && values === column.values && { codes: column.codes }),
    ...(column?.isClosed && kind === 'category' && { onlyKnown: true }),
  };
};

const oneHot = (input: Input, value: string): ColumnMapping => ({
  input,
  feature: { name: `${input.name}=${value}`, step: 'equals', input: input.name, value },
});

const mappingOf = (input: Input, column: ForeignColumn): ColumnMapping => {
  if (input.kind === 'time')
    throw invalid(`${input.name} is a time: say with "columns" which part each column holds`);
  if (input.kind === 'category' && !input.values)
    throw invalid(`${input.name} is a category: its "values" are needed`);
  if (input.kind === 'number' && column.values)
    throw invalid(`${input.name} is a category in the model, not a number`);
  const step = input.kind === 'category' ? 'code' : 'number';
  return { input, feature: { name: input.name, step, input: input.name } };
};

const invalid = (detail: string): AppError =>
  new AppError('value-invalid', `the inputs file cannot be used: ${detail}`);
