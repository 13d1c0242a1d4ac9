/** Files that mean harm, or are damaged: each is refused with its code, fast, and the offending name is said. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { AppError, type ErrorCode } from '../core/errors.ts';
import { importModel } from './import.ts';

const FIXTURES = join(import.meta.dir, 'fixtures');
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, name));

/** The refusal of a file; anything but an AppError is a bug and fails the test. */
const refusalOf = (bytes: Uint8Array): AppError => {
  try {
    importModel(bytes, {}, 'hostile');
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
};

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const protocol4 = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat([
    Uint8Array.of(0x80, 4),
    ...parts.map((part) => (typeof part === 'string' ? ascii(part) : Uint8Array.from(part))),
  ]);
const short = (text: string): number[] => [0x8c, text.length, ...ascii(text)];
const u32 = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
const stackGlobal = (module: string, name: string): number[] => [
  ...short(module),
  ...short(name),
  0x93,
];

describe('a pickle that tries to run code', () => {
  test.each([
    ['os.system by GLOBAL', ascii("cos\nsystem\n(S'id'\ntR."), 'os.system'],
    [
      'posix.system by STACK_GLOBAL',
      protocol4(stackGlobal('posix', 'system'), short('id'), [0x85, 0x52, 0x2e]),
      'posix.system',
    ],
    [
      'builtins.eval',
      protocol4(stackGlobal('builtins', 'eval'), short('1'), [0x85, 0x52, 0x2e]),
      'builtins.eval',
    ],
    ['__builtin__.exec of Python 2', ascii("c__builtin__\nexec\n(S'1'\ntR."), 'builtins.exec'],
    ['INST', ascii("(S'id'\nios\nsystem\n."), 'os.system'],
    ['OBJ', ascii("(cos\nsystem\nS'id'\no."), 'os.system'],
    [
      'NEWOBJ',
      protocol4(stackGlobal('subprocess', 'Popen'), short('id'), [0x85, 0x81, 0x2e]),
      'subprocess.Popen',
    ],
    [
      'NEWOBJ_EX',
      protocol4(stackGlobal('subprocess', 'Popen'), [0x29, 0x7d, 0x92, 0x2e]),
      'subprocess.Popen',
    ],
    [
      'a dotted name inside a known class',
      protocol4(stackGlobal('sklearn.tree._tree', 'Tree.__init__.__globals__'), [0x2e]),
      'Tree.__init__',
    ],
    [
      'a known function of a known library',
      protocol4(stackGlobal('sklearn.utils', '_joblib.os.system'), [0x2e]),
      'os.system',
    ],
    [
      'numpy.testing runstring',
      ascii("cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR."),
      'runstring',
    ],
    [
      'copyreg._extension_registry',
      protocol4(stackGlobal('copyreg', 'add_extension'), [0x2e]),
      'copyreg.add_extension',
    ],
    ['getattr', protocol4(stackGlobal('builtins', 'getattr'), [0x2e]), 'builtins.getattr'],
    [
      'operator.attrgetter',
      protocol4(stackGlobal('operator', 'attrgetter'), [0x2e]),
      'operator.attrgetter',
    ],
    [
      'importlib',
      protocol4(stackGlobal('importlib', 'import_module'), [0x2e]),
      'importlib.import_module',
    ],
    [
      'a shell hidden inside a list of a tuple of a dictionary',
      protocol4([0x5d, 0x7d, ...short('a')], stackGlobal('os', 'popen'), [0x73, 0x61, 0x2e]),
      'os.popen',
    ],
    ['a persistent id', ascii('Pid\n.'), 'persistent id'],
    ['a persistent id on the stack', protocol4(short('x'), [0x51, 0x2e]), 'persistent id'],
    ['extension codes', protocol4([0x82, 1, 0x2e]), 'extension code'],
    ['extension codes of four bytes', protocol4([0x84, 1, 0, 0, 0, 0x2e]), 'extension code'],
    ['a call of what is no class', protocol4([0x4b, 1, 0x29, 0x52, 0x2e]), 'not a named class'],
    ['__proto__ as a module', ascii('c__proto__\nconstructor\n.'), '__proto__.constructor'],
    ['constructor of Object', ascii('cconstructor\nconstructor\n.'), 'constructor.constructor'],
    ['names with control characters', ascii('cos\x1b[2J\nsystem\n.'), 'os?[2J.system'],
  ] as [string, Uint8Array, string][])('is refused: %s', (_, bytes, name) => {
    const { code, message } = refusalOf(bytes);
    expect(message).toContain(name);
    expect(code).toBe('model-unsafe');
  });

  test("a known library's other class is named as unsupported, not as an attack", () => {
    const { code, message } = refusalOf(
      protocol4(stackGlobal('sklearn.svm._classes', 'SVC'), [0x29, 0x81, 0x2e]),
    );
    expect(code).toBe('model-unsupported');
    expect(message).toContain('sklearn.svm._classes.SVC');
  });

  test('a known class of another kind is named as unsupported', () => {
    const { code, message } = refusalOf(fixture('dummy.pkl'));
    expect(code).toBe('model-unsupported');
    expect(message).toContain('DummyClassifier');
  });
});

/** A chain of nodes, each of which claims the same `n` words. */
const sharedSets = (n: number): Uint8Array => {
  const list = (value: (i: number) => number): string =>
    Array.from({ length: n }, (_, i) => value(i)).join(' ');
  return ascii(
    [
      'tree\nmax_feature_idx=0\nobjective=binary\n\nTree=0',
      `num_leaves=${n + 1}\nnum_cat=1\nsplit_feature=${list(() => 0)}`,
      `threshold=${list(() => 0)}\ndecision_type=${list(() => 1)}`,
      `left_child=${list((i) => ~i)}\nright_child=${list((i) => (i === n - 1 ? ~n : i + 1))}`,
      `leaf_value=0 ${list(() => 0)}\nleaf_count=1 ${list(() => 1)}`,
      `cat_boundaries=0 ${n}\ncat_threshold=${list(() => 1)}\n\nend of trees\n`,
    ].join('\n'),
  );
};

describe('a file that wants too much', () => {
  const wanting: [string, Uint8Array, ErrorCode][] = [
    [
      'bytes of 2^63',
      protocol4([0x8e, 255, 255, 255, 255, 255, 255, 255, 127, 0x2e]),
      'model-broken',
    ],
    ['text of 4 GiB', protocol4([0x58, ...u32(0xffffffff), 0x2e]), 'model-broken'],
    ['a whole number of 4 GiB', protocol4([0x8b, ...u32(0x7fffffff), 0x2e]), 'model-broken'],
    ['a memo that was never kept', protocol4([0x6a, ...u32(77), 0x2e]), 'model-broken'],
    ['a million marks', protocol4(new Array<number>(1_000_000).fill(0x28), [0x2e]), 'model-broken'],
    [
      'a tuple in a tuple, a million deep',
      protocol4([0x29], new Array<number>(1_000_000).fill(0x85), [0x2e]),
      'model-unsupported',
    ],
    [
      'the same value a million times',
      protocol4([0x5d], new Array<number>(1_000_000).fill(0x32), [0x2e]),
      'model-unsupported',
    ],
    [
      'eight million lists that are all kept',
      protocol4(new Array<number>(8_000_000).fill(0x5d), [0x2e]),
      'model-broken',
    ],
    [
      'an array whose shape is 2^40',
      protocol4(
        stackGlobal('numpy._core.multiarray', '_reconstruct'),
        [0x29, 0x52],
        [0x28, 0x4b, 1, 0x8a, 6, 0, 0, 0, 0, 0, 1, 0x85],
        stackGlobal('numpy', 'dtype'),
        short('f8'),
        [0x85, 0x52, 0x89, 0x42, ...u32(0), 0x74, 0x62, 0x2e],
      ),
      'model-broken',
    ],
    ['a line that does not end', ascii(`c${'a'.repeat(200_000)}`), 'model-broken'],
    ['a digit string of a megabyte', ascii(`(I${'9'.repeat(60_000)}\n.`), 'model-broken'],
    ['a gzip bomb', gzipSync(Buffer.alloc(300 * 1024 * 1024)), 'model-unsupported'],
    ['a zlib bomb', deflateSync(Buffer.alloc(300 * 1024 * 1024)), 'model-unsupported'],
    [
      'UBJSON nested a million deep',
      Buffer.from(`{i\x01a${'['.repeat(1_000_000)}`, 'latin1'),
      'model-broken',
    ],
    [
      'UBJSON with 2^31 items of nothing',
      Buffer.concat([ascii('{i\x01a[$Z#l'), Buffer.from([0x7f, 255, 255, 255])]),
      'model-broken',
    ],
    ['JSON nested a million deep', ascii(`{"learner":${'['.repeat(1_000_000)}`), 'model-broken'],
    [
      'ONNX with a length of 2^60',
      Uint8Array.of(8, 9, 0x3a, 255, 255, 255, 255, 255, 255, 255, 255, 15),
      'model-broken',
    ],
    [
      'LightGBM with 2^40 features',
      ascii('tree\nmax_feature_idx=1099511627776\nobjective=binary\nend of trees\n'),
      'model-broken',
    ],
    [
      'LightGBM with ten million columns',
      ascii('tree\nmax_feature_idx=9999999\nobjective=binary\nend of trees\n'),
      'model-broken',
    ],
    ['LightGBM whose nodes all share one huge category set', sharedSets(20_000), 'model-broken'],
    ['an empty file', new Uint8Array(0), 'model-unsupported'],
  ];
  test.each(wanting)('is refused: %s', (_, bytes, code) => {
    expect(refusalOf(bytes).code).toBe(code);
  });
});

describe('a damaged tree', () => {
  const json = () =>
    JSON.parse(fixture('xgboost.json').toString()) as {
      learner: { gradient_booster: { model: { trees: Record<string, number[]>[] } } };
    };
  const withTree = (change: (tree: Record<string, number[]>) => void): Uint8Array => {
    const document = json();
    change(document.learner.gradient_booster.model.trees[0]!);
    return Buffer.from(JSON.stringify(document));
  };
  test.each([
    [
      'is its own child',
      withTree((tree) => {
        tree['left_children']![0] = 0;
      }),
      'twice',
    ],
    [
      'points back to its root',
      withTree((tree) => {
        tree['right_children']![1] = 0;
      }),
      'twice',
    ],
    [
      'shares a child',
      withTree((tree) => {
        tree['right_children']![0] = tree['left_children']![0]!;
      }),
      'twice',
    ],
    [
      'points past its end',
      withTree((tree) => {
        tree['left_children']![0] = 1e9;
      }),
      'points to node',
    ],
    [
      'points before its start',
      withTree((tree) => {
        tree['left_children']![0] = -2;
      }),
      'points to node',
    ],
    [
      'asks a column that is not there',
      withTree((tree) => {
        tree['split_indices']![0] = 99;
      }),
      'asks column 99',
    ],
    [
      'asks half a column',
      withTree((tree) => {
        tree['split_indices']![0] = 0.5;
      }),
      'asks column 0.5',
    ],
    [
      'has no thresholds',
      withTree((tree) => {
        delete tree['split_conditions'];
      }),
      'split_conditions',
    ],
    [
      'has a threshold that is text',
      withTree((tree) => {
        tree['split_conditions']![0] = '__proto__' as unknown as number;
      }),
      'no numbers',
    ],
    [
      'has a threshold that is not a number',
      ascii(
        fixture('lightgbm.txt')
          .toString()
          .replace(/threshold=\S+/, 'threshold=nan'),
      ),
      'threshold should be',
    ],
    [
      'of LightGBM is a circle',
      ascii(
        fixture('lightgbm.txt')
          .toString()
          .replace(/left_child=\S+/, 'left_child=0'),
      ),
      'twice',
    ],
    [
      'of LightGBM points past its end',
      ascii(
        fixture('lightgbm.txt')
          .toString()
          .replace(/left_child=\S+/, 'left_child=4000'),
      ),
      'points to node',
    ],
  ] as [string, Uint8Array, string][])('that %s is refused', (_, bytes, text) => {
    const { code, message } = refusalOf(bytes);
    expect(code).toBe('model-broken');
    expect(message).toContain(text);
  });

  test('with __proto__ keys changes nothing outside itself', () => {
    const text = fixture('xgboost.json')
      .toString()
      .replace('{"learner":', '{"__proto__":{"polluted":1},"learner":');
    importModel(ascii(text), {}, 'x');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

const SMALL = [
  'logistic-labels.pkl',
  'tree-stump.pkl',
  'xgboost-stump.ubj',
  'xgboost-stump.json',
  'onnx-logistic.onnx',
  'lightgbm-leaf.txt',
  'onnx-5-members.onnx',
  'forest-zlib.joblib',
  'sklearn-1.8/forest-xz.joblib',
  'sklearn-1.8/forest-lzma.joblib',
  'sklearn-1.8/forest-lz4.joblib',
];

/** Anything but a model or an AppError is a bug. */
const survives = (bytes: Uint8Array): void => {
  try {
    importModel(bytes, {}, 'fuzz');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
};

describe('a file that is cut or altered never breaks the reader', () => {
  test.each(SMALL)('%s, cut at every byte, is refused or read', (name) => {
    const bytes = fixture(name);
    for (let length = 0; length < bytes.length; length++) survives(bytes.subarray(0, length));
  });

  test.each(SMALL)('%s, with bytes altered, inserted and left out', (name) => {
    const bytes = fixture(name);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(3)), {
          minLength: 1,
          maxLength: 6,
        }),
        (changes) => survives(alter(bytes, changes)),
      ),
      { numRuns: 150, seed: 1 },
    );
  });
});

const alter = (
  bytes: Buffer,
  changes: readonly (readonly [number, number, number])[],
): Uint8Array => {
  let altered = [...bytes];
  for (const [at, byte, kind] of changes) {
    if (kind === 0) altered.splice(at, 1);
    else if (kind === 1) altered.splice(at, 0, byte);
    else if (kind === 2) altered[at] = byte;
    else altered = [...altered.slice(0, at), ...altered.slice(at / 2)];
  }
  return Uint8Array.from(altered);
};
