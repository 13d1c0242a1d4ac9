/**
 * Flights that stand in files more than once: the same airline, number, airports and departure.
 */
import { departuresOf, type Table } from '../core/table.ts';

const NAMED_BY = ['airline', 'flightNumber', 'origin', 'destination'] as const;

/**
 * How many flights stand there again, after the first time; 0 where files do not number their flights.
 * @cost O(n log n)
 */
export const countRepeated = (table: Table): number => {
  const { columns, nRows } = table;
  const named = NAMED_BY.flatMap((name) => {
    const column = columns[name];
    return column?.kind === 'category' ? [column] : [];
  });
  const { flightNumber } = columns;
  if (flightNumber?.kind !== 'category') return 0;
  const departures = departuresOf(table);
  const order = new Uint32Array(nRows);
  for (let row = 0; row < nRows; row++) order[row] = row;
  order.sort((a, b) => departures[a]! - departures[b]!);
  /** Exact: the codes of some thousand flights, airports and airlines have fewer digits than a number holds. */
  const nameOf = (row: number): number =>
    named.reduce((key, { codes, values }) => key * (values.length + 1) + codes[row]! + 1, 0);
  const seen = new Set<number>();
  let n = 0;
  for (let at = 0; at < nRows; at++) {
    const row = order[at]!;
    if (at > 0 && departures[row] !== departures[order[at - 1]!]) seen.clear();
    if (flightNumber.codes[row]! < 0) continue;
    const name = nameOf(row);
    if (seen.has(name)) n++;
    else seen.add(name);
  }
  return n;
};
