/**
 * What a dialect may do: name fields that are known before departure, from columns that are known before departure.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { FIELDS } from '../../core/flight.ts';
import { literal, readRows } from '../database.ts';
import type { Dialect } from './dialect.ts';

/** What may come out of a dialect besides the fields of a flight. */
const OUTCOMES = ['delayMinutes', 'unlabelled'] as const;

/** What may come out besides, made from what is known before departure: why a row cannot be used, what is odd about it. */
const REMARKS = ['unusable', 'remark'] as const;

/** Parts of a statement that would drop, add or move rows; all must be empty. */
const ROW_CLAUSES = [
  'where_clause',
  'group_expressions',
  'group_sets',
  'having',
  'sample',
  'qualify',
  'modifiers',
] as const;

type Tree = { readonly [key: string]: unknown };

/** A column that a dialect gives, and the columns of the source that it is made from. */
export interface DialectColumn {
  readonly name: string;
  readonly from: readonly string[];
}

/**
 * The columns that the dialect gives, in their order.
 * @throws AppError data-leak when a field comes from what is known only later, or is no field at all
 * @throws AppError usage when the statement is not one plain SELECT from source
 */
export const checkDialect = async (
  connection: DuckDBConnection,
  dialect: Dialect,
): Promise<readonly DialectColumn[]> => {
  const [row] = await readRows(
    connection,
    `SELECT json_serialize_sql(${literal(dialect.select)}) AS tree`,
  );
  const parsed = JSON.parse(String(row?.['tree'])) as Tree;
  if (parsed['error']) refuse(dialect, `its SQL cannot be read: ${parsed['error_message']}`);
  const statements = parsed['statements'] as readonly Tree[];
  if (statements.length !== 1) refuse(dialect, 'one SELECT is expected');
  const node = statements[0]!['node'] as Tree;
  const from = node['from_table'] as Tree | undefined;
  if (node['aggregate_handling'] === 'FORCE_AGGREGATES') {
    refuse(dialect, 'a dialect keeps every row, so it has no group');
  }
  if (node['type'] !== 'SELECT_NODE' || from?.['table_name'] !== 'source' || from['sample']) {
    refuse(dialect, "one plain 'SELECT ... FROM source' is expected");
  }
  for (const clause of ROW_CLAUSES) {
    const value = node[clause];
    if (Array.isArray(value) ? value.length > 0 : value) {
      refuse(dialect, `a dialect keeps every row, so it has no ${clause.replace('_clause', '')}`);
    }
  }
  const selected = node['select_list'] as readonly Tree[];
  return selected.map((expression) => checkColumn(dialect, expression));
};

const checkColumn = (dialect: Dialect, expression: Tree): DialectColumn => {
  const name = String(expression['alias'] || lastOf(expression['column_names']) || '');
  const isField = Object.hasOwn(FIELDS, name);
  const isOutcome = OUTCOMES.some((outcome) => outcome === name);
  if (!isField && !isOutcome && !REMARKS.some((remark) => remark === name)) {
    throw new AppError(
      'data-leak',
      `dialect ${dialect.name}: ${name === '' ? 'a column without a name' : name} is not known before departure; a dialect gives fields of a flight, delayMinutes, unusable, unlabelled and remark`,
    );
  }
  const lower = (columns: readonly string[]) =>
    new Set(columns.map((column) => column.toLowerCase()));
  const before = lower([...dialect.schedule, ...dialect.optional]);
  const after = lower(dialect.outcome);
  const columns = columnsIn(expression, dialect);
  for (const column of columns) {
    const isLater = after.has(column.toLowerCase());
    if (isLater ? isOutcome : before.has(column.toLowerCase()) || Object.hasOwn(FIELDS, column))
      continue;
    throw new AppError(
      'data-leak',
      `dialect ${dialect.name}: ${name} is made from ${column}, which is not among the columns known before departure`,
    );
  }
  const declared = [...dialect.schedule, ...dialect.optional, ...dialect.outcome];
  const from = declared.filter((known) =>
    columns.some((column) => column.toLowerCase() === known.toLowerCase()),
  );
  return { name, from };
};

/** Names of all columns in an expression. */
const columnsIn = (expression: unknown, dialect: Dialect): readonly string[] => {
  if (Array.isArray(expression)) return expression.flatMap((part) => columnsIn(part, dialect));
  if (typeof expression !== 'object' || expression === null) return [];
  const tree = expression as Tree;
  switch (tree['class']) {
    case 'COLUMN_REF':
      return [lastOf(tree['column_names'])];
    case 'SUBQUERY':
    case 'WINDOW':
    case 'STAR':
    case 'LAMBDA':
      return refuse(
        dialect,
        `a ${String(tree['class']).toLowerCase()} expression has no place in it`,
      );
    default:
      return Object.values(tree).flatMap((part) => columnsIn(part, dialect));
  }
};

const lastOf = (names: unknown): string => (Array.isArray(names) ? String(names.at(-1)) : '');

const refuse = (dialect: Dialect, detail: string): never => {
  throw new AppError('usage', `dialect ${dialect.name}: ${detail}`);
};
