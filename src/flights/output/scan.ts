/**
 * Scores files of any size: every row keeps its columns and its place and gets the answers of a model beside them,
 * or none and the reason.
 */

import { PLAN_FIELDS, type Surroundings } from '../../core/around/surroundings.ts';
import { WEATHER_FIELDS } from '../../core/around/weather.ts';
import { AppError } from '../../core/errors.ts';
import { endOfRefusal, fieldOf } from '../../core/flight.ts';
import { type Input, noInputError } from '../../core/inputs.ts';
import type { RejectExample } from '../../core/table.ts';
import { startPassedOver } from '../cleaning/companions.ts';
import { lookForExamples, placeExamples } from '../cleaning/examples.ts';
import {
  NO_MINUTES,
  openFlights,
  ownColumn,
  plainOf,
  project,
  rejectOf,
  type Wanted,
  wantedOf,
} from '../cleaning/projection.ts';
import { startRejectLog } from '../cleaning/reject-log.ts';
import { type Database, identifier, literal } from '../database.ts';
import { placedFiles } from '../reading/files.ts';
import { openSources } from '../reading/opening.ts';
import {
  NO_LINES,
  type RejectedReason,
  rejectedLines,
  takeRejectedLines,
} from '../reading/rejected-lines.ts';
import { blameFile, knownValue, type Source } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { provenTypes } from './column-types.ts';
import { type OutputFile, outputFileOf, writeFailureOf, writeInto } from './output-file.ts';
import { answerName, type Output, registerScore } from './score-functions.ts';
import { maxBlocks, type Scoring } from './scoring.ts';

export interface ScanOptions extends ReadingOptions {
  /** What the model asks, in the order of `raw`. */
  readonly inputs: readonly Input[];
  /** Columns that are written after the file's own, in the order of `out`. */
  readonly outputs: readonly Output[];
  /** Whether the file's own columns are written too, and why a row has no answers; else the outputs are all. */
  readonly keepsColumns?: boolean | undefined;
  /** Answers rows; it is called on this thread, in any order. */
  readonly scoring: Scoring;
  /** What is known around the flights. */
  readonly surroundings?: Surroundings | undefined;
  /** Told now and then how many rows are done. */
  readonly onRows?: (nRows: number) => void;
}

export interface ScanReport {
  readonly files: readonly string[];
  /** Names of the dialects; `inputs` where the columns carry the names that the model asks for. */
  readonly dialects: readonly string[];
  readonly rows: { readonly read: number; readonly scored: number; readonly unscored: number };
  /** Rows that are written without an answer, by reason. */
  readonly unscored: Readonly<Record<string, number>>;
  /** Lines of a CSV that could not be taken apart and are not in the output, by reason. */
  readonly damaged: Readonly<Record<string, number>>;
  /** Up to three of each reason of both kinds. */
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
  /** Columns that no input is read from. */
  readonly unused: readonly string[];
  /** How the files were read where it could have been otherwise, a sentence each. */
  readonly notes: readonly string[];
  /** Values that the model never saw and takes for missing, by input. */
  readonly unknown: Readonly<Record<string, number>>;
  /** Inputs that none of the files has; they are missing in every row. */
  readonly absent: readonly string[];
}

/**
 * Reads files, scores every row, writes one file: CSV, TSV, Parquet or NDJSON by its ending, `.gz` and `.zst` too.
 * The columns are those of the files (of all of them), then the outputs, then `notScored`, the reason or nothing.
 * The file appears whole or not at all.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, file-unwritable, columns-unknown, usage
 */
export const scanFiles = async (
  patterns: readonly string[],
  file: string,
  options: ScanOptions,
): Promise<ScanReport> => {
  const placed = placedFiles(patterns);
  const output = outputFileOf(file, [...placed.keys()]);
  const wanted = wantedOf(options);
  const database = await openFlights(options);
  try {
    const { connection } = database;
    if (options.memoryMb === undefined) await connection.run(`SET memory_limit = '${MEMORY_MB}MB'`);
    const counts = registerScore(database, options);
    const parts: Part[] = [];
    const passedOver = startPassedOver();
    for (const [source, isFromFolder] of placed) {
      const sources = await openSources(database, source, {
        how: 'kept',
        encoding: wanted.encoding,
      });
      for (const each of sources) {
        const part = await passedOver.unless(each, isFromFolder, () =>
          partOf(database, each, output, { ...options, wanted }),
        );
        if (part) parts.push(part);
      }
    }
    if (parts.length === 0) passedOver.refuse();
    const files = [...placed.keys()].filter((name) => !passedOver.has(name));
    const isText = parts.some(
      ({ source }) => source.format === 'csv' || source.format === 'ndjson',
    );
    if (isText && options.threads !== undefined)
      await connection.run(`SET threads = ${maxBlocks(options.threads)}`);
    const select = parts.map((part) => part.select).join('\nUNION ALL BY NAME\n');
    // What a look at the columns had to leave out is left out once more when they are written.
    await takeRejectedLines(connection);
    let damaged: readonly RejectedReason[] = [];
    await writeInto(output, async (partial) => {
      await blameFile(files.join(', '), async () => {
        try {
          await connection.run(`COPY (${select}) TO ${literal(partial)} ${output.options}`);
        } catch (error) {
          throw counts.failure() ?? writeFailureOf(output.file, error) ?? error;
        }
      });
      damaged = (await rejectedLines(connection)).reasons;
      if (counts.report().nRead + damaged.length === 0) {
        throw new AppError('file-empty', `${files.join(', ')}: there is a header but no rows`);
      }
    });
    const nDamaged = damaged.reduce((sum, { nLines }) => sum + nLines, 0);
    const report = counts.report();
    const examples = await examplesOf(connection, parts, report.unscored);
    return {
      files,
      dialects: [...new Set(parts.map((part) => part.dialect))],
      rows: {
        read: report.nRead + nDamaged,
        scored: report.nScored,
        unscored: report.nRead - report.nScored,
      },
      unscored: report.unscored,
      damaged: Object.fromEntries(damaged.map(({ reason, nLines }) => [reason, nLines])),
      examples,
      unused: [...new Set(parts.flatMap((part) => part.unused))],
      notes: [...passedOver.notes(), ...parts.flatMap((part) => part.notes)],
      unknown: report.unknown,
      absent: options.inputs
        .map(({ name }) => name)
        .filter((name) => parts.every((part) => part.absent.includes(name)))
        .filter((name) => !isFilled(name, options.surroundings)),
    };
  } finally {
    database.close();
  }
};

/** Whether an input is filled by what is known around the flights. */
const isFilled = (name: string, { plan, weather }: Surroundings = {}): boolean => {
  const fields: readonly string[] = [
    ...(plan ? PLAN_FIELDS : []),
    ...(weather ? WEATHER_FIELDS : []),
  ];
  return fields.includes(name);
};

/**
 * What the database may hold for rows that wait to be written. It reckons more than it takes: the process stays below.
 * With much less, its threads wait for each other.
 */
const MEMORY_MB = 540;

/** Rows without an answer, and lines that are no rows, to look at; it forgets the lines. */
const examplesOf = async (
  connection: Database['connection'],
  parts: readonly Part[],
  unscored: Readonly<Record<string, number>>,
): Promise<ScanReport['examples']> => {
  const log = startRejectLog();
  const reasons = new Map(Object.entries(unscored));
  const lines = await Promise.all(
    parts.map(async ({ source }) =>
      source.lines ? await rejectedLines(connection, source.lines.path) : undefined,
    ),
  );
  await takeRejectedLines(connection);
  for (const [i, { source, reasonsSelect }] of parts.entries()) {
    const { file } = source;
    log.startFile(file);
    await lookForExamples(connection, log, { file, select: reasonsSelect, reasons });
    await takeRejectedLines(connection);
    await placeExamples(log, source, lines[i] ?? NO_LINES);
  }
  return log.examples();
};

interface Part {
  readonly source: Source;
  readonly dialect: string;
  readonly notes: readonly string[];
  readonly absent: readonly string[];
  readonly unused: readonly string[];
  readonly select: string;
  /** Why its rows cannot be scored, and what they hold there. */
  readonly reasonsSelect: string;
}

/** What the user wants of each file. */
interface PartOptions extends ScanOptions {
  readonly wanted: Wanted;
}

/** What stands in for an input that a file does not have. */
const ABSENT = {
  category: `''`,
  number: `'nan'::DOUBLE`,
  time: `(${NO_MINUTES})::INTEGER`,
} as const;

/** The SELECT that reads, scores and names the columns of one file. */
const partOf = async (
  { connection }: Database,
  source: Source,
  output: OutputFile,
  options: PartOptions,
): Promise<Part> => {
  const { inputs, outputs, keepsColumns = true } = options;
  const own = new Map(source.columns.map((column, i) => [column.toLowerCase(), `own${i}`]));
  const mapped = await mapping(connection, source, options);
  const expressions = inputs.map((input) => {
    if (mapped.fields.has(input.name)) return input.name;
    const column = ownColumn(source, input.name);
    if (column === undefined && input.required) {
      throw new AppError(
        'columns-unknown',
        `${source.file}: the model needs ${input.name}, which ${mapped.dialect === 'inputs' ? 'is not among its columns' : `the dialect ${mapped.dialect} does not give`}${endOfRefusal(mapped.unused)}`,
      );
    }
    return column;
  });
  if (inputs.length > 0 && expressions.every((expression) => expression === undefined))
    throw noInputError(source.file, inputs);
  const plain = inputs.map((input, i) => {
    const expression = expressions[i];
    return expression === undefined ? ABSENT[input.kind] : plainOf(input.kind, expression);
  });
  const missing = inputs.flatMap((input, i) =>
    input.required && expressions[i] !== undefined
      ? [
          `CASE WHEN ${plain[i]} IS NOT DISTINCT FROM ${ABSENT[input.kind]} THEN ${literal(`no ${input.name}`)} END`,
        ]
      : [],
  );
  const strange = inputs.flatMap((input, i) =>
    input.onlyKnown && input.values && expressions[i] !== undefined
      ? [
          `CASE WHEN ${plain[i]} <> '' AND ${plain[i]} NOT IN (${input.values.map(literal).join(', ')}) THEN ${literal(`unknown ${input.name}`)} END`,
        ]
      : [],
  );
  const details = inputs.flatMap(({ name, kind }, i) => [
    `WHEN ${literal(`no ${name}`)} THEN ''`,
    ...(kind === 'category' ? [`WHEN ${literal(`unknown ${name}`)} THEN ${plain[i]}`] : []),
    ...(kind === 'number'
      ? [`WHEN ${literal(`${name} out of range`)} THEN ${plain[i]}::VARCHAR`]
      : []),
  ]);
  const beyond = inputs.flatMap(({ name, least, most }, i) =>
    expressions[i] === undefined || (least === undefined && most === undefined)
      ? []
      : [
          `CASE WHEN NOT isnan(${plain[i]}) AND (${plain[i]} < ${least ?? -Number.MAX_VALUE} OR ${plain[i]} > ${most ?? Number.MAX_VALUE}) THEN ${literal(`${name} out of range`)} END`,
        ],
  );
  const reason = `coalesce(${[mapped.reason, ...missing, ...strange, ...beyond].join(', ')}, '')`;
  const isTyped = output.format !== 'csv' && source.format === 'csv';
  const types = isTyped ? await provenTypes(connection, source) : [];
  const named = source.columns.flatMap((column, i) => {
    // It is written as a part of its record.
    if (source.parts.has(column)) return [];
    const value = isTyped
      ? `try_cast(${knownValue(source, column, `own${i}`)} AS ${types[i]})`
      : `own${i}`;
    const type = isTyped ? types[i]! : source.types[i]!;
    return [`${output.format === 'ndjson' ? inJson(value, type) : value} AS ${identifier(column)}`];
  });
  const taken = keepsColumns ? own : new Map<string, string>();
  const answers = outputs.map(
    ({ name }, i) => `answers.${answerName(i)} AS ${identifier(freeName(name, taken))}`,
  );
  const written = keepsColumns
    ? [...named, ...answers, `nullif(reason, '') AS ${identifier(freeName('notScored', own))}`]
    : answers;
  return {
    source,
    dialect: mapped.dialect,
    notes: [...source.notes, ...mapped.notes],
    absent: inputs.flatMap(({ name }, i) => (expressions[i] === undefined ? [name] : [])),
    unused: unusedOf(source, mapped, inputs),
    reasonsSelect: `SELECT reject, CASE reject ${details.join(' ')} WHEN '' THEN '' ELSE ${mapped.detail} END AS detail
      FROM (SELECT *, ${reason} AS reject FROM (${mapped.select}))`,
    select: `
      SELECT ${written.join(', ')}
      FROM (SELECT ${[...own.values()].join(', ')}, reason, answers_of(begun(reason, ${inputs.map((_, i) => `input${i}`).join(', ')})) AS answers
            FROM (SELECT ${[...own.values()].join(', ')}, ${reason} AS reason, ${plain.map((sql, i) => `${sql} AS input${i}`).join(', ')}
                  FROM (${mapped.select})))`,
  };
};

/** What JSON has no number for is null; a decimal of more digits than a number keeps is a text. */
const inJson = (value: string, type: string): string => {
  if (type === 'DOUBLE' || type === 'FLOAT')
    return `CASE WHEN isfinite(${value}) THEN ${value} END`;
  const digits = /^DECIMAL\((\d+),/.exec(type)?.[1];
  if (digits !== undefined && Number(digits) > SAFE_DIGITS) return `${value}::VARCHAR`;
  return /^(BIGINT|UBIGINT|HUGEINT|UHUGEINT)$/.test(type)
    ? `CASE WHEN ${value} BETWEEN -9007199254740991 AND 9007199254740991 THEN to_json(${value}) ELSE to_json(${value}::VARCHAR) END`
    : value;
};

/** Digits that every double keeps. */
const SAFE_DIGITS = 15;

/** A name that the file does not use already. */
const freeName = (name: string, own: ReadonlyMap<string, string>): string => {
  let free = name;
  while (own.has(free.toLowerCase())) free = `${free}_`;
  return free;
};

/** Columns that fill no field of the dialect and are no input by name; what comes after the fact is among them. */
const unusedOf = (
  source: Source,
  { read }: { readonly read: ReadonlySet<string> },
  inputs: readonly Input[],
): readonly string[] => {
  const asked = new Set(inputs.map(({ name }) => name.toLowerCase()));
  return source.columns.filter((column) => {
    const key = column.toLowerCase();
    return !read.has(key) && !asked.has(key);
  });
};

/** The dialect of a source, or the source as it is where its columns carry the names of the inputs. */
const mapping = async (
  connection: Database['connection'],
  source: Source,
  { inputs, wanted }: PartOptions,
) => {
  const has = new Set(source.columns.map((column) => column.toLowerCase()));
  const asksFields = inputs.some((input) => fieldOf(input.name) !== undefined);
  const carriesNames = inputs.every(
    (input) => !input.required || has.has(input.name.toLowerCase()),
  );
  if (
    wanted.dialect === undefined &&
    carriesNames &&
    !(asksFields && has.has('scheduleddeparture'))
  ) {
    const own = source.columns.map((column, i) => `${identifier(column)} AS own${i}`);
    return {
      dialect: 'inputs',
      notes: [],
      fields: new Set<string>(),
      reason: `NULL`,
      detail: `''`,
      read: new Set<string>(),
      unused: source.columns,
      select: `SELECT ${own.join(', ')} FROM ${source.from}`,
    };
  }
  const projection = await project(connection, source, { wanted, labelled: false, withOwn: true });
  return {
    dialect: projection.dialect.name,
    notes: projection.notes,
    fields: new Set<string>(projection.fields),
    reason: `nullif(${rejectOf(false)}, '')`,
    detail: projection.detail,
    read: new Set(
      [...projection.dialect.schedule, ...projection.dialect.optional].map((column) =>
        column.toLowerCase(),
      ),
    ),
    unused: projection.unused,
    select: projection.select,
  };
};
