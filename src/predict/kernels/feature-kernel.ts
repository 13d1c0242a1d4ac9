/**
 * The emitted encoder: from inputs to features, row by row, all features of a row as one stretch of code.
 *
 * What several features ask is found once per row: the parts of a time, the keys of lookups that begin with the same
 * parts, and lookups that hold the same numbers (all counts of a day's plan ask what is usual on such a day). Numbers
 * are computed by the same operations in the same order as in `core/features`, so they have the same bits.
 */
import { MINUTES_PER_DAY } from '../../core/calendar.ts';
import type { Feature } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { indexOf, isTable, type KeyPart, type Lookup, nKeysOf } from '../../core/steps/lookup.ts';
import {
  advance,
  type Code,
  f64,
  i32,
  i64,
  type Local,
  repeatWhile,
  select,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func, type NewLocal } from '../../wasm/module.ts';
import type { MemoryLayout } from './memory-layout.ts';

/** A lookup in memory: a table with a place for every key, or entries by the hash of their keys. */
interface StoredLookup {
  readonly lookup: Lookup;
  readonly at: number;
}

/** What the code of a feature needs besides its inputs. */
interface Emission {
  readonly inputs: readonly Input[];
  readonly stored: readonly StoredLookup[];
  /** Address of the row's inputs. */
  readonly raw: Local;
  readonly local: NewLocal;
  /** Code that fills locals which later code shares, in order. */
  readonly shared: Code[];
  readonly times: Map<string, TimeParts>;
  readonly keys: Map<string, Key>;
  readonly found: Map<StoredLookup, Local>;
}

/** The key of a lookup for the row at hand, and whether it has one. */
interface Key {
  readonly key: Local;
  readonly isThere: Local;
}

interface TimeParts {
  readonly day: Local;
  readonly minuteOfDay: Local;
  readonly hour: Local;
  readonly dayOfWeek: Local;
}

const isTimePart = (of: string): of is keyof TimeParts =>
  of === 'day' || of === 'minuteOfDay' || of === 'hour' || of === 'dayOfWeek';

/** Months and days of the year come from a table that is filled as it is asked; other libraries' steps are rare. */
export const isEmitted = (feature: Feature): boolean => {
  switch (feature.step) {
    case 'dayOfYear':
    case 'month':
    case 'chain':
    case 'product':
      return false;
    default:
      return lookupsOf(feature).every(isOfParts);
  }
};

const lookupsOf = (feature: Feature): readonly Lookup[] => {
  if (feature.step === 'lookup') return [feature];
  return feature.step === 'planned' ? [feature.usual, feature.usualOnDay] : [];
};

const isOfParts = ({ parts, keys }: Lookup): boolean =>
  parts.every(({ of, radix }) => (of === 'code' || isTimePart(of)) && Number.isInteger(radix)) &&
  !keys.some(Number.isNaN);

/**
 * A function `(nRows)` from inputs at `rawAt` (float64, nRows x inputs) to those features at `featuresAt` (float64,
 * nRows x features) that `isEmitted` says.
 */
export const emitFeatures = (
  {
    inputs,
    features,
  }: { readonly inputs: readonly Input[]; readonly features: readonly Feature[] },
  layout: MemoryLayout,
  places: { readonly rawAt: number; readonly featuresAt: number },
): Func => {
  const stored = takeLookups(features.filter(isEmitted).flatMap(lookupsOf), layout);
  return defineFunc({
    params: ['i32'],
    body: ([rows], local) => {
      const [raw, out] = [local('i32'), local('i32')];
      const shared: Code[] = [];
      const emission: Emission = {
        ...{ inputs, stored, raw, local, shared },
        ...{ times: new Map(), keys: new Map(), found: new Map() },
      };
      const numbers = features.flatMap((feature, f) =>
        isEmitted(feature) ? [f64.store(out.get, emitNumber(feature, emission), f * 8)] : [],
      );
      return [
        raw.set(i32.const(places.rawAt)),
        out.set(i32.const(places.featuresAt)),
        repeatWhile([
          shared,
          numbers,
          advance(raw, inputs.length * 8),
          advance(out, features.length * 8),
          rows.tee(i32.sub(rows.get, i32.const(1))),
        ]),
      ];
    },
  });
};

/** Those that hold the same numbers once. */
const takeLookups = (lookups: readonly Lookup[], layout: MemoryLayout): readonly StoredLookup[] => {
  const stored: StoredLookup[] = [];
  for (const lookup of lookups) {
    if (stored.some((known) => isAlike(known.lookup, lookup))) continue;
    const at = isTable(lookup) ? takeTable(lookup, layout) : takeHash(lookup, layout);
    stored.push({ lookup, at });
  }
  return stored;
};

const isAlike = (a: Lookup, b: Lookup): boolean =>
  Object.is(a.otherwise, b.otherwise) &&
  a.keys.length === b.keys.length &&
  a.parts.length === b.parts.length &&
  a.parts.every((part, p) => nameOf(part) === nameOf(b.parts[p]!)) &&
  a.keys.every((key, k) => key === b.keys[k] && Object.is(a.numbers[k], b.numbers[k]));

const nameOf = ({ of, input, radix }: KeyPart): string => `${of} ${radix} ${input}`;

const inputOf = (name: string, { inputs, raw }: Emission): Code =>
  f64.load(raw.get, indexOf(inputs, name) * 8);

const emitNumber = (feature: Feature, emission: Emission): Code => {
  const ofInput = (name: string): Code => inputOf(name, emission);
  switch (feature.step) {
    case 'number': {
      if (feature.missingNumber === undefined) return ofInput(feature.input);
      const marker = f64.const(Math.fround(feature.missingNumber));
      const isMarker = f64.eq(f64.roundToFloat32(ofInput(feature.input)), marker);
      return select(isMarker, f64.const(Number.NaN), ofInput(feature.input));
    }
    case 'code':
      return ofInput(feature.input);
    case 'equals': {
      const { values = [] } = emission.inputs[indexOf(emission.inputs, feature.input)]!;
      const isCode = f64.eq(ofInput(feature.input), f64.const(values.indexOf(feature.value)));
      return select(isCode, f64.const(1), f64.const(0));
    }
    case 'scale': {
      const { input, shift, scale, missing } = feature;
      const shifted = f64.sub(filled(ofInput(input), missing), f64.const(shift));
      return f64.div(shifted, f64.const(scale));
    }
    case 'line': {
      const { input, factor, offset, missing } = feature;
      const stretched = f64.mul(filled(ofInput(input), missing), f64.const(factor));
      return f64.add(stretched, f64.const(offset));
    }
    case 'minuteOfDay':
    case 'hour':
    case 'dayOfWeek':
      return timePartsOf(feature.input, emission)[feature.step].get;
    case 'elapsedMinutes':
      return f64.sub(ofInput(feature.to), ofInput(feature.from));
    case 'lookup':
      return lookedUp(feature, emission).get;
    case 'planned': {
      const usual = lookedUp(feature.usual, emission);
      const usualOnDay = lookedUp(feature.usualOnDay, emission);
      const least = f64.mul(f64.const(feature.share), usualOnDay.get);
      const isWhole = f64.ge(ofInput(feature.day), least);
      const isKnown = f64.eq(ofInput(feature.input), ofInput(feature.input));
      return select(i32.and(isWhole, isKnown), ofInput(feature.input), usual.get);
    }
    default:
      throw new TypeError(`${feature.step} is not emitted`);
  }
};

const filled = (value: Code, missing: number | undefined): Code =>
  missing === undefined ? value : select(f64.ne(value, value), f64.const(missing), value);

const MINUTES_PER_HOUR = 60;
const DAYS_PER_WEEK = 7;

/** The slow twin is `CALENDAR`. */
const timePartsOf = (input: string, emission: Emission): TimeParts => {
  const { times, local, shared } = emission;
  const known = times.get(input);
  if (known) return known;
  const [day, minuteOfDay] = [local('f64'), local('f64')];
  const [hour, dayOfWeek] = [local('f64'), local('f64')];
  const minutes = inputOf(input, emission);
  const perDay = f64.const(MINUTES_PER_DAY);
  const fromMonday = f64.add(day.get, f64.const(3));
  const weeks = f64.floor(f64.div(fromMonday, f64.const(DAYS_PER_WEEK)));
  shared.push(
    day.set(f64.floor(f64.div(minutes, perDay))),
    minuteOfDay.set(f64.sub(minutes, f64.mul(day.get, perDay))),
    hour.set(f64.floor(f64.div(minuteOfDay.get, f64.const(MINUTES_PER_HOUR)))),
    dayOfWeek.set(f64.sub(fromMonday, f64.mul(weeks, f64.const(DAYS_PER_WEEK)))),
  );
  const parts = { day, minuteOfDay, hour, dayOfWeek };
  times.set(input, parts);
  return parts;
};

/** The key of some parts: that of all but the last, times the radix of the last, plus the last. */
const keyOf = (parts: readonly KeyPart[], emission: Emission): Key => {
  const { keys, local, shared } = emission;
  const name = parts.map(nameOf).join();
  const known = keys.get(name);
  if (known) return known;
  const own = { key: local('f64'), isThere: local('i32') };
  const last = parts.at(-1);
  if (last === undefined) {
    shared.push(own.key.set(f64.const(0)), own.isThere.set(i32.const(1)));
  } else {
    const digit = isTimePart(last.of)
      ? timePartsOf(last.input, emission)[last.of].get
      : inputOf(last.input, emission);
    const isDigit = i32.and(f64.ge(digit, f64.const(0)), f64.lt(digit, f64.const(last.radix)));
    const before = parts.length > 1 ? keyOf(parts.slice(0, -1), emission) : undefined;
    const high = before ? f64.mul(before.key.get, f64.const(last.radix)) : f64.const(0);
    shared.push(
      own.key.set(f64.add(high, digit)),
      own.isThere.set(before ? i32.and(before.isThere.get, isDigit) : isDigit),
    );
  }
  keys.set(name, own);
  return own;
};

const lookedUp = (lookup: Lookup, emission: Emission): Local => {
  const { stored, found, local, shared } = emission;
  const own = stored.find((known) => isAlike(known.lookup, lookup));
  if (own === undefined) throw new TypeError('a lookup has no place in memory');
  const known = found.get(own);
  if (known) return known;
  const number = local('f64');
  const key = keyOf(lookup.parts, emission);
  shared.push(
    isTable(lookup) ? fromTable(own, key, number, local) : fromHash(own, key, number, local),
  );
  found.set(own, number);
  return number;
};

/** A place for every key, and one behind them for what has none. */
const takeTable = ({ parts, keys, numbers, otherwise }: Lookup, layout: MemoryLayout): number => {
  const nKeys = nKeysOf(parts);
  return layout.take((nKeys + 1) * 8, (memory, at) => {
    new Float64Array(memory, at, nKeys + 1).fill(otherwise);
    const table = new Float64Array(memory, at, nKeys);
    for (let k = 0; k < keys.length; k++) table[keys[k]!] = numbers[k]!;
  });
};

const fromTable = (
  { lookup, at }: StoredLookup,
  { key, isThere }: Key,
  number: Local,
  local: NewLocal,
): Code => {
  const place = local('i32');
  const none = i32.const(nKeysOf(lookup.parts));
  // A key that is no whole number is nobody's; parts that are none may make one that is too large.
  const isWhole = f64.eq(f64.fromI32(place.get), key.get);
  const isKey = i32.and(isThere.get, i32.and(isWhole, i32.ltU(place.get, none)));
  return [
    place.set(i32.truncSatS(key.get)),
    number.set(f64.load(i32.shl(select(isKey, place.get, none), i32.const(3)), at)),
  ];
};

/** An odd number that spreads the bits of a key over the upper bits of the product. */
const HASH_FACTOR = 0x1d_9e37_79b9_7f4b;
const ENTRY_BYTES = 16;

/** At most half of the places are taken. */
const placeBitsOf = ({ keys }: Lookup): number => 33 - Math.clz32(keys.length);

/** Keys with their numbers, each at the place that its bits say or the next that was free; NaN where there is none. */
const takeHash = (lookup: Lookup, layout: MemoryLayout): number => {
  const { keys, numbers } = lookup;
  const nPlaces = 2 ** placeBitsOf(lookup);
  return layout.take(nPlaces * ENTRY_BYTES, (memory, at) => {
    const entries = new Float64Array(memory, at, nPlaces * 2).fill(Number.NaN);
    for (let k = 0; k < keys.length; k++) {
      let place = hashOf(keys[k]!, placeBitsOf(lookup));
      while (entries[2 * place]! !== keys[k]! && !Number.isNaN(entries[2 * place]!))
        place = (place + 1) % nPlaces;
      entries[2 * place] = keys[k]!;
      entries[2 * place + 1] = numbers[k]!;
    }
  });
};

const fromHash = (
  { lookup, at }: StoredLookup,
  { key, isThere }: Key,
  number: Local,
  local: NewLocal,
): Code => {
  const [place, asked, held] = [local('i32'), local('f64'), local('f64')];
  const nBits = placeBitsOf(lookup);
  const last = i32.const(2 ** nBits - 1);
  const product = i64.mul(i64.bitsOf(asked.get), i64.const(HASH_FACTOR));
  const hash = i64.low(i64.shrU(product, i64.const(64 - nBits)));
  const entry = i32.shl(place.get, i32.const(4));
  return [
    // Not the negative zero.
    asked.set(select(isThere.get, f64.add(key.get, f64.const(0)), f64.const(Number.NaN))),
    place.set(i32.sub(hash, i32.const(1))),
    repeatWhile([
      place.set(i32.and(i32.add(place.get, i32.const(1)), last)),
      held.set(f64.load(entry, at)),
      // On, as long as another key stands there.
      i32.and(f64.eq(held.get, held.get), f64.ne(held.get, asked.get)),
    ]),
    number.set(
      select(f64.eq(held.get, asked.get), f64.load(entry, at + 8), f64.const(lookup.otherwise)),
    ),
  ];
};

const double = new Float64Array(1);
const bits = new BigUint64Array(double.buffer);

const hashOf = (key: number, nBits: number): number => {
  double[0] = key + 0;
  return Number(BigInt.asUintN(64, bits[0]! * BigInt(HASH_FACTOR)) >> BigInt(64 - nBits));
};
