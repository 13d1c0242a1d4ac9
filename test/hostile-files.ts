/**
 * Files that mean harm: they want too much memory or time, or their trees cannot be walked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import type { ErrorCode } from '../src/core/errors.ts';
import { ascii, objectArray, protocol4, short, stackGlobal, u32 } from './hostile-pickles.ts';

import { slowBzip2, slowLz4, slowLzma } from './slow-packings.ts';

const FIXTURES = join(import.meta.dir, '../src/exchange/fixtures');
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, name));

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

const json = () =>
  JSON.parse(fixture('xgboost.json').toString()) as {
    learner: { gradient_booster: { model: { trees: Record<string, number[]>[] } } };
  };
const withTree = (change: (tree: Record<string, number[]>) => void): Uint8Array => {
  const document = json();
  change(document.learner.gradient_booster.model.trees[0]!);
  return Buffer.from(JSON.stringify(document));
};

/** What it wants, the file, and the code of the refusal. */
export const WANTING: readonly (readonly [string, Uint8Array, ErrorCode])[] = [
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
    protocol4([0x29], new Array<number>(990_000).fill(0x85), [0x2e]),
    'model-unsupported',
  ],
  [
    'the same value a million times',
    protocol4([0x5d], new Array<number>(990_000).fill(0x32), [0x2e]),
    'model-unsupported',
  ],
  [
    'more than a million lists that are all kept',
    protocol4(new Array<number>(1_100_000).fill(0x5d), [0x2e]),
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
  [
    'a million values in the memo',
    protocol4([0x4e], new Array<number>(990_000).fill(0x94), [0x2e]),
    'model-unsupported',
  ],
  [
    'a tuple that doubles a thousand times',
    protocol4([0x29], new Array<number[]>(1000).fill([0x32, 0x86]).flat(), [0x2e]),
    'model-unsupported',
  ],
  [
    'arrays of objects in each other, a thousand deep',
    Uint8Array.from(new Array<number[]>(1000).fill(objectArray).flat()),
    'model-broken',
  ],
  ['a bzip2 bomb', fixture('packings/bomb.bz2'), 'model-unsupported'],
  ['an xz bomb', fixture('packings/bomb.xz'), 'model-unsupported'],
  ['an lzma bomb', fixture('packings/bomb.lzma'), 'model-unsupported'],
  ['bzip2 that is slow on purpose', slowBzip2(200), 'model-unsupported'],
  ['LZMA that is slow on purpose', slowLzma(2_000_000), 'model-unsupported'],
  ['LZ4 that is slow on purpose', slowLz4(1_000_000), 'model-unsupported'],
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

/** What is wrong with the tree, the file, and what the refusal names. */
export const DAMAGED: readonly (readonly [string, Uint8Array, string])[] = [
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
    'has a threshold that is NaN, as XGBoost may write',
    ascii(
      fixture('xgboost.json')
        .toString()
        .replace(/"split_conditions":\[[^,]+,/, '"split_conditions":[NaN,'),
    ),
    'not a number',
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
];
