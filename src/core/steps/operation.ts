/**
 * Operations on a number, one after the other: what a step of a pipeline does to a column. A missing number stays missing
 * until it is filled.
 */

/** Functions of a number by the names that NumPy has for them. */
const FUNCTIONS = {
  abs: Math.abs,
  cbrt: Math.cbrt,
  ceil: Math.ceil,
  cos: Math.cos,
  exp: Math.exp,
  exp2: (x: number): number => 2 ** x,
  expm1: Math.expm1,
  floor: Math.floor,
  log: Math.log,
  log10: Math.log10,
  log1p: Math.log1p,
  log2: Math.log2,
  negative: (x: number): number => -x,
  sign: Math.sign,
  sin: Math.sin,
  sqrt: Math.sqrt,
  square: (x: number): number => x * x,
  tanh: Math.tanh,
  trunc: Math.trunc,
} as const satisfies Readonly<Record<string, (x: number) => number>>;

export type FunctionName = keyof typeof FUNCTIONS;

export const isFunctionName = (name: string): name is FunctionName =>
  Object.hasOwn(FUNCTIONS, name);

export type Operation =
  /** (x - shift) / scale */
  | { readonly do: 'scale'; readonly shift: number; readonly scale: number }
  /** x * factor + offset */
  | { readonly do: 'line'; readonly factor: number; readonly offset: number }
  /** Missing where it is this number, both as float32. */
  | { readonly do: 'lose'; readonly number: number }
  /** This number where it is missing. */
  | { readonly do: 'fill'; readonly number: number }
  | { readonly do: 'clip'; readonly least: number; readonly most: number }
  | { readonly do: 'function'; readonly function: FunctionName }
  /**
   * How many edges, which ascend, lie at or below it; `slack` is added to it before: a share of its size, and a number.
   */
  | {
      readonly do: 'bin';
      readonly edges: Float64Array;
      readonly slack?: { readonly share: number; readonly number: number };
    }
  /** 1 where it is this number, else 0. */
  | { readonly do: 'is'; readonly number: number };

/**
 * One function for all operations, in their order.
 * @throws TypeError for an operation that is not known
 */
export const buildOperations = (operations: readonly Operation[]): ((x: number) => number) => {
  const functions = operations.map(buildOperation);
  return (x) => {
    let value = x;
    for (let i = 0; i < functions.length; i++) value = functions[i]!(value);
    return value;
  };
};

const buildOperation = (operation: Operation): ((x: number) => number) => {
  switch (operation.do) {
    case 'scale': {
      const { shift, scale } = operation;
      return (x) => (x - shift) / scale;
    }
    case 'line': {
      const { factor, offset } = operation;
      return (x) => x * factor + offset;
    }
    case 'lose': {
      const lost = Math.fround(operation.number);
      return (x) => (Math.fround(x) === lost ? Number.NaN : x);
    }
    case 'fill': {
      const { number } = operation;
      return (x) => (Number.isNaN(x) ? number : x);
    }
    case 'clip': {
      const { least, most } = operation;
      return (x) => (x < least ? least : x > most ? most : x);
    }
    case 'function':
      if (!isFunctionName(operation.function))
        throw new TypeError(`no function is called ${String(operation.function)}`);
      return FUNCTIONS[operation.function];
    case 'bin': {
      const { edges, slack = { share: 0, number: 0 } } = operation;
      return (x) =>
        Number.isNaN(x) ? x : countAtOrBelow(edges, x + (slack.number + slack.share * Math.abs(x)));
    }
    case 'is': {
      const { number } = operation;
      return (x) => (Number.isNaN(x) ? x : x === number ? 1 : 0);
    }
    default:
      throw new TypeError('an operation is of an unknown kind');
  }
};

/** @cost O(log edges) */
const countAtOrBelow = (edges: Float64Array, x: number): number => {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
};
