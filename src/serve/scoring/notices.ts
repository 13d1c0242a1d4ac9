/**
 * Notices: what is odd about a flight that can be read. Values that cannot be (a negative distance, the year 3000, an
 * arrival days before its departure) are faults for a strict caller; days and routes that the model does not know are
 * only told.
 */
import { MINUTES_PER_DAY } from '../../core/calendar.ts';
import { type Fault, pointerTo } from '../../core/errors.ts';
import { decodeTime, fieldOf } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import { knownDaysOf } from '../../core/known-days.ts';
import { knownRoutesOf } from '../../core/known-routes.ts';
import type { Lang } from '../../core/language.ts';
import type { Model } from '../../core/model.ts';
import { spanishOf } from '../formats/spanish.ts';

export interface Notices {
  /** Everything odd about the flight at `raw[at]`; undefined where nothing is. @cost some comparisons */
  readonly find: (raw: Float64Array, at: number) => Oddities | undefined;
  /** Its text, '' where nothing is odd. */
  readonly text: (raw: Float64Array, at: number, lang: Lang) => string;
  /** Only what cannot be. */
  readonly impossible: (raw: Float64Array, at: number) => readonly Fault[];
}

/** What is odd about a flight. Flights of the same oddities have the same ones: what is told of them is made once. */
interface Oddities {
  readonly faults: (lang: Lang) => readonly Fault[];
  /** `,"notices":[{"pointer","detail"}]`. */
  readonly text: (lang: Lang) => string;
  /** The same in UTF-8. */
  readonly bytes: (lang: Lang) => Uint8Array;
  /** Those that cannot be. */
  readonly impossible: readonly Fault[];
}

/** A notice, and when it is due. A missing value (NaN) is never odd. */
interface Rule {
  readonly fault: Fault;
  readonly isPossible: boolean;
  readonly isDue: (raw: Float64Array, at: number) => boolean;
}

/** The range of an input, which most rules are: they are looked at in one go. */
interface Range {
  readonly input: Input;
  readonly place: number;
  readonly min: number;
  readonly max: number;
}

const NONE: readonly Fault[] = [];
const FIRST_MINUTE = decodeTime('1900-01-01T00:00');
const LAST_MINUTE = decodeTime('2200-12-31T23:59');
/** Flights last less, and local times differ by 26 hours at most. */
const LONGEST_MINUTES = 3 * MINUTES_PER_DAY;

/** Smallest and largest value that a unit has. */
const UNIT_RANGES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  flights: [0, Number.POSITIVE_INFINITY],
  ft: [0, Number.POSITIVE_INFINITY],
  miles: [0, Number.POSITIVE_INFINITY],
  mph: [0, Number.POSITIVE_INFINITY],
  in: [0, Number.POSITIVE_INFINITY],
  mbar: [0, Number.POSITIVE_INFINITY],
  '%': [0, 100],
  '°': [0, 360],
};

export const buildNotices = (model: Model): Notices => {
  const ranges = model.inputs.flatMap(rangesOf);
  const others = [...arrivalRules(model.inputs), ...dayRules(model), ...routeRules(model)];
  const rangeRules = ranges.map(ruleOfRange);
  const rules = [...rangeRules, ...others];
  const isBeyond = buildIsBeyond(ranges);
  const known = buildKnown(rules);
  const find = (raw: Float64Array, at: number): Oddities | undefined => {
    let found: Known | undefined;
    if (isBeyond(raw, at))
      for (let i = 0; i < rangeRules.length; i++)
        if (rangeRules[i]!.isDue(raw, at)) found = known(found, i);
    for (let i = 0; i < others.length; i++)
      if (others[i]!.isDue(raw, at)) found = known(found, ranges.length + i);
    return found;
  };
  return {
    find,
    text: (raw, at, lang) => find(raw, at)?.text(lang) ?? '',
    impossible: (raw, at) => find(raw, at)?.impossible ?? NONE,
  };
};

/** Oddities, and those that are these and one more, by the place of its rule. */
interface Known extends Oddities {
  readonly due: readonly Rule[];
  readonly more: (Known | undefined)[];
}

/** Notices of all that is kept: callers could make more combinations than there is memory for. */
const NOTICES_KEPT = 10_000;

/** Oddities that are `before` and the rule at a place, the same ones each time. */
const buildKnown = (rules: readonly Rule[]): ((before: Known | undefined, r: number) => Known) => {
  const first: Known['more'] = [];
  let nKept = 0;
  return (before, r) => {
    const more = before === undefined ? first : before.more;
    const known = more[r];
    if (known !== undefined) return known;
    const made = createKnown([...(before?.due ?? []), rules[r]!]);
    nKept += made.due.length;
    if (nKept > NOTICES_KEPT) {
      first.length = 0;
      nKept = made.due.length;
    }
    more[r] = made;
    return made;
  };
};

interface Said {
  readonly faults: readonly Fault[];
  readonly text: string;
  readonly bytes: Uint8Array;
}

const createKnown = (due: readonly Rule[]): Known => {
  const byLang = new Map<Lang, Said>();
  const said = (lang: Lang): Said => {
    const known = byLang.get(lang);
    if (known !== undefined) return known;
    const faults = due.map(({ fault }) => (lang === 'es' ? inSpanish(fault) : fault));
    const text = `,"notices":${JSON.stringify(faults)}`;
    const made = { faults, text, bytes: new Uint8Array(Buffer.from(text)) };
    byLang.set(lang, made);
    return made;
  };
  return {
    due,
    more: [],
    faults: (lang) => said(lang).faults,
    text: (lang) => said(lang).text,
    bytes: (lang) => said(lang).bytes,
    impossible: due.flatMap(({ fault, isPossible }) => (isPossible ? [] : [fault])),
  };
};

const inSpanish = ({ pointer, detail }: Fault): Fault => ({ pointer, detail: spanishOf(detail) });

const faultOf = ({ name }: Pick<Input, 'name'>, what: string): Fault => ({
  pointer: pointerTo(name),
  detail: `${name} ${what}`,
});

const rangesOf = (input: Input, place: number): readonly Range[] => {
  if (input.kind === 'category') return [];
  const unit = input.unit ?? fieldOf(input.name)?.unit ?? '';
  const [min, max] =
    input.kind === 'time'
      ? [FIRST_MINUTE, LAST_MINUTE]
      : (Object.hasOwn(UNIT_RANGES, unit) && UNIT_RANGES[unit]) || [];
  return min === undefined || max === undefined ? [] : [{ input, place, min, max }];
};

const ruleOfRange = ({ input, place, min, max }: Range): Rule => {
  const what =
    input.kind === 'time'
      ? 'is not in the years 1900 to 2200'
      : max === Number.POSITIVE_INFINITY
        ? 'cannot be negative'
        : `cannot be outside ${min} to ${max}`;
  return {
    fault: faultOf(input, what),
    isPossible: false,
    isDue: (raw, at) => raw[at + place]! < min || raw[at + place]! > max,
  };
};

/** Whether any value is beyond its range. */
const buildIsBeyond = (ranges: readonly Range[]): Rule['isDue'] => {
  const places = Int32Array.from(ranges, ({ place }) => place);
  const min = Float64Array.from(ranges, (range) => range.min);
  const max = Float64Array.from(ranges, (range) => range.max);
  return (raw, at) => {
    for (let i = 0; i < places.length; i++) {
      const value = raw[at + places[i]!]!;
      if (value < min[i]! || value > max[i]!) return true;
    }
    return false;
  };
};

const arrivalRules = (inputs: readonly Input[]): readonly Rule[] => {
  const placeOf = (name: string): number =>
    inputs.findIndex((input) => input.name === name && input.kind === 'time');
  const [departure, arrival] = [placeOf('scheduledDeparture'), placeOf('scheduledArrival')];
  if (departure < 0 || arrival < 0) return [];
  const minutes = (raw: Float64Array, at: number): number =>
    raw[at + arrival]! - raw[at + departure]!;
  const name = 'scheduledArrival';
  return [
    {
      fault: faultOf(
        { name },
        'is before scheduledDeparture by local time: right only across time zones',
      ),
      isPossible: true,
      isDue: (raw, at) => minutes(raw, at) < 0 && minutes(raw, at) >= -MINUTES_PER_DAY,
    },
    {
      fault: faultOf({ name }, 'is more than a day before scheduledDeparture'),
      isPossible: false,
      isDue: (raw, at) => minutes(raw, at) < -MINUTES_PER_DAY,
    },
    {
      fault: faultOf({ name }, 'is more than three days after scheduledDeparture'),
      isPossible: false,
      isDue: (raw, at) => minutes(raw, at) > LONGEST_MINUTES,
    },
  ];
};

/** Days that the model does not know: it answers from what it knows of others. */
const dayRules = (model: Model): readonly Rule[] => {
  const place = model.inputs.findIndex(
    ({ name, kind }) => name === 'scheduledDeparture' && kind === 'time',
  );
  const known = knownDaysOf(model);
  if (place < 0 || known === undefined) return [];
  const input = model.inputs[place]!;
  return [
    {
      fault: faultOf(input, `is before ${known.first}, the first day that the model knows`),
      isPossible: true,
      isDue: (raw, at) => known.isBefore(raw[at + place]!) && raw[at + place]! >= FIRST_MINUTE,
    },
    {
      fault: faultOf(input, `is after ${known.last}, the last day that the model knows`),
      isPossible: true,
      isDue: (raw, at) => known.isAfter(raw[at + place]!) && raw[at + place]! <= LAST_MINUTE,
    },
    {
      fault: faultOf(
        input,
        `is on a day between ${known.first} and ${known.last} that the model does not know`,
      ),
      isPossible: true,
      isDue: (raw, at) => known.isBetween(raw[at + place]!),
    },
  ];
};

/** Routes that no flight of what the model learned from was on, between airports that it knows. */
const routeRules = (model: Model): readonly Rule[] => {
  const known = knownRoutesOf(model);
  if (known === undefined) return [];
  return [
    {
      fault: {
        pointer: '/destination',
        detail: 'no flight on this route is among those that the model learned from',
      },
      isPossible: true,
      isDue: (raw, at) => known.isRouteNew(raw, at),
    },
    {
      fault: {
        pointer: '/airline',
        detail:
          'no flight on this route by this carrier is among those that the model learned from',
      },
      isPossible: true,
      isDue: (raw, at) => !known.isRouteNew(raw, at) && known.isAirlineNew(raw, at),
    },
  ];
};
