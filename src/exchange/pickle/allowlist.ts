/**
 * The pickle allowlist: the closed table of classes and functions that a pickle may name. Everything else is refused,
 * and named in the refusal. A name here gives no power: it only marks an inert record.
 */
import { AppError } from '../../core/errors.ts';
import { nearestWay } from '../nearest-way.ts';

/** Calls that mean a value; all other names mean "an object of this class", which nobody runs. */
const FUNCTIONS = [
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.bytes',
  'builtins.set',
  'builtins.frozenset',
  'builtins.slice',
  'collections.OrderedDict',
  'collections.defaultdict',
  'copyreg._reconstructor',
  'functools.partial',
  'numpy.core._ufunc_reconstruct',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy.core.numeric._frombuffer',
  'numpy.dtype',
  'numpy.vectorize',
  // Of a distribution of SciPy only, and inert.
  'builtins.getattr',
] as const;

const CLASSES = [
  'builtins.object',
  'builtins.dict',
  'builtins.list',
  'builtins.int',
  'builtins.float',
  'builtins.str',
  'builtins.bool',
  // Said by searches before 0.22, of what their results will lose.
  'builtins.FutureWarning',
  'numpy.ndarray',
  'numpy.float64',
  'numpy.float32',
  'numpy.float16',
  'numpy.int64',
  'numpy.int32',
  'numpy.int16',
  'numpy.int8',
  'numpy.uint8',
  'numpy.uint16',
  'numpy.uint32',
  'numpy.uint64',
  'numpy.bool_',
  'numpy.object_',
  'numpy.ma.MaskedArray',
  'numpy.ma.core.MaskedArray',
  'numpy.ma.core._mareconstruct',
  'numpy.random.mtrand.RandomState',
  'numpy.random._generator.Generator',
  'numpy.random._mt19937.MT19937',
  'numpy.random._pcg64.PCG64',
  'numpy.random._pickle.__bit_generator_ctor',
  'numpy.random._pickle.__generator_ctor',
  'numpy.random._pickle.__randomstate_ctor',
  'numpy.random.bit_generator.SeedSequence',
  'numpy.random.bit_generator.__pyx_unpickle_SeedSequence',
  'joblib.numpy_pickle.NumpyArrayWrapper',
  'sklearn._loss._loss.CyExponentialLoss',
  'sklearn._loss._loss.CyHalfBinomialLoss',
  'sklearn._loss._loss.__pyx_unpickle_CyExponentialLoss',
  'sklearn._loss._loss.__pyx_unpickle_CyHalfBinomialLoss',
  'sklearn._loss.link.HalfLogitLink',
  'sklearn._loss.link.Interval',
  'sklearn._loss.link.LogitLink',
  'sklearn._loss.loss.ExponentialLoss',
  'sklearn._loss.loss.HalfBinomialLoss',
  'sklearn.calibration.CalibratedClassifierCV',
  'sklearn.calibration._CalibratedClassifier',
  'sklearn.calibration._SigmoidCalibration',
  'sklearn.compose._column_transformer.ColumnTransformer',
  'sklearn.compose._column_transformer._RemainderColsList',
  'sklearn.compose._column_transformer.make_column_selector',
  'sklearn.dummy.DummyClassifier',
  'sklearn.ensemble._bagging.BaggingClassifier',
  'sklearn.ensemble._forest.ExtraTreesClassifier',
  'sklearn.ensemble._forest.RandomForestClassifier',
  'sklearn.ensemble._gb.BinomialDeviance',
  'sklearn.ensemble._gb.ExponentialLoss',
  'sklearn.ensemble._gb.GradientBoostingClassifier',
  'sklearn.ensemble._gb.LogOddsEstimator',
  'sklearn.ensemble._gb.ScaledLogOddsEstimator',
  'sklearn.ensemble._gb.ZeroEstimator',
  'sklearn.ensemble._gb_losses.BinomialDeviance',
  'sklearn.ensemble._gb_losses.ExponentialLoss',
  'sklearn.ensemble._hist_gradient_boosting.binning._BinMapper',
  'sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier',
  'sklearn.ensemble._hist_gradient_boosting.loss.BinaryCrossEntropy',
  'sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor',
  'sklearn.ensemble._stacking.StackingClassifier',
  'sklearn.ensemble._voting.VotingClassifier',
  'sklearn.ensemble._weight_boosting.AdaBoostClassifier',
  'sklearn.frozen._frozen.FrozenEstimator',
  'sklearn.impute._base.SimpleImputer',
  'sklearn.isotonic.IsotonicRegression',
  'sklearn.linear_model._logistic.LogisticRegression',
  'sklearn.linear_model._logistic.LogisticRegressionCV',
  'sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier',
  'sklearn.linear_model._perceptron.Perceptron',
  'sklearn.linear_model._ridge.RidgeClassifier',
  'sklearn.linear_model._ridge.RidgeClassifierCV',
  'sklearn.linear_model._sgd_fast.Hinge',
  'sklearn.linear_model._sgd_fast.Log',
  'sklearn.linear_model._sgd_fast.ModifiedHuber',
  'sklearn.linear_model._sgd_fast.SquaredHinge',
  'sklearn.linear_model._stochastic_gradient.SGDClassifier',
  'sklearn.pipeline.FeatureUnion',
  'sklearn.pipeline.Pipeline',
  'sklearn.preprocessing._data.Binarizer',
  'sklearn.preprocessing._data.MaxAbsScaler',
  'sklearn.preprocessing._data.MinMaxScaler',
  // Up to 0.23.
  'sklearn.preprocessing._data.PolynomialFeatures',
  'sklearn.preprocessing._data.RobustScaler',
  'sklearn.preprocessing._data.StandardScaler',
  'sklearn.preprocessing._discretization.KBinsDiscretizer',
  'sklearn.preprocessing._encoders.OneHotEncoder',
  'sklearn.preprocessing._encoders.OrdinalEncoder',
  'sklearn.preprocessing._function_transformer.FunctionTransformer',
  'sklearn.preprocessing._label.LabelEncoder',
  'sklearn.preprocessing._polynomial.PolynomialFeatures',
  'sklearn.preprocessing._target_encoder.TargetEncoder',
  'sklearn.preprocessing._label.LabelBinarizer',
  'sklearn.svm._classes.LinearSVC',
  'sklearn.tree._classes.DecisionTreeClassifier',
  'sklearn.tree._classes.DecisionTreeRegressor',
  'sklearn.tree._classes.ExtraTreeClassifier',
  'sklearn.tree._tree.Tree',
  'sklearn.utils._bunch.Bunch',
  'sklearn.utils.Bunch',
  'sklearn.utils._metadata_requests.MetadataRequest',
  'sklearn.utils._metadata_requests.MethodMetadataRequest',
  'sklearn.utils.deprecation.DeprecationDict',
  'sklearn.utils.deprecation.deprecated',
  'sklearn.utils.validation.check_array',
  'lightgbm.basic.Booster',
  'lightgbm.sklearn.LGBMClassifier',
  'xgboost.compat.XGBoostLabelEncoder',
  'xgboost.core.Booster',
  'xgboost.sklearn.XGBClassifier',
  'pandas.Index',
  'pandas.StringDtype',
  'pandas.arrays.ArrowStringArray',
  'pandas.core.indexes.base.Index',
  'pandas.core.indexes.base._new_Index',
  'pyarrow.lib._restore_array',
  'pyarrow.lib.py_buffer',
  'pyarrow.lib.type_for_alias',
] as const;

/**
 * Functions that a FunctionTransformer may hold, by NumPy's names: those that are computed here too, and others that
 * are refused where they stand, by their name.
 */
const NUMPY_FUNCTIONS = [
  'abs',
  'absolute',
  'arctan',
  'around',
  'cbrt',
  'ceil',
  'clip',
  'cos',
  'cosh',
  'deg2rad',
  'exp',
  'exp2',
  'expm1',
  'fabs',
  'floor',
  'log',
  'log10',
  'log1p',
  'log2',
  'nan_to_num',
  'negative',
  'positive',
  'rad2deg',
  'reciprocal',
  'rint',
  'round',
  'sign',
  'sin',
  'sinh',
  'sqrt',
  'square',
  'tan',
  'tanh',
  'trunc',
].map((name) => `numpy.${name}`);

/**
 * What lies in a pickle beside the model and has no part in its answers: how a search went, what was sampled before the
 * training. Whatever of it stands where a model or a step is expected is refused there, by its name.
 */
const BYSTANDERS =
  /^(sklearn\.(metrics|neighbors|model_selection)|scipy\.stats|imblearn)(\.\w+)*\.\w+$/;

const ALLOWED: ReadonlySet<string> = new Set<string>([
  ...FUNCTIONS,
  ...CLASSES,
  ...NUMPY_FUNCTIONS,
]);

/** Names of Python 2, and of other versions of NumPy and scikit-learn. */
const MODULES: Readonly<Record<string, string>> = {
  __builtin__: 'builtins',
  exceptions: 'builtins',
  copy_reg: 'copyreg',
  // The builds of scikit-learn 1.4 to 1.7 name this module without its package.
  _loss: 'sklearn._loss._loss',
  'numpy._core': 'numpy.core',
  'numpy.core._multiarray_umath': 'numpy',
  'numpy._core._multiarray_umath': 'numpy',
  'numpy._core.multiarray': 'numpy.core.multiarray',
  'numpy._core.numeric': 'numpy.core.numeric',
  // scikit-learn before 0.22.
  'sklearn.ensemble.bagging': 'sklearn.ensemble._bagging',
  'sklearn.ensemble.forest': 'sklearn.ensemble._forest',
  'sklearn.ensemble.gradient_boosting': 'sklearn.ensemble._gb',
  'sklearn.ensemble.voting': 'sklearn.ensemble._voting',
  'sklearn.ensemble.voting_classifier': 'sklearn.ensemble._voting',
  'sklearn.ensemble.weight_boosting': 'sklearn.ensemble._weight_boosting',
  'sklearn.impute': 'sklearn.impute._base',
  'sklearn.linear_model.logistic': 'sklearn.linear_model._logistic',
  'sklearn.linear_model.passive_aggressive': 'sklearn.linear_model._passive_aggressive',
  'sklearn.linear_model.perceptron': 'sklearn.linear_model._perceptron',
  'sklearn.linear_model.ridge': 'sklearn.linear_model._ridge',
  'sklearn.linear_model.sgd_fast': 'sklearn.linear_model._sgd_fast',
  'sklearn.linear_model.stochastic_gradient': 'sklearn.linear_model._stochastic_gradient',
  'sklearn.preprocessing.data': 'sklearn.preprocessing._data',
  'sklearn.preprocessing.label': 'sklearn.preprocessing._label',
  'sklearn.svm.classes': 'sklearn.svm._classes',
  'sklearn.tree.tree': 'sklearn.tree._classes',
};

/** Libraries whose other classes are models that are not read yet; all else is an attempt to run something. */
const LIBRARIES = /^(sklearn|lightgbm|xgboost|catboost|imblearn|category_encoders|pandas|scipy)\./;

/**
 * The one name of a class or function.
 * @throws AppError model-unsupported for another class of a known library, model-unsafe for anything else
 */
export const checkAllowed = (module: string, name: string): string => {
  const canonicalModule = Object.hasOwn(MODULES, module) ? MODULES[module]! : module;
  const fullName = `${canonicalModule}.${name}`;
  if (ALLOWED.has(fullName) || (BYSTANDERS.test(fullName) && /^\w+$/.test(name))) return fullName;
  const shown = fullName.slice(0, 120).replace(/[^\x20-\x7e]/g, '?');
  // A name with a dot walks from attribute to attribute: no class is reached that way.
  if (LIBRARIES.test(fullName) && /^\w+$/.test(name))
    throw new AppError(
      'model-unsupported',
      `the pickle holds a ${shown}, which is not supported; ${nearestWay(fullName)}`,
    );
  throw unsafeName(fullName);
};

/** The refusal of a name that would run something. */
export const unsafeName = (name: string): AppError => {
  const shown = name.slice(0, 120).replace(/[^\x20-\x7e]/g, '?');
  return new AppError(
    'model-unsafe',
    `the pickle asks for ${shown}, which is refused${OWN_CLASS.test(name.slice(name.lastIndexOf('.') + 1)) ? '; if that is a class of your own, --path ATTRIBUTE takes the model out of it' : ''}`,
  );
};

/** Classes begin with a capital. */
const OWN_CLASS = /^[A-Z]\w*$/;
const WORDS = /^\w+(\.\w+)*$/;

/** As `checkAllowed`, but a name that is in no table is kept, as one of the writer's own. */
export const checkAllowedOrOwn = (
  module: string,
  name: string,
): { readonly kind: 'global'; readonly name: string; readonly isOwn?: boolean } => {
  const fullName = `${module}.${name}`;
  const isOwn =
    WORDS.test(module) &&
    OWN_CLASS.test(name) &&
    fullName.length < 200 &&
    !LIBRARIES.test(fullName) &&
    !SYSTEM.test(module) &&
    !isRenamed(module, name);
  if (!isOwn) return { kind: 'global', name: checkAllowed(module, name) };
  return { kind: 'global', name: fullName, isOwn: true };
};

/** Modules of Python and NumPy: nothing of them is a class of one's own, and much of it runs code. */
const SYSTEM =
  /^(_\w*(?<!__main__)|__builtin__|builtins|numpy|joblib|abc|asyncio|bdb|cProfile|code|codecs|codeop|commands|copy|copyreg|copy_reg|ctypes|dill|cloudpickle|distutils|doctest|ensurepip|fileinput|ftplib|functools|gc|getpass|glob|http|imaplib|importlib|inspect|io|itertools|linecache|logging|mailcap|marshal|mmap|multiprocessing|nt|ntpath|operator|os|pathlib|pdb|pickle|pip|pipes|pkgutil|platform|popen2|posix|posixpath|profile|pty|pydoc|runpy|sched|setuptools|shelve|shutil|signal|site|smtplib|socket|socketserver|sqlite3|ssl|subprocess|sys|sysconfig|tarfile|tempfile|test|threading|timeit|tkinter|trace|traceback|types|unittest|urllib|uuid|venv|weakref|webbrowser|xml|xmlrpc|zipapp|zipfile|zipimport)(\.|$)/;

const isRenamed = (module: string, name: string): boolean =>
  ALLOWED.has(`${Object.hasOwn(MODULES, module) ? MODULES[module]! : module}.${name}`);
