/**
 * The check of an imported model against rows that its library answered: rows of the library's own matrix, each turned
 * back into the inputs that its columns are made of, or rows of inputs.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import { buildEncoder } from '../core/features.ts';
import { decodeTime } from '../core/flight.ts';
import { buildCodeReader, type Input, isOutOfRange, mustLieWithin } from '../core/inputs.ts';
import type { Model } from '../core/model.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import type { ColumnMapping } from './column-mapping.ts';

/** One row of a file, by column; a missing value is left out. */
export type CheckedRow = Readonly<Record<string, string | number | boolean>>;

/** One column of the library's matrix and what it is made of, if the model asks for it. */
export interface NamedColumn {
  readonly name: string;
  readonly mapping: ColumnMapping | undefined;
}

interface CheckReport {
  readonly rows: number;
  readonly largestDifference: number;
}

/** The column of the library's probabilities. */
const EXPECTED = 'probability';
/** What formats in single precision may differ by. */
const TOLERANCE = 1e-6;

/**
 * @throws AppError value-invalid for a file without answers or columns, a row that no input can be made of,
 *   model-unfit where an answer is not the library's
 */
export const checkRows = (
  model: Model,
  columns: readonly NamedColumn[],
  rows: readonly CheckedRow[],
): CheckReport => {
  const [first] = rows;
  if (!first) throw invalid('it holds no rows');
  const rawOf = rawReader(model.inputs, columns, namesIn(rows));
  const predictor = buildReferencePredictor(model);
  const out = new Float64Array(model.heads.length);
  let largestDifference = 0;
  rows.forEach((row, r) => {
    const expected = numberOf(row[EXPECTED]);
    if (!(expected >= 0 && expected <= 1))
      throw invalid(
        `row ${r + 1} has no ${EXPECTED} between 0 and 1, but ${String(row[EXPECTED])}`,
      );
    predictor.predictInto(rawOf(row, r), 1, out);
    const difference = Math.abs(out[0]! - expected);
    if (!(difference <= TOLERANCE))
      throw new AppError(
        'model-unfit',
        `row ${r + 1} of the check answers ${out[0]!.toPrecision(8)} where the library answered ${expected.toPrecision(8)}: the model is not imported`,
      );
    largestDifference = Math.max(largestDifference, difference);
  });
  return { rows: rows.length, largestDifference };
};

type RawReader = (row: CheckedRow, r: number) => Float64Array;

/** Every column that some row has. */
const namesIn = (rows: readonly CheckedRow[]): readonly string[] => [
  ...new Set(rows.flatMap((row) => Object.keys(row))),
];

/** How rows become inputs: by the names of the inputs, by those of the columns, or by the order of the columns. */
const rawReader = (
  inputs: readonly Input[],
  columns: readonly NamedColumn[],
  names: readonly string[],
): RawReader => {
  const known = new Set(names);
  if (!known.has(EXPECTED))
    throw invalid(`it has no column '${EXPECTED}' of the library's answers`);
  if (inputs.every(({ name }) => known.has(name)))
    return (row, r) => Float64Array.from(inputs, (input) => cellValue(input, row[input.name], r));
  const asked = columns.filter(({ mapping }) => mapping !== undefined);
  const missing = asked.filter(({ name }) => !known.has(name));
  const others = names.filter((name) => name !== EXPECTED);
  const byPlace = missing.length === asked.length && others.length === columns.length;
  if (missing.length > 0 && !byPlace)
    throw invalid(
      `it has neither the inputs nor the columns of the model: ${missing
        .slice(0, 5)
        .map(({ name }) => name)
        .join(
          ', ',
        )}${missing.length > 5 ? `, ... (${missing.length})` : ''} ${missing.length === 1 ? 'is' : 'are'} missing`,
    );
  const cells = columns.flatMap(({ name, mapping }, c) =>
    mapping ? [{ key: byPlace ? others[c]! : name, mapping }] : [],
  );
  const readers = inputs.map((input) => {
    const own = cells.filter(
      ({ mapping }) => mapping.input === input || mapping.input.name === input.name,
    );
    return inputReader(input, own);
  });
  return (row, r) => Float64Array.from(readers, (read) => read(row, r));
};

interface Cell {
  readonly key: string;
  readonly mapping: ColumnMapping;
}

/** The value of an input, out of the columns that are made of it. */
const inputReader = (
  input: Input,
  cells: readonly Cell[],
): ((row: CheckedRow, r: number) => number) => {
  const [first] = cells;
  if (input.kind === 'time') return timeReader(input, cells);
  if (first?.mapping.feature.step !== 'equals')
    return (row, r) => cellValue(input, row[first!.key], r);
  return (row, r) => {
    const ones = cells.filter(({ key }) => {
      const cell = numberOf(row[key]);
      if (cell !== 0 && cell !== 1)
        throw invalid(
          `row ${r + 1} has ${String(row[key])} in ${key}, which is no column of 0 and 1 of ${input.name}`,
        );
      return cell === 1;
    });
    if (ones.length > 1)
      throw invalid(
        `row ${r + 1} has 1 in ${ones.map(({ key }) => key).join(' and ')}: the columns of ${input.name} are not one-hot`,
      );
    const { feature } = ones[0]?.mapping ?? {};
    return feature?.step === 'equals' ? (input.values ?? []).indexOf(feature.value) : Number.NaN;
  };
};

/** The days among which a date with the parts of a row is looked for: 28 years hold every calendar there is. */
const FIRST_DAY = Date.UTC(2000, 0, 1) / 86_400_000;
const N_DAYS = 28 * 366;

/** A time whose parts are those of the row. */
const timeReader = (
  input: Input,
  cells: readonly Cell[],
): ((row: CheckedRow, r: number) => number) => {
  const features = cells.map(({ mapping }) => mapping.feature);
  const encode = buildEncoder([input], features);
  const out = new Float64Array(features.length);
  const isDaily = features.map(isOfDay);
  const found = new Map<string, number>();
  return (row, r) => {
    const wanted = cells.map(({ key }) => numberOf(row[key]));
    if (wanted.every(Number.isNaN)) return Number.NaN;
    const key = wanted.join();
    const before = found.get(key);
    if (before !== undefined) return before;
    const fits = (minutes: number, daily: boolean): boolean => {
      encode(Float64Array.of(minutes), 0, out, 0);
      return wanted.every((value, i) => isDaily[i] !== daily || out[i] === value);
    };
    const minute = Array.from({ length: 1440 }, (_, m) => m).find((m) => fits(m, true));
    const day = Array.from({ length: N_DAYS }, (_, d) => (FIRST_DAY + d) * 1440).find((start) =>
      fits(start, false),
    );
    if (minute === undefined || day === undefined)
      throw invalid(
        `row ${r + 1}: no time has ${cells.map(({ key: name }, i) => `${name} ${wanted[i]}`).join(', ')} (for ${input.name})`,
      );
    found.set(key, day + minute);
    return day + minute;
  };
};

/** Whether a part is one of the clock, not of the calendar. */
const isOfDay = (feature: Feature): boolean => {
  const part = feature.step === 'lookup' ? feature.parts[0]!.of : feature.step;
  return part === 'hour' || part === 'minuteOfDay';
};

const cellValue = (input: Input, cell: CheckedRow[string] | undefined, r: number): number => {
  if (cell === undefined) {
    if (input.required) throw invalid(`row ${r + 1} has no ${input.name}`);
    return Number.NaN;
  }
  if (input.kind === 'time') return decodeTime(String(cell));
  if (input.kind === 'number') {
    const number = numberOf(cell);
    if (Number.isNaN(number))
      throw invalid(`row ${r + 1} has '${String(cell)}' in ${input.name}, which is no number`);
    if (isOutOfRange(input, number))
      throw invalid(`row ${r + 1} has ${number} in ${input.name}, which ${mustLieWithin(input)}`);
    return number;
  }
  const codeOf = buildCodeReader(input)!;
  const code = [String(cell), String(numberOf(cell)), capital(cell)]
    .map((text) => codeOf(text))
    .find((found) => found !== undefined);
  if (code === undefined && input.onlyKnown)
    throw invalid(`row ${r + 1} has '${String(cell)}' in ${input.name}, which the model refuses`);
  return code ?? Number.NaN;
};

/** Python's name of a truth value. */
const capital = (cell: CheckedRow[string]): string =>
  typeof cell === 'boolean' ? (cell ? 'True' : 'False') : String(cell);

const numberOf = (cell: CheckedRow[string] | undefined): number => {
  if (typeof cell === 'number') return cell;
  if (cell === true || cell === 'True' || cell === 'true') return 1;
  if (cell === false || cell === 'False' || cell === 'false') return 0;
  return cell === undefined || cell.trim() === '' ? Number.NaN : Number(cell);
};

const invalid = (detail: string): AppError =>
  new AppError('value-invalid', `the rows to check by cannot be used: ${detail}`);
