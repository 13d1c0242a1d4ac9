/**
 * Which input each column of a foreign model's matrix is made of: by the inputs file, else by its name.
 * Columns such as `OPERA_Iberia`, `OPERA_KLM` become one category `OPERA`.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import { fieldOf, type InputKind } from '../core/flight.ts';
import type { Forest } from '../core/forest.ts';
import type { Input } from '../core/inputs.ts';
import type { ForeignColumn, ForeignModel } from './foreign-model.ts';
import type { InputSpec, InputsFile } from './inputs-file.ts';

/** One column: the input behind it, and the feature that makes the column from the input. */
export interface ColumnMapping {
  readonly input: Input;
  readonly feature: Feature;
}

/** @throws AppError value-invalid */
export const mapColumns = (foreign: ForeignModel, spec: InputsFile): readonly ColumnMapping[] => {
  const names = namesOf(foreign.columns, spec);
  const mappings: (ColumnMapping | undefined)[] = foreign.columns.map(() => undefined);
  for (const input of spec.inputs ?? []) mapInput(input, foreign, names, mappings);
  groupByPrefix(foreign, names, mappings);
  return foreign.columns.map((column, c) => {
    const name = names[c] ?? `x${c}`;
    return (
      mappings[c] ??
      mappingOf(
        buildInput(foreign, {
          spec: { name },
          kind: column.values ? 'category' : 'number',
          values: column.values,
          column,
        }),
        column,
      )
    );
  });
};

const namesOf = (columns: readonly ForeignColumn[], spec: InputsFile): (string | undefined)[] => {
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
    return column;
  };
  const parts = partsOf(spec, names);
  if (parts && spec.kind === 'time') {
    const input = buildInput(foreign, { spec, kind: 'time' });
    for (const [name, step] of parts) assign(columnNamed(name), timeMapping(input, step));
    return;
  }
  if (parts) {
    const values = [...new Set(parts.map(([, value]) => value))];
    const input = buildInput(foreign, { spec, kind: 'category', values });
    for (const [name, value] of parts) assign(columnNamed(name), oneHot(input, value));
    return;
  }
  const whole = (column: number): void => {
    const own = foreign.columns[column]!;
    const values = valuesOf(own, spec);
    const kind = spec.kind ?? (values ? 'category' : 'number');
    assign(column, mappingOf(buildInput(foreign, { spec, kind, values, column: own }), own));
  };
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

/** The file's own names of categories; where it has none, those of the inputs file. */
const valuesOf = (column: ForeignColumn, spec: InputSpec): readonly string[] | undefined =>
  column.isCoded ? (spec.values ?? column.values) : (column.values ?? spec.values);

/** Pairs of column name and value (or step), for an input that spans several columns by name. */
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

/** Turns runs of free columns `PREFIX_VALUE` that hold only 0 and 1 into one category each. */
const groupByPrefix = (
  foreign: ForeignModel,
  names: readonly (string | undefined)[],
  mappings: (ColumnMapping | undefined)[],
): void => {
  if (foreign.features) return;
  const groups = new Map<string, number[]>();
  names.forEach((name, c) => {
    const prefix = name === undefined ? undefined : /^([^_=]+)[_=](?=.)/.exec(name)?.[1];
    if (prefix === undefined || mappings[c] || foreign.columns[c]!.values) return;
    groups.set(prefix, [...(groups.get(prefix) ?? []), c]);
  });
  const isBinary = binaryColumns(foreign);
  for (const [prefix, group] of groups) {
    if (group.length < 2 || !group.every((c) => isBinary[c])) continue;
    const values = group.map((c) => names[c]!.slice(prefix.length + 1));
    const input = buildInput(foreign, { spec: { name: prefix }, kind: 'category', values });
    group.forEach((c, i) => {
      mappings[c] = oneHot(input, values[i]!);
    });
  }
};

/** Which columns are only ever asked "0 or 1?"; a linear model does not tell. */
const binaryColumns = ({ score, columns }: ForeignModel): boolean[] => {
  const binary = columns.map(() => true);
  const scores = score.kind === 'mean' ? score.members.map((member) => member.score) : [score];
  for (const one of scores) if (one.kind === 'forest') markOrdered(one.forest, binary);
  return binary;
};

/** Takes the mark off columns that are asked for more than 0 or 1. */
const markOrdered = (forest: Forest, binary: boolean[]): void => {
  const { feature, threshold, categoryStart } = forest;
  for (let node = 0; node < feature.length; node++) {
    const asked = feature[node]!;
    if (asked < 0) continue;
    const limit = threshold[node]!;
    if (categoryStart[node]! >= 0 || limit < 0 || limit > 1) binary[asked] = false;
  }
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
  return {
    name: spec.name,
    kind,
    required: spec.required ?? !(acceptsMissing || column?.isOptional),
    description: spec.description ?? field?.description ?? spec.name,
    ...(unit !== undefined && { unit }),
    ...(values !== undefined && { values }),
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

const TIME_STEPS = ['minuteOfDay', 'hour', 'dayOfWeek', 'dayOfYear', 'month'] as const;

const timeMapping = (input: Input, step: string): ColumnMapping => {
  const known = TIME_STEPS.find((name) => name === step);
  if (!known)
    throw invalid(`${input.name} has no part '${step}': there are ${TIME_STEPS.join(', ')}`);
  return { input, feature: { name: `${input.name} ${known}`, step: known, input: input.name } };
};

const invalid = (detail: string): AppError =>
  new AppError('value-invalid', `the inputs file cannot be used: ${detail}`);
