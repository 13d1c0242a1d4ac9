/**
 * A file of flights through `/predict`, in pieces, and back as CSV with the chance of each.
 */
import { here } from './here.ts';
import type { FieldView, Lang, Prediction } from '../view.ts';
import { readCsv, writeCsvRow } from './read-csv.ts';

interface ScoredFile {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number | boolean)[])[];
  readonly nFailed: number;
}

type Row = Readonly<Record<string, unknown>>;

interface Source {
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

const PIECE_ROWS = 2000;

/** Names in files are written in many ways: `scheduled_departure` is `scheduledDeparture`. */
const foldName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** @throws SyntaxError naming the line that is no JSON object */
const sourceOf = (text: string): Source => {
  if (/^\s*\{/.test(text)) {
    const rows = text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map((line, at) => {
        try {
          return JSON.parse(line) as Row;
        } catch {
          throw new SyntaxError(String(at + 1));
        }
      });
    return { header: [...new Set(rows.flatMap((row) => Object.keys(row)))], rows };
  }
  const [header = [], ...lines] = readCsv(text);
  return {
    header,
    rows: lines.map((cells) =>
      Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])),
    ),
  };
};

/** A row under the names of the model's inputs, numbers as numbers, empty cells left out. */
const flightOf = (
  row: Row,
  columns: ReadonlyMap<string, string>,
  fields: readonly FieldView[],
): Row =>
  Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const column = columns.get(name);
      const value = column === undefined ? undefined : row[column];
      if (value === undefined || value === null || value === '') return [];
      if (kind === 'number' && typeof value === 'string' && Number.isFinite(Number(value)))
        return [[name, Number(value)]];
      return [[name, kind === 'time' ? String(value).slice(0, 19) : value]];
    }),
  );

/** The columns that the model needs and the file lacks. */
class MissingColumns extends Error {}

type Line = Partial<Prediction> & { readonly detail?: string; readonly error?: string };

const askPiece = async (flights: readonly Row[], lang: Lang): Promise<readonly Line[]> => {
  const response = await fetch(here(`/predict?lang=${lang}`), {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: flights.map((flight) => JSON.stringify(flight)).join('\n'),
  });
  if (!response.ok) throw new Error(`${response.status}`);
  const text = await response.text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
};

interface FileTask {
  readonly fields: readonly FieldView[];
  /** In which what is wrong with a line is told. */
  readonly lang: Lang;
  /** Told how many flights are done. */
  readonly onProgress: (done: number) => void;
}

/** Columns that a scored file has more than the one that was given. */
const ADDED = ['probability', 'delayed', 'error'] as const;
export const ADDED_COLUMNS = ADDED.length;

/**
 * @throws MissingColumns, SyntaxError (a line that cannot be read), Error (the service did not answer)
 */
export const scoreFile = async (
  text: string,
  { fields, lang, onProgress }: FileTask,
): Promise<ScoredFile> => {
  const { header, rows } = sourceOf(text);
  const columns = new Map(
    fields.flatMap(({ name }) => {
      const column = header.find((title) => foldName(title) === foldName(name));
      return column === undefined ? [] : [[name, column] as const];
    }),
  );
  const missing = fields.filter(({ name, required }) => required && !columns.has(name));
  if (rows.length > 0 && missing.length > 0)
    throw new MissingColumns(missing.map(({ name }) => name).join(', '));
  const scored: (readonly (string | number | boolean)[])[] = [];
  let nFailed = 0;
  for (let at = 0; at < rows.length; at += PIECE_ROWS) {
    const piece = rows.slice(at, at + PIECE_ROWS);
    const answers = await askPiece(
      piece.map((row) => flightOf(row, columns, fields)),
      lang,
    );
    piece.forEach((row, i) => {
      const { probability, delayed, detail, error } = answers[i] ?? {};
      const hasFailed = probability === undefined;
      if (hasFailed) nFailed++;
      scored.push([
        ...header.map((name) => (row[name] ?? '') as string),
        hasFailed ? '' : probability.toFixed(4),
        hasFailed ? '' : delayed!,
        detail ?? error ?? '',
      ]);
    });
    onProgress(Math.min(at + PIECE_ROWS, rows.length));
  }
  return { header: [...header, ...ADDED], rows: scored, nFailed };
};

/** The scored file as CSV. */
export const csvOf = ({ header, rows }: ScoredFile): string =>
  `${[header, ...rows].map(writeCsvRow).join('\r\n')}\r\n`;

export type { ScoredFile };
export { MissingColumns };
