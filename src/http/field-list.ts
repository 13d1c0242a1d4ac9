/**
 * Lists in fields, as negotiation has them: `a;q=0.5, b`. Only the first items are read. Nobody sends more, and sixteen
 * kilobytes of commas would take longer to read than hundreds of flights.
 */

const ITEMS_READ = 32;
const PARTS_READ = 8;

/** @source RFC 9110, 5.6.1 */
export const itemsOf = (list: string): readonly string[] =>
  list.split(',', ITEMS_READ).map((item) => item.trim());

/** An item and its parameters. */
export const partsOf = (item: string): readonly string[] =>
  item.split(';', PARTS_READ).map((part) => part.trim());

/** The item so many places from the end, the last being 1; undefined where there are fewer. @cost reads those alone */
export const itemFromEnd = (list: string, place: number): string | undefined => {
  let end = list.length;
  for (let i = 1; i < place; i++) {
    end = end === 0 ? -1 : list.lastIndexOf(',', end - 1);
    if (end < 0) return undefined;
  }
  const comma = end === 0 ? -1 : list.lastIndexOf(',', end - 1);
  return list.slice(comma + 1, end).trim();
};
