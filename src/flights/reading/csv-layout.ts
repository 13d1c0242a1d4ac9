/**
 * How a CSV is laid out: what parts its fields, where its header is, what its columns are called. Found here and not by
 * the database, which drops a header that it does not take for one.
 */
import { AppError } from '../../core/errors.ts';

export interface CsvLayout {
  readonly delimiter: string;
  /** Lines before the header. */
  readonly nSkipped: number;
  /** Distinct, in any case of letters; a column without a name is called after its place. */
  readonly columns: readonly string[];
  /** Whether values stand between blanks, as people write lists: `a , b`. */
  readonly isPadded: boolean;
}

const DELIMITERS = [',', ';', '\t', '|', '~', '^'] as const;

/** Records that decide; of a header alone there is one. */
const MAX_RECORDS = 60;

/** Lines above a header, at most. */
const MAX_SKIPPED = 20;

/** @param head the first characters of the text @throws AppError file-empty, file-broken (a column twice) */
export const layoutOf = (file: string, head: string, isWhole: boolean): CsvLayout => {
  const records = recordsOf(head.replace(/^\ufeff/, ''), isWhole);
  if (records.length === 0) throw new AppError('file-empty', `${file} holds no line of text`);
  const { delimiter, nFields } = delimiterOf(records.map(({ text }) => text));
  const first = records
    .slice(0, MAX_SKIPPED + 1)
    .findIndex(({ text }) => splitRecord(text, delimiter).length >= nFields / 2);
  const header = records[Math.max(first, 0)]!;
  const rows = records
    .slice(Math.max(first, 0) + 1)
    .map(({ text }) => splitRecord(text, delimiter));
  const names = splitRecord(header.text, delimiter).map((name) => name.trim());
  // BTS ends each row with a comma, and not every print of it the header too.
  const hasTail =
    rows.length > 0 && rows.every((row) => row.length === names.length + 1 && row.at(-1) === '');
  if (hasTail) names.push('');
  const isPadded = rows.some((row) => row.some((value) => value !== value.trim()));
  return { delimiter, nSkipped: header.line - 1, columns: distinctNames(file, names), isPadded };
};

const distinctNames = (file: string, names: readonly string[]): readonly string[] => {
  const known = new Map<string, string>();
  for (const name of names) {
    const key = name.toLowerCase();
    if (name !== '' && known.has(key)) {
      const twin = known.get(key)!;
      throw new AppError(
        'file-broken',
        `${file} has the column ${name} twice${twin === name ? '' : ` (as ${twin} and ${name})`}; each column needs a name of its own`,
      );
    }
    known.set(key, name);
  }
  return names.map((name, i) => {
    if (name !== '') return name;
    let free = `column${i + 1}`;
    while (known.has(free)) free += '_';
    known.set(free, free);
    return free;
  });
};

interface CsvRecord {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** The first records that are not blank; a line end inside quotes is part of one. */
const recordsOf = (head: string, isWhole: boolean): readonly CsvRecord[] => {
  const records: CsvRecord[] = [];
  const lines = head.split(/\r\n|\n|\r/);
  // The last line of a part may be cut.
  if (!isWhole && lines.length > 1) lines.pop();
  let open: CsvRecord | undefined;
  for (const [i, line] of lines.entries()) {
    const record: CsvRecord = open
      ? { text: `${open.text}\n${line}`, line: open.line }
      : { text: line, line: i + 1 };
    const nQuotes = record.text.split('"').length - 1;
    if (nQuotes % 2 === 1 && i - record.line < MAX_SKIPPED) {
      open = record;
      continue;
    }
    open = undefined;
    if (record.text.trim() !== '') records.push(record);
    if (records.length >= MAX_RECORDS) break;
  }
  if (open) records.push(open);
  return records;
};

/** The delimiter on which most records agree about the number of fields; of several, the one with more fields. */
const delimiterOf = (records: readonly string[]) => {
  let best = { delimiter: ',' as string, nFields: 1, agreement: 0 };
  for (const delimiter of DELIMITERS) {
    const counts = new Map<number, number>();
    for (const record of records) {
      const n = splitRecord(record, delimiter).length;
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    counts.delete(1);
    for (const [nFields, n] of counts) {
      const agreement = n / records.length;
      const isBetter =
        Math.abs(agreement - best.agreement) < 0.1
          ? nFields > best.nFields
          : agreement > best.agreement;
      if (isBetter) best = { delimiter, nFields, agreement };
    }
  }
  return best;
};

/** Fields of a record, without their quotes. */
const splitRecord = (record: string, delimiter: string): string[] => {
  const fields: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let i = 0; i < record.length; i++) {
    const character = record[i]!;
    if (character === '"') {
      if (isQuoted && record[i + 1] === '"') {
        field += '"';
        i++;
      } else isQuoted = !isQuoted;
    } else if (character === delimiter && !isQuoted) {
      fields.push(field);
      field = '';
    } else field += character;
  }
  fields.push(field);
  return fields;
};
