/**
 * Files of predictions as `puntual predict` writes them: the flights, which have no outcome yet, and the answers beside them.
 */
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { Column, Table } from '../../core/table.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { findFiles } from '../reading/files.ts';
import { openSources } from '../reading/opening.ts';
import { loadTable } from './load.ts';
import { openFlights } from './projection.ts';

/** One column of answers; float64, NaN where a flight was not scored. */
interface PredictedAnswers {
  readonly name: string;
  readonly values: Float64Array;
}

export interface Predictions {
  /** Its delays are NaN. */
  readonly table: Table;
  readonly probability: Float64Array;
  /** By rising minutes: the chances of a delay of at least so many. */
  readonly later: readonly (PredictedAnswers & { readonly minutes: number })[];
  /** By rising level. */
  readonly quantiles: readonly (PredictedAnswers & { readonly level: number })[];
  /** Which flights were called delayed; undefined where the file does not say. */
  readonly isCalled?: ((row: number) => boolean) | undefined;
}

const FIRST = 'probability';
const CALLED = 'delayed';

/** @throws AppError as `loadTable` does, and columns-unknown where no column is called probability */
export const loadPredictions = async (
  file: string,
  options: ReadingOptions = {},
): Promise<Predictions> => {
  const names = await answerColumnsOf(file, options);
  if (!names.includes(FIRST))
    throw new AppError(
      'columns-unknown',
      `${file} has no column ${FIRST}; a file that 'puntual predict' wrote is expected`,
    );
  const asked = names.map(
    (name): Input => ({
      name,
      kind: name === CALLED ? 'category' : 'number',
      required: false,
      description: name,
    }),
  );
  const table = await loadTable([file], { ...options, asked, labelled: false });
  const own = table.columns as Readonly<Record<string, Column | undefined>>;
  const numbersOf = (name: string): Float64Array => {
    const column = own[name];
    return column?.kind === 'number'
      ? column.numbers
      : new Float64Array(table.nRows).fill(Number.NaN);
  };
  const numbered = (pattern: RegExp) =>
    names
      .flatMap((name) => {
        const number = pattern.exec(name)?.[1];
        return number === undefined
          ? []
          : [{ name, values: numbersOf(name), number: Number(number) }];
      })
      .sort((a, b) => a.number - b.number);
  const called = own[CALLED];
  return {
    table,
    probability: numbersOf(FIRST),
    later: numbered(LATER).map(({ number, ...answers }) => ({ ...answers, minutes: number })),
    quantiles: numbered(QUANTILE).map(({ number, ...answers }) => ({
      ...answers,
      level: number / 100,
    })),
    isCalled:
      called?.kind === 'category'
        ? (row) => called.values[called.codes[row]!]?.toLowerCase() === 'true'
        : undefined,
  };
};

const LATER = /^probability(\d+)$/;
const QUANTILE = /^minutesP(\d+)$/;

/** Names of the columns that hold answers. */
const answerColumnsOf = async (
  file: string,
  { encoding, memoryMb }: ReadingOptions,
): Promise<readonly string[]> => {
  const database = await openFlights({ memoryMb });
  try {
    const [first] = findFiles([file]);
    const [source] = await openSources(database, first!, { encoding });
    return source!.columns.filter(
      (name) => name === FIRST || name === CALLED || LATER.test(name) || QUANTILE.test(name),
    );
  } finally {
    database.close();
  }
};
