/**
 * Lines for a terminal that are longer than it is wide: broken between words, not within.
 */

/** A label and the blanks after it: what follows stands below itself. */
const LABEL = /^\S+(?: \S+)? {2,}/;
const MAX_INDENT = 14;
const USUAL_INDENT = 2;

/** @param columns how many fit; undefined: any number */
export const breakLine = (line: string, columns: number | undefined): string => {
  if (columns === undefined || line.length <= columns) return line;
  const label = LABEL.exec(line)?.[0].length ?? USUAL_INDENT;
  const indent = label > MAX_INDENT ? USUAL_INDENT : label;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const at = rest.lastIndexOf(' ', columns);
    // A word that is longer than the line is broken by the terminal.
    if (at <= indent) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = ' '.repeat(indent) + rest.slice(at).trimStart();
  }
  return [...lines, rest].join('\n');
};
