/** The instructions as a WebAssembly engine runs them. */
import { describe, expect, test } from 'bun:test';
import {
  advance,
  breakIf,
  type Code,
  call,
  clear,
  copy,
  f64,
  f32x4,
  f64x2,
  flattenInto,
  i8x16,
  i32,
  i32x4,
  i64,
  i64x2,
  onlyIf,
  repeatWhile,
  select,
  signedLeb,
  unrolled,
  unsignedLeb,
  v128,
  whileBelow,
} from './instructions.ts';
import { defineFunc, emitModule, type Func } from './module.ts';

const memory = new WebAssembly.Memory({ initial: 1 });
const bytes = new Uint8Array(memory.buffer);
const ints = new Int32Array(memory.buffer);
const longs = new BigInt64Array(memory.buffer);
const doubles = new Float64Array(memory.buffer);
const floats = new Float32Array(memory.buffer);

const run = (...funcs: Func[]): ((...values: number[]) => number) => {
  const module = new WebAssembly.Module(emitModule(funcs));
  return new WebAssembly.Instance(module, { env: { memory } }).exports['run'] as () => number;
};

const evaluate = (value: Code, ...values: number[]): number =>
  run(defineFunc({ name: 'run', params: [], result: 'i32', body: () => value }))(...values);

/** Runs code that stores to memory. */
const perform = (body: Code): void => {
  run(defineFunc({ name: 'run', params: [], body: () => body }))();
};

describe('LEB128', () => {
  test.each([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 1]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 8]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, expected) => {
    expect(unsignedLeb(value)).toEqual(expected);
  });

  test.each([
    [0, [0]],
    [63, [0x3f]],
    [64, [0xc0, 0]],
    [127, [0xff, 0]],
    [128, [0x80, 1]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-128, [0x80, 0x7f]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 7]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('signed %d', (value, expected) => {
    expect(signedLeb(value)).toEqual(expected);
  });

  test('constants at the edges of a byte arrive as they were', () => {
    for (let k = 0; k < 32; k++)
      for (const beside of [-1, 0, 1])
        for (const sign of [1, -1]) {
          const value = (sign * 2 ** k + beside) | 0;
          expect(evaluate(i32.const(value))).toBe(value);
          perform(i64.store(i32.const(0), i64.const(sign * 2 ** (k + 20) + beside)));
          expect(longs[0]).toBe(BigInt(sign * 2 ** (k + 20) + beside));
        }
  });

  test('offsets of loads may take more than a byte', () => {
    for (const at of [0, 124, 128, 16_380, 16_384, 65_532]) {
      ints[at / 4] = at + 7;
      expect(evaluate(i32.load(i32.const(0), at))).toBe(at + 7);
    }
  });
});

describe('numbers', () => {
  test.each<[string, (a: Code, b: Code) => Code, number, number, number]>([
    ['add', i32.add, 2 ** 31 - 1, 1, -(2 ** 31)],
    ['sub', i32.sub, 3, 5, -2],
    ['mul', i32.mul, 65_536, 65_537, 65_536],
    ['and', i32.and, 12, 10, 8],
    ['or', i32.or, 12, 10, 14],
    ['xor', i32.xor, 12, 10, 6],
    ['shl', i32.shl, 1, 31, -(2 ** 31)],
    ['shrS', i32.shrS, -8, 1, -4],
    ['shrU', i32.shrU, -8, 1, 0x7ffffffc],
    ['eq', i32.eq, 4, 4, 1],
    ['ltS', i32.ltS, -1, 1, 1],
    ['ltU', i32.ltU, -1, 1, 0],
    ['gtS', i32.gtS, -1, 1, 0],
    ['geU', i32.geU, -1, 1, 1],
  ])('i32.%s', (_, operation, a, b, expected) => {
    expect(evaluate(operation(i32.const(a), i32.const(b)))).toBe(expected);
  });

  test('an instruction without operands takes them from the stack', () => {
    expect(evaluate([i32.const(40), i32.const(2), i32.add()])).toBe(42);
  });

  test('i32.ctz, i32.eqz and the cut of a float64 to an int32', () => {
    expect(evaluate(i32.ctz(i32.const(40)))).toBe(3);
    expect(evaluate(i32.ctz(i32.const(0)))).toBe(32);
    expect(evaluate(i32.eqz(i32.const(0)))).toBe(1);
    for (const [x, expected] of [
      [2.9, 2],
      [-2.9, -2],
      [1e300, 2 ** 31 - 1],
      [Number.NaN, 0],
    ] as const)
      expect(evaluate(i32.truncSatS(f64.const(x)))).toBe(expected);
  });

  test('float64 arithmetic and comparisons', () => {
    const value = f64.add(f64.mul(f64.const(0.1), f64.const(3)), f64.abs(f64.const(-1)));
    perform(f64.store(i32.const(8), value, 8));
    expect(doubles[2]).toBe(0.1 * 3 + 1);
    perform(f64.store(i32.const(0), f64.roundToFloat32(f64.const(0.1))));
    expect(doubles[0]).toBe(Math.fround(0.1));
    expect(evaluate(f64.lt(f64.const(1), f64.const(1)))).toBe(0);
    expect(evaluate(f64.le(f64.const(1), f64.const(1)))).toBe(1);
    expect(evaluate(f64.ne(f64.const(Number.NaN), f64.const(Number.NaN)))).toBe(1);
    expect(evaluate(f64.eq(f64.const(-0), f64.const(0)))).toBe(1);
    expect(evaluate(f64.ge(f64.const(1), f64.const(1)))).toBe(1);
    expect(evaluate(f64.ge(f64.const(Number.NaN), f64.const(1)))).toBe(0);
    const third = f64.div(f64.sub(f64.const(0.3), f64.const(7)), f64.const(3));
    perform(f64.store(i32.const(0), f64.mul(f64.floor(third), f64.fromI32(i32.const(-5)))));
    expect(doubles[0]).toBe(15);
    perform(f64.store(i32.const(0), third));
    expect(doubles[0]).toBe((0.3 - 7) / 3);
  });

  test('int64 sums carry past 32 bits', () => {
    const shifted = i64.shl(i64.extendS(i32.const(-3)), i64.const(32));
    perform(i64.store(i32.const(0), i64.add(shifted, i64.extendU(i32.const(-1)))));
    expect(longs[0]).toBe(-3n * 2n ** 32n + 2n ** 32n - 1n);
  });

  test('the upper bits of a product of the bits of a float64', () => {
    const product = i64.mul(i64.bitsOf(f64.const(-1.5)), i64.const(0x1d_9e37_79b9_7f4b));
    const expected = BigInt.asUintN(64, 0xbff8_0000_0000_0000n * 0x1d_9e37_79b9_7f4bn) >> 40n;
    expect(evaluate(i64.low(i64.shrU(product, i64.const(40))))).toBe(Number(expected));
  });
});

describe('memory', () => {
  test('small numbers are loaded without a sign', () => {
    ints[0] = -2;
    expect(evaluate(i32.load8U(i32.const(0)))).toBe(254);
    expect(evaluate(i32.load16U(i32.const(0)))).toBe(65_534);
  });

  test('a short store leaves its neighbours alone', () => {
    ints.fill(-1, 0, 2);
    perform(i32.store16(i32.const(2), i32.const(0x1_2345)));
    expect([...bytes.subarray(0, 5)]).toEqual([255, 255, 0x45, 0x23, 255]);
  });

  test('copy and clear move and zero bytes, over each other too', () => {
    bytes.set([1, 2, 3, 4, 5, 6], 16);
    perform([copy(i32.const(18), i32.const(16), i32.const(4)), clear(i32.const(16), i32.const(2))]);
    expect([...bytes.subarray(16, 22)]).toEqual([0, 0, 1, 2, 3, 4]);
  });
});

describe('control', () => {
  /** The sum of 0 .. n - 1, left early at `end`. */
  const sum = (end: number): Func =>
    defineFunc({
      name: 'run',
      params: ['i32'],
      result: 'i32',
      body: ([n], local) => {
        const [i, total] = [local('i32'), local('i32')];
        return [
          whileBelow(i, n, [
            breakIf(i32.eq(i.get, i32.const(end))),
            total.set(i32.add(total.get, i.get)),
            advance(i, 1),
          ]),
          total.get,
        ];
      },
    });

  test('whileBelow checks first, and breakIf leaves it', () => {
    expect(run(sum(-1))(0)).toBe(0);
    expect(run(sum(-1))(101)).toBe(5050);
    expect(run(sum(4))(101)).toBe(6);
  });

  test('repeatWhile runs at least once', () => {
    const count = defineFunc({
      name: 'run',
      params: ['i32'],
      result: 'i32',
      body: ([n], local) => {
        const rounds = local('i32');
        return [repeatWhile([advance(rounds, 1), i32.ltS(rounds.get, n.get)]), rounds.get];
      },
    });
    expect(run(count)(0)).toBe(1);
    expect(run(count)(7)).toBe(7);
  });

  test('select, tee and calls', () => {
    const squareFunc = defineFunc({
      params: ['i32'],
      result: 'i32',
      body: ([x]) => i32.mul(x.get, x.get),
    });
    const func = defineFunc({
      name: 'run',
      params: ['i32'],
      result: 'i32',
      body: ([x], local) => {
        const squared = local('i32');
        const square = squared.tee([x.get, call(0)]);
        return select(i32.ltS(i32.const(50), squared.get), square, i32.const(-1));
      },
    });
    expect(run(squareFunc, func)(7)).toBe(-1);
    expect(run(squareFunc, func)(8)).toBe(64);
  });

  test('unrolled code runs as often as it is repeated', () => {
    const func = defineFunc({
      name: 'run',
      params: ['i32'],
      result: 'i32',
      body: ([x]) => [unrolled(advance(x, 3), 5), x.get],
    });
    expect(run(func)(1)).toBe(16);
  });
});

describe('vectors', () => {
  const lanesOf = (vector: Code): number[] => {
    perform(v128.store(i32.const(64), vector));
    return [...ints.subarray(16, 20)];
  };
  const pairOf = (vector: Code): number[] => {
    perform(v128.store(i32.const(64), vector));
    return [...doubles.subarray(8, 10)];
  };
  const floatsOf = (vector: Code): number[] => {
    perform(v128.store(i32.const(64), vector));
    return [...floats.subarray(16, 20)];
  };
  const some = i32x4.const(1, -2, 3, 2 ** 31 - 1);

  test('four int32', () => {
    expect(lanesOf(some)).toEqual([1, -2, 3, 2 ** 31 - 1]);
    expect(lanesOf(i32x4.add(some, i32x4.splat(i32.const(1))))).toEqual([2, -1, 4, -(2 ** 31)]);
    expect(lanesOf(i32x4.mul(some, some))).toEqual([1, 4, 9, 1]);
    expect(lanesOf(i32x4.shl(some, i32.const(1)))).toEqual([2, -4, 6, -2]);
    expect(lanesOf(i32x4.shrU(some, i32.const(31)))).toEqual([0, 1, 0, 0]);
    expect(lanesOf(i32x4.maxS(some, i32x4.const(2, 2, 2, 2)))).toEqual([2, 2, 3, 2 ** 31 - 1]);
    expect([0, 1, 2, 3].map((lane) => evaluate(i32x4.extractLane(lane, some)))).toEqual([
      1,
      -2,
      3,
      2 ** 31 - 1,
    ]);
  });

  test('bits', () => {
    const mask = i32x4.const(3, 3, 0, -1);
    expect(lanesOf(v128.and(some, mask))).toEqual([1, 2, 0, 2 ** 31 - 1]);
    expect(lanesOf(v128.or(some, mask))).toEqual([3, -1, 3, -1]);
    expect(lanesOf(v128.xor(some, some))).toEqual([0, 0, 0, 0]);
    expect(lanesOf(i8x16.splat(i32.const(2)))).toEqual(new Array(4).fill(0x0202_0202));
  });

  test('bytes of two in turn', () => {
    const first = i32x4.const(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
    const second = i32x4.const(0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c);
    expect(lanesOf(v128.zipLowBytes(first, second))).toEqual([
      0x11011000, 0x13031202, 0x15051404, 0x17071606,
    ]);
    expect(lanesOf(v128.zipHighBytes(first, second))).toEqual([
      0x19091808, 0x1b0b1a0a, 0x1d0d1c0c, 0x1f0f1e0e,
    ]);
    expect(lanesOf(v128.zipLowPairs(first, second))).toEqual([
      0x11100100, 0x13120302, 0x15140504, 0x17160706,
    ]);
    expect(lanesOf(v128.zipHighPairs(first, second))).toEqual([
      0x19180908, 0x1b1a0b0a, 0x1d1c0d0c, 0x1f1e0f0e,
    ]);
  });

  test('loads and stores of lanes', () => {
    ints.set([0x0403_0201, 5, 6, 7], 0);
    doubles.set([1.5, 2.5], 4);
    expect(lanesOf(i32x4.fromBytes(v128.load32Zero(i32.const(0))))).toEqual([1, 2, 3, 4]);
    expect(lanesOf(v128.load(i32.const(0)))).toEqual([0x0403_0201, 5, 6, 7]);
    const low = v128.load64Zero(i32.const(0), 40);
    expect(pairOf(low)).toEqual([2.5, 0]);
    expect(pairOf(v128.load64Lane(1)(i32.const(0), low, 32))).toEqual([2.5, 1.5]);
    perform(v128.store32Lane(2)(i32.const(0), some, 128));
    expect(ints[32]).toBe(3);
    perform(v128.store64Lane(1)(i32.const(0), v128.load(i32.const(32)), 128));
    expect(doubles[16]).toBe(2.5);
  });

  test('two float64', () => {
    doubles.set([1.25, -2.5], 0);
    const pair = v128.load(i32.const(0));
    expect(pairOf(f64x2.add(pair, pair))).toEqual([2.5, -5]);
    const two = f64x2.splat(f64.const(-2));
    expect(pairOf(f64x2.sub(pair, two))).toEqual([3.25, -0.5]);
    expect(pairOf(f64x2.mul(pair, two))).toEqual([-2.5, 5]);
    expect(pairOf(f64x2.div(pair, two))).toEqual([-0.625, 1.25]);
    expect(lanesOf(f64x2.gt(pair, two))).toEqual([-1, -1, 0, 0]);
    expect(lanesOf(f64x2.ge(two, two))).toEqual([-1, -1, -1, -1]);
  });

  test('four float32', () => {
    const [one, two] = [f32x4.const(1.25), f32x4.splat(f64.const(-2.5))];
    expect(floatsOf(f32x4.add(one, two))).toEqual([-1.25, -1.25, -1.25, -1.25]);
    expect(floatsOf(f32x4.sub(one, two))).toEqual([3.75, 3.75, 3.75, 3.75]);
    expect(floatsOf(f32x4.mul(one, two))).toEqual([-3.125, -3.125, -3.125, -3.125]);
    expect(floatsOf(f32x4.div(one, two))).toEqual([-0.5, -0.5, -0.5, -0.5]);
    expect(floatsOf(f32x4.pmin(one, two))).toEqual([-2.5, -2.5, -2.5, -2.5]);
    expect(floatsOf(f32x4.pmax(one, two))).toEqual([1.25, 1.25, 1.25, 1.25]);
    expect(floatsOf(f32x4.floor(two))).toEqual([-3, -3, -3, -3]);
    expect(floatsOf(f32x4.fromI32(some))).toEqual([1, -2, 3, 2 ** 31]);
    expect(lanesOf(f32x4.gt(one, two))).toEqual([-1, -1, -1, -1]);
    doubles.set([1 / 3, -2.5], 0);
    const third = Math.fround(1 / 3);
    const pair = f32x4.fromF64(v128.load(i32.const(0)));
    expect(floatsOf(pair)).toEqual([third, -2.5, 0, 0]);
    expect(floatsOf(f32x4.splat(f64.const(1 / 3)))).toEqual([third, third, third, third]);
    expect(floatsOf(v128.lowHalves(pair, one))).toEqual([third, -2.5, 1.25, 1.25]);
  });

  test('halves and words of vectors, and whether anything is set', () => {
    doubles.set([1.5, 2.5], 0);
    const [low, pair] = [v128.load64Zero(i32.const(0)), v128.load(i32.const(0))];
    expect(pairOf(v128.highHalves(low, pair))).toEqual([0, 2.5]);
    expect(pairOf(v128.andNot(pair, low))).toEqual([0, 2.5]);
    expect(lanesOf(i64x2.eq(pair, low))).toEqual([-1, -1, 0, 0]);
    expect(evaluate(v128.anyTrue(v128.andNot(low, pair)))).toBe(0);
    expect(evaluate(v128.anyTrue(low))).toBe(1);
    expect(lanesOf(v128.evenWords(some))).toEqual([1, 3, 1, 3]);
    expect(lanesOf(v128.oddWords(some))).toEqual([-2, 2 ** 31 - 1, -2, 2 ** 31 - 1]);
    expect(pairOf(f64x2.fromI32(some))).toEqual([1, -2]);
    expect(pairOf(f64x2.fromU32(some))).toEqual([1, 2 ** 32 - 2]);
  });

  test('one thing or the other', () => {
    const chosen = (condition: number): number => {
      perform(
        onlyIf(
          i32.const(condition),
          i32.store(i32.const(0), i32.const(1)),
          i32.store(i32.const(0), i32.const(2)),
        ),
      );
      return ints[0]!;
    };
    expect([chosen(5), chosen(0)]).toEqual([1, 2]);
    perform(onlyIf(i32.ne(i32.const(3), i32.const(3)), i32.store(i32.const(0), i32.const(9))));
    expect(ints[0]).toBe(2);
  });

  test('two int64', () => {
    longs.set([1n, -1n], 0);
    const pair = v128.load(i32.const(0));
    expect(lanesOf(i64x2.add(pair, pair))).toEqual([2, 0, -2, -1]);
    expect(lanesOf(i64x2.sub(i64x2.sub(pair, pair), pair))).toEqual([-1, -1, 1, 0]);
  });
});

test('nested code is flattened in its order', () => {
  const flat: number[] = [9];
  flattenInto([1, [2, [3, []], 4], [[5]]], flat);
  expect(flat).toEqual([9, 1, 2, 3, 4, 5]);
});
