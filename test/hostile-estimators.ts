/**
 * Pickles of scikit-learn's joined models that no library writes: inside themselves, without number, of wrong shapes.
 */
import type { ErrorCode } from '../src/core/errors.ts';
import { protocol4, short, stackGlobal, u32 } from './hostile-pickles.ts';

type Part = readonly number[];

const text = (value: string): Part => short(value);
const number = (value: number): Part => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return [0x47, ...bytes];
};
const whole = (value: number): Part => [0x4a, ...u32(value)];
const NONE: Part = [0x4e];
const TRUE: Part = [0x88];
const list = (...items: readonly Part[]): Part => [0x5d, 0x28, ...items.flat(), 0x65];
const tuple = (...items: readonly Part[]): Part => [0x28, ...items.flat(), 0x74];
/** An object that is kept in the memo before its state is read, and so can stand in it. */
const object = (module: string, name: string, state: Readonly<Record<string, Part>>): Part => [
  ...stackGlobal(module, name),
  0x29,
  0x81,
  0x94,
  0x7d,
  0x28,
  ...Object.entries(state).flatMap(([key, value]) => [...text(key), ...value]),
  0x75,
  0x62,
];
const kept = (index: number): Part => [0x6a, ...u32(index)];
const numbers = (...values: readonly number[]): Part => [
  ...stackGlobal('numpy._core.numeric', '_frombuffer'),
  ...tuple(
    [0x42, ...u32(values.length * 8), ...new Uint8Array(Float64Array.from(values).buffer)],
    [...stackGlobal('numpy', 'dtype'), ...tuple(text('f8')), 0x52],
    tuple(whole(values.length)),
    text('C'),
  ),
  0x52,
];

const CLASSES = list(text('0'), text('1'));
const logistic = object('sklearn.linear_model._logistic', 'LogisticRegression', {
  coef_: numbers(1),
  intercept_: numbers(0),
  classes_: CLASSES,
});
const pipeline = (...steps: readonly Part[]): Part =>
  object('sklearn.pipeline', 'Pipeline', {
    n_features_in_: whole(1),
    steps: list(...steps.map((step) => tuple(text('s'), step))),
  });
const given = (name: string, module: string, state: Readonly<Record<string, Part>>): Part =>
  pipeline(object(module, name, { n_features_in_: whole(1), ...state }), logistic);
const calibrated = (...entries: readonly Part[]): Part =>
  object('sklearn.calibration', 'CalibratedClassifierCV', {
    n_features_in_: whole(1),
    classes_: CLASSES,
    calibrated_classifiers_: list(...entries),
  });
const entry = (estimator: Part, ...calibrators: readonly Part[]): Part =>
  object('sklearn.calibration', '_CalibratedClassifier', {
    estimator,
    calibrators: list(...calibrators),
  });
const sigmoid = object('sklearn.calibration', '_SigmoidCalibration', {
  a_: number(-1),
  b_: number(0),
});
const isotonic = (from: readonly number[], to: readonly number[]): Part =>
  object('sklearn.isotonic', 'IsotonicRegression', {
    out_of_bounds: text('clip'),
    X_thresholds_: numbers(...from),
    y_thresholds_: numbers(...to),
  });
const bent = (from: readonly number[], to: readonly number[]): Part =>
  calibrated(entry(logistic, isotonic(from, to)));
const voting = (weights: Part): Part =>
  object('sklearn.ensemble._voting', 'VotingClassifier', {
    voting: text('soft'),
    classes_: CLASSES,
    n_features_in_: whole(1),
    weights,
    estimators: list(tuple(text('a'), NONE)),
    estimators_: list(logistic),
  });

const tree = object('sklearn.tree._classes', 'DecisionTreeClassifier', {
  classes_: CLASSES,
  tree_: object('sklearn.tree._tree', 'Tree', { nodes: numbers(1), values: numbers(1, 1) }),
});
const DECIMAL = 'sklearn.preprocessing._data';

const stacking = (methods: Part, ...estimators: readonly Part[]): Part =>
  object('sklearn.ensemble._stacking', 'StackingClassifier', {
    n_features_in_: whole(1),
    classes_: CLASSES,
    passthrough: NONE,
    estimators_: list(...estimators),
    stack_method_: methods,
    final_estimator_: logistic,
  });
const asked = text('predict_proba');
const bins = (...edges: readonly Part[]): Part =>
  given('KBinsDiscretizer', 'sklearn.preprocessing._discretization', {
    encode: text('ordinal'),
    bin_edges_: list(...edges),
  });
const polynomial = (degree: Part, nColumns = 1): Part =>
  pipeline(
    object('sklearn.preprocessing._polynomial', 'PolynomialFeatures', {
      n_features_in_: whole(nColumns),
      degree,
      include_bias: NONE,
    }),
    logistic,
  );
const func = (name: string, ...more: readonly Part[]): Part =>
  pipeline(
    object('sklearn.preprocessing._function_transformer', 'FunctionTransformer', {
      n_features_in_: whole(1),
      func: stackGlobal('numpy', name),
      ...(more[0] && { kw_args: more[0] }),
    }),
    logistic,
  );
const scaler = object(DECIMAL, 'MaxAbsScaler', { n_features_in_: whole(1), scale_: numbers(2) });

/** What it holds, the file, the code of the refusal and what it names. */
export const ESTIMATORS: readonly (readonly [string, Uint8Array, ErrorCode, string])[] = (
  [
    ['a pipeline inside itself', pipeline(kept(0)), 'model-broken', 'a part of itself'],
    [
      'a calibrated classifier inside itself',
      calibrated(entry(kept(0), sigmoid)),
      'model-broken',
      'a part of itself',
    ],
    [
      'columns that are transformed inside themselves',
      pipeline(
        object('sklearn.compose._column_transformer', 'ColumnTransformer', {
          n_features_in_: whole(1),
          transformers_: list(tuple(text('a'), kept(1), list(whole(0)))),
        }),
        logistic,
      ),
      'model-broken',
      'a part of itself',
    ],
    [
      'two thousand folds that are one',
      calibrated(entry(logistic, sigmoid), ...new Array<Part>(2000).fill(kept(1))),
      'model-unsupported',
      'it joins 2001 models',
    ],
    [
      'a forest of one tree',
      object('sklearn.ensemble._forest', 'RandomForestClassifier', {
        classes_: CLASSES,
        n_features_in_: whole(1),
        estimators_: list(tree, ...new Array<Part>(50_000).fill(kept(1))),
      }),
      'model-broken',
      'of a tree',
    ],
    [
      'three hundred copies of a hundred thousand columns',
      object('sklearn.pipeline', 'Pipeline', {
        steps: list(
          tuple(
            text('a'),
            object('sklearn.compose._column_transformer', 'ColumnTransformer', {
              n_features_in_: whole(100_000),
              transformers_: list(
                ...new Array<Part>(300).fill(
                  tuple(text('a'), text('passthrough'), [
                    ...stackGlobal('builtins', 'slice'),
                    ...tuple(NONE, NONE, NONE),
                    0x52,
                  ]),
                ),
              ),
            }),
          ),
          tuple(text('b'), logistic),
        ),
      }),
      'model-unsupported',
      'too many columns',
    ],
    ['isotonic points out of order', bent([0, 2, 1], [0, 0.5, 1]), 'model-broken', 'not sorted'],
    ['isotonic answers that fall', bent([0, 1], [1, 0]), 'model-broken', 'not sorted'],
    ['an isotonic point that is NaN', bent([0, Number.NaN], [0, 1]), 'model-broken', 'no number'],
    ['isotonic answers beyond 1', bent([0, 1], [0, 7]), 'model-broken', 'beyond 0 to 1'],
    ['isotonic points without answers', bent([0, 1], [0]), 'model-broken', '2 points for 1'],
    [
      'two calibrators',
      calibrated(entry(logistic, sigmoid, sigmoid)),
      'model-broken',
      '2 calibrators',
    ],
    ['no calibrated classifiers', calibrated(entry(logistic)), 'model-broken', '0 calibrators'],
    [
      'an imputer of two columns for one',
      given('SimpleImputer', 'sklearn.impute._base', { statistics_: numbers(1, 2) }),
      'model-broken',
      'an imputer knows 2 of 1 columns',
    ],
    [
      'an imputer that fills in nothing',
      given('SimpleImputer', 'sklearn.impute._base', { statistics_: numbers(Number.NaN) }),
      'model-broken',
      'make 0 columns',
    ],
    [
      'an imputer that fills in infinity',
      given('SimpleImputer', 'sklearn.impute._base', { statistics_: numbers(Infinity) }),
      'model-broken',
      'infinity',
    ],
    [
      'an imputer with an indicator',
      given('SimpleImputer', 'sklearn.impute._base', {
        statistics_: numbers(1),
        add_indicator: TRUE,
      }),
      'model-unsupported',
      'add_indicator=True',
    ],
    [
      'a scaler of three columns for one',
      given('RobustScaler', DECIMAL, { scale_: numbers(1, 2, 3) }),
      'model-broken',
      '3 statistics for 1 columns',
    ],
    [
      'a scaler that divides by nothing',
      given('MaxAbsScaler', DECIMAL, { scale_: numbers(0) }),
      'model-broken',
      'no statistics',
    ],
    ['votes without number', voting(list(number(Number.NaN))), 'model-broken', 'do not fit'],
    ['more votes than voters', voting(numbers(1, 2)), 'model-broken', ''],
    ['votes that are nothing', voting(numbers(0)), 'model-broken', 'sum to nothing'],
    ['a stack inside itself', stacking(list(asked), kept(0)), 'model-broken', 'a part of itself'],
    [
      'a stack of two for one method',
      stacking(list(asked), logistic, logistic),
      'model-broken',
      '1 methods for 2',
    ],
    [
      'a stack of two thousand that are one',
      stacking(
        list(...new Array<Part>(2000).fill(asked)),
        logistic,
        ...new Array<Part>(1999).fill(kept(1)),
      ),
      'model-broken',
      'make 2000 columns',
    ],
    [
      'a stack whose last asks other columns',
      stacking(list(asked, asked), logistic, logistic),
      'model-broken',
      'asks 1',
    ],
    ['edges that fall', bins(numbers(1, 3, 2, 4)), 'model-broken', 'do not rise'],
    ['edges that are NaN', bins(numbers(1, Number.NaN, 4)), 'model-broken', 'do not rise'],
    ['no edges', bins(numbers()), 'model-broken', 'no bins'],
    [
      'edges of two columns for one',
      bins(numbers(1, 2), numbers(1, 2)),
      'model-broken',
      '2 of 1 columns',
    ],
    ['a polynomial of the degree 99', polynomial(whole(99)), 'model-unsupported', 'the degree 99'],
    [
      'a polynomial of half a degree',
      polynomial(number(0.5)),
      'model-unsupported',
      'the degree 0.5',
    ],
    [
      'a polynomial of a thousand columns',
      polynomial(whole(7), 1000),
      'model-unsupported',
      'more than 100000 columns',
    ],
    [
      'a function that is not computed',
      func('around'),
      'model-unsupported',
      'FunctionTransformer of around',
    ],
    [
      'a function with arguments',
      func('log1p', [0x7d, 0x28, ...text('out'), ...NONE, 0x75]),
      'model-unsupported',
      'with arguments',
    ],
    ['a function of another module', func('load'), 'model-unsafe', 'numpy.load'],
    [
      'a pipeline of a hundred thousand steps that are one',
      pipeline(
        scaler,
        ...new Array<Part>(100_000).fill(tuple(text('s'), kept(1))).map(() => kept(1)),
        logistic,
      ),
      'model-unsupported',
      'more than 64 steps',
    ],
    [
      'a union inside itself',
      object('sklearn.pipeline', 'Pipeline', {
        n_features_in_: whole(1),
        steps: list(
          tuple(
            text('u'),
            object('sklearn.pipeline', 'FeatureUnion', {
              n_features_in_: whole(1),
              transformer_list: list(tuple(text('a'), kept(1))),
            }),
          ),
          tuple(text('m'), logistic),
        ),
      }),
      'model-broken',
      'a part of itself',
    ],
    [
      'a bag whose estimator asks a column that is not there',
      object('sklearn.ensemble._bagging', 'BaggingClassifier', {
        n_features_in_: whole(1),
        classes_: CLASSES,
        estimators_: list(logistic),
        estimators_features_: list(numbers(99)),
      }),
      'model-broken',
      'asks column 99 of 1',
    ],
  ] as const
).map(([what, part, code, named]) => [what, protocol4([...part, 0x2e]), code, named] as const);
