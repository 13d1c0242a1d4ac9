/**
 * Several requests as one sequence: each as often as its weight says, spread evenly, with the columns of rows in the
 * places that ask for them.
 */
import { AppError } from '../../core/errors.ts';
import type { WeightedRequest } from './feeder.ts';
import type { Request } from './request.ts';

type Row = Readonly<Record<string, unknown>>;

/** Places that are dealt out where weights are no whole numbers: one in a thousand is as near as it comes. */
const PLACES = 1000;
const PLACEHOLDER = /\{\{\s*([^{}]+?)\s*\}\}/g;

/**
 * The sequence that is sent round and round, `maxRequests` at most.
 * @param rows taken in turn by the requests that ask for columns
 * @throws AppError columns-unknown
 */
export const mixRequests = (
  weighted: readonly WeightedRequest[],
  rows: readonly Row[],
  maxRequests: number,
): Request[] => {
  const order = orderOf(
    weighted.map(({ weight }) => weight),
    maxRequests,
  );
  const isAsking = weighted.map(({ request }) => asksForColumns(request));
  if (!isAsking.includes(true)) return order.map((at) => weighted[at]!.request);
  if (rows.length === 0) {
    throw new AppError('usage', "Requests ask for '{{column}}', and no --data FILE gives any.");
  }
  const times = Math.max(1, Math.min(rows.length, Math.floor(maxRequests / order.length)));
  let row = 0;
  return Array.from({ length: times }, () => order)
    .flat()
    .map((at) => {
      const { request } = weighted[at]!;
      return isAsking[at] ? fillIn(request, rows[row++ % rows.length]!) : request;
    });
};

/** Places of a list in the order of smooth weighted round robin: each gains its weight, the richest pays the sum. */
const orderOf = (weights: readonly number[], maxRequests: number): number[] => {
  const counts = wholeWeights(weights, maxRequests);
  const sum = counts.reduce((total, count) => total + count, 0);
  const credit = counts.map(() => 0);
  return Array.from({ length: sum }, () => {
    let best = 0;
    for (const [i, count] of counts.entries()) {
      credit[i]! += count;
      if (credit[i]! > credit[best]!) best = i;
    }
    credit[best]! -= sum;
    return best;
  });
};

const wholeWeights = (weights: readonly number[], maxRequests: number): number[] => {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.every(Number.isInteger)) {
    const divisor = weights.reduce(gcd);
    if (sum / divisor <= maxRequests) return weights.map((weight) => weight / divisor);
  }
  return weights.map((weight) => Math.max(1, Math.round((weight / sum) * PLACES)));
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

const asksForColumns = ({ path, headers, body }: Request): boolean =>
  path.includes('{{') ||
  headers.some(([, value]) => value.includes('{{')) ||
  (body !== null && Buffer.from(body).includes('{{'));

const fillIn = (request: Request, row: Row): Request => ({
  ...request,
  path: fill(request.path, row, encodeURIComponent),
  headers: request.headers.map(([name, value]) => [name, fill(value, row)]),
  body: request.body && Buffer.from(fill(Buffer.from(request.body).toString(), row)),
});

const fill = (
  text: string,
  row: Row,
  encode: (value: string) => string = (value) => value,
): string =>
  text.replace(PLACEHOLDER, (_, column: string) => {
    const value = row[column];
    if (value === undefined && !Object.hasOwn(row, column)) {
      const known = Object.keys(row).join(', ');
      throw new AppError('columns-unknown', `--data has no column '${column}'; it has ${known}.`);
    }
    return encode(String(value ?? ''));
  });
