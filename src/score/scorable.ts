/**
 * Which flights of a table a model can answer, as `predict` decides it: none where nothing of what it asks is there, else
 * those that have every input that it requires.
 */
import { AppError } from '../core/errors.ts';
import { type Input, isOutOfRange, noInputError } from '../core/inputs.ts';
import { type Column, pickTableRows, type Table } from '../core/table.ts';
import { endOfRefusal } from '../core/flight.ts';

/**
 * The flights that the model can answer; the others are counted among those left out, by reason.
 * @throws AppError columns-unknown (no input, or a required one, is in none of the flights), data-too-small (no flight has
 *   all that is required)
 */
export const scorableFlights = (table: Table, inputs: readonly Input[]): Table => {
  const files = table.source.files.join(', ');
  const columns = inputs.map(({ name, kind }) => {
    const column = table.columns[name as keyof Table['columns']];
    return column?.kind === kind ? column : undefined;
  });
  if (inputs.length > 0 && columns.every((column) => column === undefined))
    throw noInputError(files, inputs);
  const lost = inputs.filter(({ required }, i) => required && columns[i] === undefined);
  if (lost.length > 0)
    throw new AppError(
      'columns-unknown',
      `${files}: the model needs ${lost.map(({ name }) => name).join(', ')}, which none of the flights has${endOfRefusal(table.source.unused)}`,
    );
  const checks = inputs.flatMap((input, i) => {
    const column = columns[i];
    const isBounded = input.least !== undefined || input.most !== undefined;
    return column && (input.required || input.onlyKnown || isBounded)
      ? [buildCheck(input, column)]
      : [];
  });
  const reasons = new Map<string, number>();
  const isKept = new Uint8Array(table.nRows).fill(1);
  for (let row = 0; row < table.nRows; row++) {
    const reason = firstReason(checks, row);
    if (reason === undefined) continue;
    isKept[row] = 0;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  if (reasons.size === 0) return table;
  const kept = pickTableRows(table, (row) => isKept[row] === 1);
  const rejected = { ...table.source.rejected, ...Object.fromEntries(reasons) };
  if (kept.nRows === 0)
    throw new AppError(
      'data-too-small',
      `no flight can be answered: ${[...reasons].map(([reason, n]) => `${n} ${reason}`).join(', ')}`,
    );
  return { ...kept, source: { ...kept.source, rejected } };
};

/** Why a row cannot be answered, undefined where it can. */
type Check = (row: number) => string | undefined;

const firstReason = (checks: readonly Check[], row: number): string | undefined => {
  for (const check of checks) {
    const reason = check(row);
    if (reason !== undefined) return reason;
  }
  return undefined;
};

const buildCheck = (input: Input, column: Column): Check => {
  const { name, required, onlyKnown, values = [] } = input;
  const none = required ? `no ${name}` : undefined;
  if (column.kind === 'category') {
    const known = new Set(values);
    const isRefused = column.values.map((value) => onlyKnown === true && !known.has(value));
    return (row) => {
      const code = column.codes[row]!;
      if (code < 0) return none;
      return isRefused[code] ? `unknown ${name}` : undefined;
    };
  }
  const numbers = column.kind === 'number' ? column.numbers : column.minutes;
  return (row) => {
    const number = numbers[row]!;
    if (Number.isNaN(number)) return none;
    return isOutOfRange(input, number) ? `${name} out of range` : undefined;
  };
};
