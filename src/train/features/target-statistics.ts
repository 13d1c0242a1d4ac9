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
import { type OrderedStatistic, walkDays } from '../ordered-statistic.ts';
import { sharedBytes, sharedInts } from '../shared-array.ts';

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
  /** Per kind: what each row may know. */
  readonly columns: readonly OrderedStatistic[];
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

/** @cost O(rows x kinds), 2 to 4 bytes for each */
export const buildStatistics = (
  kinds: readonly Kind[],
  { codesOf, rows, departures, labels }: KnownFlights,
): Statistics => {
  const dictionaries = kinds.map(({ parts }) => codesOf(parts));
  const parents = kinds.map((kind) => kinds.findIndex(({ name }) => name === kind.parent));
  const dayStarts = dayStartsOf(rows, departures);
  const isLate = sharedBytes(rows.length);
  for (let i = 0; i < rows.length; i++) isLate[i] = labels[rows[i]!]!;
  const columns = kinds.map((_, kind): OrderedStatistic => {
    const levels: OrderedStatistic['levels'][number][] = [];
    for (let k = kind; k >= 0; k = parents[k]!) {
      const { codes, keys } = dictionaries[k]!;
      levels.push({ codes, nKeys: keys.length, strength: kinds[k]!.strength });
    }
    return { levels, dayStarts, isLate };
  });
  return {
    features: kinds.map((kind, k) => {
      const { known } = walkDays(columns[k]!, null);
      return featureOf(kind, dictionaries[k]!, (code) => known(0, code));
    }),
    columns,
  };
};

const dayStartsOf = (rows: Int32Array, departures: Float64Array): Int32Array => {
  const starts: number[] = [];
  let last = Number.NaN;
  for (let i = 0; i < rows.length; i++) {
    const day = dayOf(departures[rows[i]!]!);
    if (day !== last) starts.push(i);
    last = day;
  }
  starts.push(rows.length);
  const shared = sharedInts(starts.length);
  shared.set(starts);
  return shared;
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
