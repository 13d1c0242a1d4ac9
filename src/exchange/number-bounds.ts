/**
 * Which numbers an input of a foreign model may hold, so that every step over it has an answer: a library that takes no
 * missing and no infinite number refuses the logarithm of a negative one, and what single precision cannot hold.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import { type Input, SINGLE_LIMIT } from '../core/inputs.ts';
import { buildOperations, type FunctionName, type Operation } from '../core/steps/operation.ts';

interface Bounds {
  readonly least: number;
  readonly most: number;
}

const ALL: Bounds = { least: -SINGLE_LIMIT, most: SINGLE_LIMIT };

/** Where a function has a finite answer, for those that do not have one everywhere. */
const DOMAINS: Partial<Readonly<Record<FunctionName, Bounds>>> = {
  log: { least: Number.MIN_VALUE, most: Infinity },
  log2: { least: Number.MIN_VALUE, most: Infinity },
  log10: { least: Number.MIN_VALUE, most: Infinity },
  log1p: { least: -1 + Number.EPSILON / 2, most: Infinity },
  sqrt: { least: 0, most: Infinity },
  exp: { least: -Infinity, most: 709 },
  expm1: { least: -Infinity, most: 709 },
  exp2: { least: -Infinity, most: 1023 },
};

/** Functions that rise or fall all along, or stay. */
const MONOTONE: ReadonlySet<FunctionName> = new Set<FunctionName>([
  'cbrt',
  'ceil',
  'exp',
  'exp2',
  'expm1',
  'floor',
  'log',
  'log10',
  'log1p',
  'log2',
  'negative',
  'sign',
  'sqrt',
  'tanh',
  'trunc',
]);

const GROWING: readonly string[] = ['exp', 'exp2', 'expm1'] satisfies readonly FunctionName[];

/**
 * By input, for numbers.
 * @param limit the largest number that the model itself takes; exponentials are held below it, also where they are
 *   multiplied (each then below its share, so that more is refused than has to be)
 * @throws AppError model-unsupported where no bound says what the steps take
 */
export const numberBounds = (
  inputs: readonly Input[],
  features: readonly Feature[],
  limit = Number.MAX_VALUE,
): ReadonlyMap<string, Bounds> => {
  const bounds = new Map<string, Bounds>();
  for (const { name, kind } of inputs) if (kind === 'number') bounds.set(name, ALL);
  // A column that stands in many products has one list of operations.
  const seen = new Map<readonly Operation[], number>();
  const visit = (feature: Feature, most: number): void => {
    if (feature.step === 'product')
      for (const factor of feature.of) visit(factor, most ** (1 / feature.of.length));
    if (feature.step !== 'chain') return;
    const { of, operations } = feature;
    if ((seen.get(operations) ?? Number.POSITIVE_INFINITY) <= most) return;
    seen.set(operations, most);
    if (of.step === 'number' || of.step === 'scale' || of.step === 'line') {
      bounds.set(of.input, narrowed(bounds.get(of.input) ?? ALL, of, { operations, limit: most }));
      return;
    }
    visit(of, most);
    for (const operation of operations)
      if (operation.do === 'function' && DOMAINS[operation.function])
        throw unsupported(operation.function, 'of what other steps make');
  };
  for (const feature of features) visit(feature, limit);
  return bounds;
};

interface ChainSteps {
  readonly operations: readonly Operation[];
  /** What the chain may come to at most. */
  readonly limit: number;
}

/** The numbers for which every function of a chain has an answer. */
const narrowed = (
  bounds: Bounds,
  of: Feature & { readonly step: 'number' | 'scale' | 'line' },
  { operations, limit }: ChainSteps,
): Bounds => {
  let { least, most } = bounds;
  const first = firstOperation(of);
  const narrow = (before: readonly Operation[], domain: Bounds, name: FunctionName): void => {
    const number = buildOperations(before);
    const fits = (x: number): boolean => number(x) >= domain.least && number(x) <= domain.most;
    const filled = before.find((one) => one.do === 'fill');
    if (filled && !fits(Number.NaN)) throw unsupported(name, 'of what is filled in');
    const within = edgesOf({ fits, number, domain }, { least, most });
    if (!within) throw unsupported(name, 'which has no answer for any number');
    ({ least, most } = within);
  };
  operations.forEach((operation, i) => {
    const domain = operation.do === 'function' ? DOMAINS[operation.function] : undefined;
    if (!domain || operation.do !== 'function') return;
    const before = [...first, ...operations.slice(0, i)];
    const known = before.findLast((one) => !isMonotone(one));
    // Of a square or a size no more is known than that it is not negative.
    if (known) {
      const isSize =
        known.do === 'function' && (known.function === 'abs' || known.function === 'square');
      if (isSize && before.at(-1) === known && domain.least <= 0 && domain.most === Infinity)
        return;
      throw unsupported(operation.function, 'after such a step');
    }
    narrow(before, domain, operation.function);
    if (!GROWING.includes(operation.function)) return;
    // As far as the steps after it rise or fall all along.
    const rest = operations.slice(i + 1);
    const end = rest.findIndex((one) => !isMonotone(one));
    const next = rest[end];
    const isSquared = next?.do === 'function' && next.function === 'square';
    const size = isSquared ? Math.sqrt(limit) : limit;
    const until = [...first, ...operations.slice(0, end < 0 ? undefined : i + 1 + end)];
    narrow(until, { least: -size, most: size }, operation.function);
  });
  return { least, most };
};

/** What the innermost feature does to the number of its input. */
const firstOperation = (
  of: Feature & { readonly step: 'number' | 'scale' | 'line' },
): readonly Operation[] => {
  if (of.step === 'number') return [];
  const fill: readonly Operation[] =
    of.missing === undefined ? [] : [{ do: 'fill', number: of.missing }];
  return of.step === 'scale'
    ? [...fill, { do: 'scale', shift: of.shift, scale: of.scale }]
    : [...fill, { do: 'line', factor: of.factor, offset: of.offset }];
};

const isMonotone = (operation: Operation): boolean => {
  switch (operation.do) {
    case 'is':
    case 'lose':
      return false;
    case 'function':
      return MONOTONE.has(operation.function);
    default:
      return true;
  }
};

/** Monotone steps, and what they may lead to. */
interface Question {
  readonly number: (x: number) => number;
  readonly domain: Bounds;
  /** Whether the steps lead from a number into the domain. */
  readonly fits: (x: number) => boolean;
}

/** The first and the last number that fits, as those that fit lie side by side; undefined where none does. */
const edgesOf = (question: Question, { least, most }: Bounds): Bounds | undefined => {
  const { fits } = question;
  const start = search(question, { least, most });
  if (start === undefined) return undefined;
  return {
    least: fits(least) ? least : lastBetween(start, least, fits),
    most: fits(most) ? most : lastBetween(start, most, fits),
  };
};

/** One number that fits, by halving. */
const search = (
  { number, domain, fits }: Question,
  { least, most }: Bounds,
): number | undefined => {
  const rises = number(most) >= number(least);
  let [low, high] = [placeOf(least), placeOf(most)];
  while (low <= high) {
    const middle = (low + high) >> 1n;
    const x = numberAt(middle);
    if (fits(x)) return x;
    if (number(x) < domain.least === rises) low = middle + 1n;
    else high = middle - 1n;
  }
  return undefined;
};

/** The last number that fits on the way from one that does to one that does not. */
const lastBetween = (inside: number, outside: number, fits: (x: number) => boolean): number => {
  let [good, bad] = [placeOf(inside), placeOf(outside)];
  for (;;) {
    const middle = (good + bad) / 2n;
    if (middle === good || middle === bad) return numberAt(good);
    if (fits(numberAt(middle))) good = middle;
    else bad = middle;
  }
};

const bits = new DataView(new ArrayBuffer(8));

/** The place of a number among all float64, in their order. */
const placeOf = (x: number): bigint => {
  bits.setFloat64(0, x);
  const place = bits.getBigInt64(0);
  return place >= 0n ? place : -(place & 0x7fffffffffffffffn);
};

const numberAt = (place: bigint): number => {
  bits.setBigInt64(0, place >= 0n ? place : -place);
  const size = bits.getFloat64(0);
  return place >= 0n ? size : -size;
};

const unsupported = (name: FunctionName, what: string): AppError =>
  new AppError(
    'model-unsupported',
    `the model takes the ${name} ${what}, for which the library would refuse some inputs that cannot be told; make that column before the pipeline`,
  );
