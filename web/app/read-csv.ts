/**
 * CSV as people have it: quotes, commas or semicolons or tabs, line ends of all kinds.
 *
 * @source RFC 4180
 */
const SEPARATORS = [',', ';', '\t'] as const;

/** The separator that occurs most in the first line. */
const separatorOf = (text: string): string => {
  const [head = ''] = text.split(/\r?\n|\r/, 1);
  return [...SEPARATORS].sort((a, b) => head.split(b).length - head.split(a).length)[0]!;
};

/** Rows of cells; an empty line is none. */
export const readCsv = (source: string): readonly (readonly string[])[] => {
  const text = source.replace(/^\uFEFF/, '');
  const separator = separatorOf(text);
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endCell = () => {
    row.push(cell);
    cell = '';
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = false;
    } else if (character === '"' && cell === '') isQuoted = true;
    else if (character === separator) endCell();
    else if (character === '\n') endRow();
    else if (character === '\r') {
      if (text[at + 1] !== '\n') endRow();
    } else cell += character;
  }
  if (cell !== '' || row.length > 0) endRow();
  return rows;
};

/** One line of CSV. */
export const writeCsvRow = (cells: readonly (string | number | boolean)[]): string =>
  cells
    .map(String)
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',');
