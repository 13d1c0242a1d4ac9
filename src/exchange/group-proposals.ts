/**
 * Columns whose names look like those of one-hot encoding (`OPERA_Iberia`, `OPERA_KLM`): they are proposed to become one
 * category, never made one. Names alone do not tell `MES_1, MES_2` from two lags of a delay; whoever knows the data does.
 */
import type { Forest } from '../core/forest.ts';
import { namesOf } from './column-mapping.ts';
import type { ForeignModel } from './foreign-model.ts';
import type { InputSpec, InputsFile } from './inputs-file.ts';

/** A file with more has no groups that a person would read. */
const COLUMNS_LOOKED_AT = 5000;

const SEPARATORS = /[_=]/g;

/** What ends a name that holds a value: a number, or a text that begins with a capital. Flags end in plain words. */
const VALUE = /^(\d+|\p{Lu}.*)$/u;

/** The groups that the model's columns may be, as inputs of an inputs file. */
export const proposeGroups = (foreign: ForeignModel, spec: InputsFile): readonly InputSpec[] => {
  if (foreign.features || foreign.columns.length > COLUMNS_LOOKED_AT) return [];
  const names = namesOf(foreign.columns, spec);
  const taken = takenColumns(spec, names);
  const isBinary = binaryColumns(foreign);
  const free = names.flatMap((name, c) =>
    name === undefined || taken.has(name) || foreign.columns[c]!.values ? [] : [{ name, c }],
  );
  const groups = new Map<string, { readonly name: string; readonly c: number }[]>();
  for (const column of free)
    for (const { index } of [...column.name.slice(0, 200).matchAll(SEPARATORS)].slice(0, 8)) {
      const prefix = column.name.slice(0, index + 1);
      if (prefix.length === 1 || index + 1 === column.name.length) continue;
      const group = groups.get(prefix);
      if (group) group.push(column);
      else groups.set(prefix, [column]);
    }
  const proposals: { readonly first: number; readonly input: InputSpec }[] = [];
  const proposed = new Set<string>();
  for (const [prefix, group] of [...groups].sort(([a], [b]) => a.length - b.length)) {
    const values = group.map(({ name }) => name.slice(prefix.length));
    const fits =
      group.length > 1 &&
      new Set(values).size === values.length &&
      values.every((value) => VALUE.test(value)) &&
      group.every(({ name, c }) => isBinary[c] && !proposed.has(name));
    if (!fits) continue;
    for (const { name } of group) proposed.add(name);
    const isWhole = names.filter((name) => name?.startsWith(prefix)).length === group.length;
    const columns = isWhole
      ? `${prefix}*`
      : Object.fromEntries(group.map(({ name }, i) => [name, values[i]!]));
    proposals.push({ first: group[0]!.c, input: { name: prefix.slice(0, -1), columns } });
  }
  return proposals.sort((a, b) => a.first - b.first).map(({ input }) => input);
};

/** Names of columns that the inputs file already speaks of. */
const takenColumns = (
  { inputs = [] }: InputsFile,
  names: readonly (string | undefined)[],
): ReadonlySet<string> =>
  new Set(
    inputs.flatMap(({ name, column, columns }) => {
      if (typeof columns !== 'string') return columns ? Object.keys(columns) : [column ?? name];
      return names.flatMap((own) => (own?.startsWith(columns.slice(0, -1)) ? [own] : []));
    }),
  );

/** Which columns are never asked for more than 0 or 1; a linear model does not tell. */
const binaryColumns = ({ score, columns }: ForeignModel): boolean[] => {
  const binary = columns.map(() => true);
  const scores = 'members' in score ? score.members.map((member) => member.score) : [score];
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
