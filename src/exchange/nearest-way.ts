/**
 * The nearest way in for what is refused: what its owner can do instead, by the name of the class.
 */

const WAYS: readonly (readonly [RegExp, string])[] = [
  [
    /^catboost\./,
    "model.save_model('model.cbm') writes one that is read, and so does format='json'",
  ],
  [/_TemperatureScaling$/, "a calibration by method='sigmoid' or 'isotonic' is read"],
  [
    /^sklearn\.svm\./,
    'a CalibratedClassifierCV around a LinearSVC is read, and so is a LogisticRegression',
  ],
  [
    /(Regressor|Regression|Lasso|ElasticNet|Ridge|SVR)(CV)?$/,
    'a classifier of late or not late is read, such as a HistGradientBoostingClassifier',
  ],
  [
    /(Classifier|NB|Discriminant\w*)(CV)?$/,
    'a HistGradientBoostingClassifier, a RandomForestClassifier or a LogisticRegression is read',
  ],
  [
    /^category_encoders\./,
    "scikit-learn's OneHotEncoder, OrdinalEncoder and TargetEncoder are read",
  ],
  [
    /^sklearn\.impute\./,
    'a SimpleImputer is read, and HistGradientBoostingClassifier takes missing values without one',
  ],
  [
    /^sklearn\.(preprocessing|decomposition|feature_selection|feature_extraction|kernel_approximation|random_projection|cluster|manifold)\./,
    'make its columns before the pipeline, and dump the pipeline from there on',
  ],
];

/** One sentence without a full stop. */
export const nearestWay = (name: string): string =>
  WAYS.find(([pattern]) => pattern.test(name))?.[1] ?? 'docs/model-file.md lists what is';
