/**
 * How late flights of one kind were, compared with the other flights of their days: per airline, route, hour, tail, ...
 * Time is the order: each row sees strictly earlier days only, so no row sees its own answer.
 *
 * Of the kept flights of a kind, the mean of (late - share late on that day), shrunk towards the parent kind:
 *   (sum + strength * parent) / (count + strength)
 * @source Prokhorenkova et al. 2018 (ordered target statistics), with days as the permutation
 */

import { dayOf } from '../../core/calendar.ts';
import type { Feature } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import type { KeyPart } from '../../core/steps/lookup.ts';
import { type KeyCodes, type KeyReader, sortedKeys } from '../key-codes.ts';
import { sharedFloats } from '../shared-array.ts';

export interface Kind {
  readonly name: string;
  readonly parts: readonly KeyPart[];
  /** An earlier kind whose parts are among these, or null. */
  readonly parent: string | null;
  /** Flights that the parent counts as. */
  readonly strength: number;
}

interface Statistics {
  /** One lookup per kind: the state after the last row. */
  readonly features: readonly Feature[];
  /** float64, shape (rows.length), per kind, shared: what each row may know. NaN where nothing is. */
  readonly columns: readonly Float64Array[];
}

/** Flights that statistics are taken of. */
interface KnownFlights {
  /** Their codes. */
  readonly codesOf: KeyReader;
  /** int32: the rows that are known, by rising day. */
  readonly rows: Int32Array;
  /** float64, shape (n): local minutes of every row of the table. */
  readonly departures: Float64Array;
  /** uint8, shape (n): 1 where a row of the table was late. */
  readonly labels: Uint8Array;
}

/**
 * @param filled the columns of the same kinds of these flights and of later ones, where they are known: no row of these
 * sees those
 * @cost O(rows x kinds)
 */
export const buildStatistics = (
  kinds: readonly Kind[],
  { codesOf, rows, departures, labels }: KnownFlights,
  filled?: Statistics['columns'],
): Statistics => {
  const dictionaries = kinds.map(({ parts }) => codesOf(parts));
  const parents = kinds.map((kind) => kinds.findIndex(({ name }) => name === kind.parent));
  const sums = dictionaries.map(({ keys }) => new Float64Array(keys.length));
  const counts = dictionaries.map(({ keys }) => new Float64Array(keys.length));
  const parentCodes = dictionaries.map(({ keys }) => new Int32Array(keys.length).fill(-1));
  const columns = filled ?? kinds.map(() => sharedFloats(rows.length));
  /** What is known of a code of a kind now. */
  const known = (k: number, code: number): number => {
    const count = code < 0 ? 0 : counts[k]![code]!;
    if (count === 0) return Number.NaN;
    const above = parents[k]! < 0 ? 0 : known(parents[k]!, parentCodes[k]![code]!);
    const { strength } = kinds[k]!;
    return (sums[k]![code]! + strength * (Number.isNaN(above) ? 0 : above)) / (count + strength);
  };
  for (let begin = 0; begin < rows.length; ) {
    const day = dayOf(departures[rows[begin]!]!);
    let end = begin;
    let late = 0;
    for (; end < rows.length && dayOf(departures[rows[end]!]!) === day; end++)
      late += labels[rows[end]!]!;
    const rate = late / (end - begin);
    for (let k = 0; k < kinds.length && filled === undefined; k++) {
      const { codes } = dictionaries[k]!;
      const column = columns[k]!;
      for (let i = begin; i < end; i++) column[i] = known(k, codes[i]!);
    }
    for (let k = 0; k < kinds.length; k++) {
      const { codes } = dictionaries[k]!;
      const above = parents[k]! < 0 ? null : dictionaries[parents[k]!]!.codes;
      for (let i = begin; i < end; i++) {
        const code = codes[i]!;
        if (code < 0) continue;
        sums[k]![code]! += labels[rows[i]!]! - rate;
        counts[k]![code]! += 1;
        if (above) parentCodes[k]![code] = above[i]!;
      }
    }
    begin = end;
  }
  return {
    features: kinds.map((kind, k) => featureOf(kind, dictionaries[k]!, (code) => known(k, code))),
    columns,
  };
};

const featureOf = (kind: Kind, codes: KeyCodes, known: (code: number) => number): Feature => {
  const { order, keys } = sortedKeys(codes);
  return {
    name: kind.name,
    step: 'lookup',
    parts: kind.parts,
    keys,
    numbers: Float64Array.from(order, known),
    otherwise: Number.NaN,
  };
};

/** The kinds that these inputs allow. */
export const kindsOf = (inputs: readonly Input[]): readonly Kind[] => {
  const parts = new Map<string, KeyPart>(
    inputs
      .filter(({ kind }) => kind === 'category')
      .map(({ name, values }) => [name, { of: 'code', input: name, radix: values?.length ?? 0 }]),
  );
  parts.set('hour', { of: 'hour', input: 'scheduledDeparture', radix: 24 });
  parts.set('dayOfWeek', { of: 'dayOfWeek', input: 'scheduledDeparture', radix: 7 });
  const kinds: Kind[] = [];
  const add = (
    name: string,
    of: readonly string[],
    parent: string | null,
    strength: number,
  ): void => {
    const found = of.map((part) => parts.get(part)).filter((part) => part !== undefined);
    if (found.length < of.length || found.some(({ radix }) => radix === 0)) return;
    kinds.push({
      name,
      parts: found,
      parent: kinds.some((kind) => kind.name === parent) ? parent : null,
      strength,
    });
  };
  add('lateOfAirline', ['airline'], null, 50);
  add('lateOfHour', ['hour'], null, 50);
  add('lateOfOriginHour', ['origin', 'hour'], 'lateOfHour', 100);
  add('lateOfAirlineHour', ['airline', 'hour'], 'lateOfHour', 100);
  add('lateOfDestination', ['destination'], null, 100);
  add('lateOfRoute', ['airline', 'origin', 'destination'], 'lateOfDestination', 100);
  add('lateOfFlight', ['airline', 'flightNumber'], 'lateOfAirline', 30);
  add('lateOfTail', ['tailNumber'], null, 50);
  return kinds;
};
