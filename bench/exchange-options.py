"""Makes models of every class and constructor option that changes an answer, for bench/exchange-random.ts.

    python bench/exchange-options.py FOLDER

Each class that is read is fitted with its options one at a time, over odd numbers (whole, huge, tiny, neighbours in
float32), missing values and categories with odd names. Files and answers are as bench/exchange-random.py writes them.
"""
import json
import os
import pickle
import sys
import warnings

os.environ["OMP_NUM_THREADS"] = "1"

import catboost
import lightgbm as lgb
import numpy as np
import onnxruntime
import pandas as pd
import xgboost as xgb
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import *
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import *
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, RandomizedSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import *
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

warnings.filterwarnings("ignore")
OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
random = np.random.default_rng(5)
N = 240

whole = random.integers(0, 24, N).astype(float)
huge = random.choice([0, 1, -1, 1e30, -1e30, 1e-40, -1e-38, 16777216.0, 16777217.0, 16777219.0], N)
near = np.float64(np.float32(0.1)) + random.choice([-2e-9, -1e-9, 0, 1e-9, 2e-9], N)
plain_number = np.round(random.normal(0, 3, N), 3)
sparse = np.where(random.random(N) < 0.5, 0.0, random.normal(0, 1, N))
late = ((whole > 14) ^ (plain_number > 1) ^ (random.random(N) < 0.15)).astype(int)
numbers = np.stack([whole, plain_number, near, sparse], axis=1)
odd = np.stack([whole, huge, near, sparse], axis=1)
holes = numbers.copy()
holes[random.random(holes.shape) < 0.15] = np.nan
flags = (random.random((N, 3)) < 0.4).astype(int)
city = random.choice(["Bogotá", "Lima", "Ñuñoa", "東京", "x_1", " a"], N, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.05]).astype(object)
kind = random.choice(["I", "N"], N).astype(object)
level = random.integers(1, 5, N)
frame = pd.DataFrame({"city": city, "kind": kind, "hora": whole, "nivel": level, "ritmo": plain_number})
late_text = ((city == "Lima") ^ (whole > 14) ^ (random.random(N) < 0.15)).astype(int)
weights = random.random(N) + 0.1

made = 0


def plain(value):
    if value is None or value is pd.NA:
        return None
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value


def answers(ask, rows):
    found = []
    for r in range(len(rows)):
        one = rows.iloc[r : r + 1] if isinstance(rows, pd.DataFrame) else rows[r : r + 1]
        try:
            found.append(float(ask(one)[0]))
        except (ValueError, TypeError, xgb.core.XGBoostError, lgb.basic.LightGBMError, catboost.CatBoostError, AttributeError):
            found.append(None)
    return found


def thresholds(rows, n=12):
    """Rows of the data, then some with one value moved to its neighbours in float64 and float32."""
    rows = np.array(rows[:30], dtype=float)
    extra = []
    for i in range(n):
        row = rows[i].copy()
        c = i % rows.shape[1]
        row[c] = [np.nextafter(row[c], np.inf), float(np.nextafter(np.float32(row[c]), np.float32(np.inf))), -row[c], np.nan, 0.0, 1e9][i % 6]
        extra.append(row)
    return np.concatenate([rows, extra])


def save(name, model, columns, rows, found, tolerance=1e-12, blob=None, spec=None):
    global made
    record = {
        "file": name,
        "kind": name,
        "columns": columns,
        "rows": [[plain(v) for v in row] for row in (rows.values if isinstance(rows, pd.DataFrame) else rows)],
        "probabilities": found,
        "tolerance": tolerance,
        "spec": spec or {},
    }
    with open(f"{OUT}/{name}", "wb") as f:
        f.write(pickle.dumps(model) if blob is None else blob)
    with open(f"{OUT}/{name}.json", "w") as f:
        json.dump(record, f)
    made += 1


def fit(name, model, x=numbers, y=late, tolerance=1e-12, rows=None, spec=None, dump=None, file=None, **fitting):
    name = f"random-{name}"
    try:
        model.fit(x, y, **fitting)
    except Exception as error:
        print("NOT TRAINED", name, type(error).__name__, str(error)[:100].replace("\n", " "))
        return None
    if rows is None:
        if isinstance(x, pd.DataFrame):
            rows = x.iloc[:40]
            if any(rows.dtypes.map(str).isin(["object", "str"])):
                rows = rows.astype({c: object for c in rows.columns if str(rows[c].dtype) in ("object", "str")})
        else:
            rows = thresholds(x)
    columns = list(map(str, rows.columns)) if isinstance(rows, pd.DataFrame) else None
    spec = dict(spec or {})
    if hasattr(model, "classes_") and not isinstance(model, catboost.CatBoostClassifier):
        spec.setdefault("positive", str(model.classes_[1]))
    found = answers(lambda one: model.predict_proba(one)[:, 1], rows)
    save(f"{name}.{file or 'pkl'}", model, columns, rows, found, tolerance, dump(model) if dump else None, spec)
    return model


def linear():
    for name, model in {
        "balanced": LogisticRegression(class_weight="balanced"),
        "liblinear": LogisticRegression(solver="liblinear", intercept_scaling=3),
        "no-intercept": LogisticRegression(fit_intercept=False),
        "l1": LogisticRegression(solver="saga", l1_ratio=1, max_iter=50),
        "newton": LogisticRegression(solver="newton-cholesky"),
        "weights": LogisticRegression(class_weight={0: 1, 1: 9}),
        "cv": LogisticRegressionCV(Cs=3, cv=3),
    }.items():
        fit(f"logistic-{name}", model)
    fit("logistic-float32", LogisticRegression(), numbers.astype(np.float32), tolerance=1e-6)
    fit("logistic-int", LogisticRegression(), flags, rows=flags[:20])
    for loss in ("log_loss", "modified_huber", "hinge", "perceptron", "squared_hinge", "huber", "squared_error"):
        for average in (False, True):
            if loss in ("log_loss", "modified_huber"):
                fit(f"sgd-{loss}-{average}", make_pipeline(StandardScaler(), SGDClassifier(loss=loss, average=average, random_state=1)))
            fit(f"sgd-calibrated-{loss}-{average}", CalibratedClassifierCV(make_pipeline(StandardScaler(), SGDClassifier(loss=loss, average=average, random_state=1)), cv=2))
    for name, model in {"svc": LinearSVC(), "svc-scaling": LinearSVC(intercept_scaling=5), "ridge": RidgeClassifier(), "ridge-cv": RidgeClassifierCV(), "perceptron": Perceptron(), "passive": PassiveAggressiveClassifier() if "PassiveAggressiveClassifier" in globals() else Perceptron()}.items():
        for method in ("sigmoid", "isotonic", "temperature"):
            for ensemble in (True, False):
                fit(f"calibrated-{name}-{method}-{ensemble}", CalibratedClassifierCV(model, method=method, ensemble=ensemble, cv=2), numbers[:, :2], tolerance=1e-9)


def trees():
    for name, model in {
        "balanced": DecisionTreeClassifier(max_depth=5, class_weight="balanced"),
        "entropy": DecisionTreeClassifier(max_depth=5, criterion="entropy"),
        "log-loss": DecisionTreeClassifier(max_depth=5, criterion="log_loss"),
        "random": DecisionTreeClassifier(max_depth=5, splitter="random", random_state=1),
        "monotone": DecisionTreeClassifier(max_depth=5, monotonic_cst=[1, 0, 0, -1]),
        "pruned": DecisionTreeClassifier(ccp_alpha=0.01),
        "leaves": DecisionTreeClassifier(max_leaf_nodes=6),
        "extra": ExtraTreeClassifier(max_depth=5, random_state=1),
        "forest-balanced": RandomForestClassifier(4, class_weight="balanced_subsample", random_state=1, max_depth=5),
        "forest-oob": RandomForestClassifier(30, oob_score=True, random_state=1, max_depth=3),
        "forest-monotone": RandomForestClassifier(4, monotonic_cst=[1, 0, 0, 0], random_state=1, max_depth=4),
        "forest-warm": RandomForestClassifier(4, warm_start=True, random_state=1, max_depth=4),
        "forest-samples": RandomForestClassifier(4, max_samples=0.3, random_state=1),
        "extra-trees": ExtraTreesClassifier(4, random_state=1, max_depth=6),
        "extra-trees-boot": ExtraTreesClassifier(4, bootstrap=True, random_state=1, max_depth=6),
    }.items():
        for data, x in {"plain": numbers, "odd": odd, "holes": holes, "single": numbers.astype(np.float32)}.items():
            fit(f"{name}-{data}", model, x)
    fit("forest-ints", RandomForestClassifier(3, random_state=1), flags, rows=flags[:20])
    fit("forest-bools", RandomForestClassifier(3, random_state=1), pd.DataFrame(flags.astype(bool), columns=["a", "b", "c"]))
    for name, model in {
        "ada": AdaBoostClassifier(n_estimators=6, random_state=1),
        "ada-rate": AdaBoostClassifier(n_estimators=6, learning_rate=0.3, random_state=1),
        "ada-perfect": AdaBoostClassifier(DecisionTreeClassifier(), n_estimators=6, random_state=1),
        "ada-logistic": AdaBoostClassifier(LogisticRegression(), n_estimators=3, random_state=1),
        "ada-extra": AdaBoostClassifier(ExtraTreeClassifier(max_depth=2), n_estimators=4, random_state=1),
        "gb": GradientBoostingClassifier(n_estimators=5),
        "gb-exponential": GradientBoostingClassifier(n_estimators=5, loss="exponential"),
        "gb-zero": GradientBoostingClassifier(n_estimators=5, init="zero"),
        "gb-init": GradientBoostingClassifier(n_estimators=5, init=LogisticRegression()),
        "gb-dummy": GradientBoostingClassifier(n_estimators=5, init=__import__("sklearn.dummy").dummy.DummyClassifier(strategy="uniform")),
        "gb-early": GradientBoostingClassifier(n_estimators=50, n_iter_no_change=2, random_state=1),
        "gb-sub": GradientBoostingClassifier(n_estimators=5, subsample=0.5, random_state=1, max_features=2),
        "gb-mse": GradientBoostingClassifier(n_estimators=5, criterion="squared_error"),
    }.items():
        for data, x in {"plain": numbers, "odd": odd, "weighted": numbers}.items():
            fit(f"{name}-{data}", model, x, **({"sample_weight": weights} if data == "weighted" and name != "ada-perfect" else {}))
    for name, model in {
        "plain": HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
        "balanced": HistGradientBoostingClassifier(max_iter=5, class_weight="balanced", min_samples_leaf=5),
        "monotone": HistGradientBoostingClassifier(max_iter=5, monotonic_cst=[1, 0, 0, -1], min_samples_leaf=5),
        "interaction": HistGradientBoostingClassifier(max_iter=5, interaction_cst=[{0, 1}, {2, 3}], min_samples_leaf=5),
        "early": HistGradientBoostingClassifier(max_iter=60, early_stopping=True, n_iter_no_change=3, random_state=1, min_samples_leaf=5),
        "bins": HistGradientBoostingClassifier(max_iter=5, max_bins=4, min_samples_leaf=5),
        "categories": HistGradientBoostingClassifier(max_iter=5, categorical_features=[0], min_samples_leaf=5),
        "features": HistGradientBoostingClassifier(max_iter=5, max_features=0.5, random_state=1, min_samples_leaf=5),
        "l2": HistGradientBoostingClassifier(max_iter=5, l2_regularization=3, learning_rate=0.5, min_samples_leaf=5),
    }.items():
        for data, x in {"plain": numbers, "odd": odd, "holes": holes}.items():
            fit(f"hist-{name}-{data}", model, x)
    cats = frame.astype({"city": "category", "kind": "category"})
    fit("hist-from-dtype", HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5), cats, late_text)
    fit("hist-names", HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5, categorical_features=["nivel"]), frame[["hora", "nivel", "ritmo"]], late_text)
    gone = cats.copy()
    gone.loc[::5, "city"] = np.nan
    fit("hist-missing-category", HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5), gone, late_text)
    for method in ("sigmoid", "isotonic", "temperature"):
        for inner in (RandomForestClassifier(3, random_state=1, max_depth=3), GradientBoostingClassifier(n_estimators=3), HistGradientBoostingClassifier(max_iter=3), GradientBoostingClassifier(n_estimators=3, loss="exponential"), AdaBoostClassifier(n_estimators=3), BaggingClassifier(n_estimators=2, random_state=1), VotingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier(max_depth=2))], voting="soft"), CalibratedClassifierCV(LogisticRegression(), cv=2), make_pipeline(StandardScaler(), LogisticRegression())):
            for ensemble in (True, False):
                fit(f"calibrated-{type(inner).__name__}-{getattr(inner, 'loss', '')}-{method}-{ensemble}", CalibratedClassifierCV(inner, method=method, ensemble=ensemble, cv=2), tolerance=1e-9)


def joined():
    logistic, tree = LogisticRegression(), DecisionTreeClassifier(max_depth=3, random_state=1)
    for name, model in {
        "soft": VotingClassifier([("a", logistic), ("b", tree)], voting="soft"),
        "weights": VotingClassifier([("a", logistic), ("b", tree)], voting="soft", weights=[0.3, 2]),
        "zero": VotingClassifier([("a", logistic), ("b", tree)], voting="soft", weights=[0, 2]),
        "flat": VotingClassifier([("a", logistic), ("b", tree)], voting="soft", flatten_transform=False),
        "hard": VotingClassifier([("a", logistic), ("b", tree)]),
        "nested": VotingClassifier([("a", VotingClassifier([("c", logistic), ("d", tree)], voting="soft")), ("b", tree)], voting="soft", weights=[1, 3]),
        "bag": BaggingClassifier(n_estimators=3, random_state=1),
        "bag-columns": BaggingClassifier(logistic, n_estimators=3, max_features=2, bootstrap_features=True, random_state=1),
        "bag-hist": BaggingClassifier(HistGradientBoostingClassifier(max_iter=2), n_estimators=2, random_state=1),
        "bag-svc": BaggingClassifier(LinearSVC(), n_estimators=3, random_state=1),
        "bag-lightgbm": BaggingClassifier(lgb.LGBMClassifier(n_estimators=2, verbose=-1), n_estimators=2, max_features=3, random_state=1),
        "fixed": FixedThresholdClassifier(logistic, threshold=0.3),
        "fixed-label": FixedThresholdClassifier(logistic, threshold=0.3, pos_label=0),
        "fixed-decision": FixedThresholdClassifier(logistic, threshold=0.3, response_method="decision_function"),
        "tuned": TunedThresholdClassifierCV(logistic, cv=3),
        "grid": GridSearchCV(logistic, {"C": [0.1, 1]}, cv=2),
        "random-search": RandomizedSearchCV(logistic, {"C": __import__("scipy.stats").stats.loguniform(0.1, 10)}, n_iter=2, cv=2, random_state=1),
        "random-search-int": RandomizedSearchCV(RandomForestClassifier(2), {"max_depth": __import__("scipy.stats").stats.randint(1, 4), "min_samples_leaf": [1, 3]}, n_iter=2, cv=2, random_state=1),
        "random-search-uniform": RandomizedSearchCV(logistic, {"C": __import__("scipy.stats").stats.uniform(0.1, 4)}, n_iter=2, cv=2, random_state=1),
        "stack": StackingClassifier([("a", logistic), ("b", tree)], cv=2),
        "stack-pass": StackingClassifier([("a", logistic), ("b", tree)], cv=2, passthrough=True),
        "stack-decision": StackingClassifier([("a", LinearSVC()), ("b", GradientBoostingClassifier(n_estimators=2))], cv=2, stack_method="auto"),
        "stack-decision-only": StackingClassifier([("a", logistic), ("b", GradientBoostingClassifier(n_estimators=2))], cv=2, stack_method="decision_function"),
        "stack-predict": StackingClassifier([("a", logistic), ("b", tree)], cv=2, stack_method="predict"),
        "stack-forest": StackingClassifier([("a", logistic), ("b", tree)], RandomForestClassifier(2, max_depth=2), cv=2),
        "stack-scaled": StackingClassifier([("a", make_pipeline(StandardScaler(), logistic)), ("b", RandomForestClassifier(3, max_depth=3))], make_pipeline(StandardScaler(), LogisticRegression()), cv=2),
        "stack-calibrated": CalibratedClassifierCV(StackingClassifier([("a", logistic), ("b", tree)], cv=2), cv=2),
        "stack-stack": StackingClassifier([("a", logistic), ("b", StackingClassifier([("c", tree)], cv=2))], cv=2),
        "stack-bag": StackingClassifier([("a", BaggingClassifier(logistic, n_estimators=2)), ("b", CalibratedClassifierCV(tree, cv=2)), ("c", "drop")], cv=2),
        "stack-prefit": StackingClassifier([("a", LogisticRegression().fit(numbers, late)), ("b", DecisionTreeClassifier(max_depth=2).fit(numbers, late))], cv="prefit"),
        "stack-boosters": StackingClassifier([("a", lgb.LGBMClassifier(n_estimators=2, verbose=-1)), ("b", xgb.XGBClassifier(n_estimators=2))], cv=2),
        "vote-stack": VotingClassifier([("a", logistic), ("b", StackingClassifier([("c", tree)], cv=2))], voting="soft"),
        "union": make_pipeline(FeatureUnion([("a", StandardScaler()), ("b", MinMaxScaler())]), logistic),
        "select": make_pipeline(SelectKBest(k=2), logistic),
    }.items():
        fit(name, model, tolerance=1e-6 if "boosters" in name else 1e-12)
        if name in ("soft", "stack", "stack-pass", "bag", "fixed", "grid"):
            fit(f"{name}-labels", model, numbers, np.where(late == 1, "late", "on time"))
    fit("stack-text", StackingClassifier([("a", make_pipeline(ColumnTransformer([("h", OneHotEncoder(handle_unknown="ignore"), ["city"])], remainder="passthrough"), LogisticRegression())), ("b", make_pipeline(ColumnTransformer([("h", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["city"])], remainder="drop"), DecisionTreeClassifier(max_depth=3)))], cv=2), frame[["city", "hora"]], late_text)


def over(step, columns=("city", "kind"), remainder="passthrough", **more):
    return ColumnTransformer([("s", step, list(columns))], remainder=remainder, **more)


def steps():
    logistic = LogisticRegression(max_iter=500)
    forest = RandomForestClassifier(3, max_depth=4, random_state=1)
    ends = {"logistic": logistic, "forest": forest, "xgboost": xgb.XGBClassifier(n_estimators=3, max_depth=3), "lightgbm": lgb.LGBMClassifier(n_estimators=3, min_child_samples=5, verbose=-1)}
    rows = frame.iloc[:30].astype({"city": object, "kind": object})
    rows.iloc[-1, 0] = "never seen"
    rows.iloc[-2, 0] = None
    rows.iloc[-3, 0] = np.nan
    encoders = {
        "hot": OneHotEncoder(handle_unknown="ignore"),
        "hot-dense": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        "hot-error": OneHotEncoder(),
        "hot-first": OneHotEncoder(drop="first"),
        "hot-first-ignore": OneHotEncoder(drop="first", handle_unknown="ignore"),
        "hot-binary": OneHotEncoder(drop="if_binary", handle_unknown="ignore"),
        "hot-drop-named": OneHotEncoder(drop=["Lima", "N"], handle_unknown="ignore"),
        "hot-min": OneHotEncoder(min_frequency=20, handle_unknown="ignore"),
        "hot-min-infrequent": OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist"),
        "hot-max": OneHotEncoder(max_categories=3, handle_unknown="ignore"),
        "hot-warn": OneHotEncoder(handle_unknown="warn"),
        "hot-float32": OneHotEncoder(handle_unknown="ignore", dtype=np.float32),
        "hot-int": OneHotEncoder(handle_unknown="ignore", dtype=np.int8, sparse_output=False),
        "hot-given": OneHotEncoder(categories=[["Lima", "Bogotá"], ["N", "I"]], handle_unknown="ignore"),
        "ordinal": OrdinalEncoder(),
        "ordinal-unknown": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        "ordinal-nan": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
        "ordinal-min": OrdinalEncoder(min_frequency=20, handle_unknown="use_encoded_value", unknown_value=-1),
        "ordinal-max": OrdinalEncoder(max_categories=3, handle_unknown="use_encoded_value", unknown_value=-1),
        "ordinal-missing": OrdinalEncoder(encoded_missing_value=-2),
        "ordinal-float32": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float32),
        "ordinal-int": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=int),
        "target": TargetEncoder(random_state=1),
        "target-smooth": TargetEncoder(smooth=10.0, random_state=1),
        "target-binary": TargetEncoder(target_type="binary", random_state=1),
    }
    for name, encoder in encoders.items():
        for end, model in ends.items():
            tolerance = 1e-6 if end == "xgboost" else 1e-12
            fit(f"step-{name}-{end}", make_pipeline(over(encoder), model), frame, late_text, tolerance, rows)
            fit(f"step-{name}-{end}-scaled", make_pipeline(over(encoder), StandardScaler(with_mean=False), model), frame, late_text, tolerance, rows)
    gone = frame.copy()
    gone.loc[::6, "city"] = np.nan
    missing_rows = pd.concat([gone.iloc[:20].astype({"city": object, "kind": object}), rows.iloc[-3:]])
    for name, encoder in {"hot": OneHotEncoder(handle_unknown="ignore"), "hot-error": OneHotEncoder(), "ordinal": OrdinalEncoder(), "ordinal-missing": OrdinalEncoder(encoded_missing_value=-1), "ordinal-both": OrdinalEncoder(encoded_missing_value=-1, handle_unknown="use_encoded_value", unknown_value=-2), "target": TargetEncoder(random_state=1), "imputed": make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), "filled": make_pipeline(SimpleImputer(strategy="constant", fill_value="gone"), OneHotEncoder(handle_unknown="ignore")), "filled-ordinal": make_pipeline(SimpleImputer(strategy="constant", fill_value="gone"), OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1))}.items():
        for end in ("logistic", "forest", "lightgbm"):
            fit(f"gone-{name}-{end}", make_pipeline(over(encoder), ends[end]), gone, late_text, 1e-12, missing_rows)
    # Transformers of numbers.
    cube = PolynomialFeatures(3, interaction_only=True)
    scalers = {
        "standard": StandardScaler(), "standard-mean": StandardScaler(with_std=False), "standard-std": StandardScaler(with_mean=False),
        "minmax": MinMaxScaler(), "minmax-clip": MinMaxScaler(clip=True), "minmax-wide": MinMaxScaler((-3, 7)),
        "robust": RobustScaler(), "robust-unit": RobustScaler(unit_variance=True), "robust-center": RobustScaler(with_scaling=False), "robust-range": RobustScaler(quantile_range=(10, 80)),
        "maxabs": MaxAbsScaler(), "maxabs-clip": MaxAbsScaler(clip=True) if "clip" in MaxAbsScaler().get_params() else MaxAbsScaler(), "normalizer": Normalizer(), "quantile": QuantileTransformer(n_quantiles=20), "power": PowerTransformer(), "binarizer": Binarizer(threshold=0.5),
        "poly": PolynomialFeatures(), "poly3": PolynomialFeatures(3), "poly-interaction": PolynomialFeatures(interaction_only=True), "poly-no-bias": PolynomialFeatures(include_bias=False), "poly-range": PolynomialFeatures((2, 3)), "cube": cube, "spline": SplineTransformer(),
        "poly-order": PolynomialFeatures(order="F"),
        "bins": KBinsDiscretizer(4), "bins-dense": KBinsDiscretizer(4, encode="onehot-dense"), "bins-ordinal": KBinsDiscretizer(4, encode="ordinal"), "bins-uniform": KBinsDiscretizer(4, encode="ordinal", strategy="uniform"), "bins-kmeans": KBinsDiscretizer(3, encode="ordinal", strategy="kmeans"), "bins-float32": KBinsDiscretizer(4, encode="onehot", dtype=np.float32),
        "imputer": SimpleImputer(), "imputer-indicator": SimpleImputer(add_indicator=True), "imputer-zero": SimpleImputer(missing_values=0), "imputer-minus": SimpleImputer(missing_values=-1, strategy="constant", fill_value=5),
        "function": FunctionTransformer(), "function-square": FunctionTransformer(np.square), "function-abs": FunctionTransformer(np.abs), "function-exp": FunctionTransformer(np.expm1), "function-validate": FunctionTransformer(np.sin, validate=True), "function-inverse": FunctionTransformer(np.cbrt, np.square),
        "function-arguments": FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 10}),
        "twice": make_pipeline(StandardScaler(), MinMaxScaler()), "thrice": make_pipeline(MaxAbsScaler(), StandardScaler(), RobustScaler()),
        "scaled-poly": make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False)), "poly-scaled": make_pipeline(PolynomialFeatures(2), StandardScaler()), "log-scaled": make_pipeline(FunctionTransformer(np.abs), FunctionTransformer(np.log1p), StandardScaler()),
        "scaled-bins": make_pipeline(StandardScaler(), KBinsDiscretizer(3)), "bins-scaled": make_pipeline(KBinsDiscretizer(3, encode="ordinal"), StandardScaler()),
        "imputed-poly": make_pipeline(SimpleImputer(), PolynomialFeatures(2)), "imputed-log": make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(np.abs), FunctionTransformer(np.sqrt)),
        "scaled-imputed": make_pipeline(StandardScaler(), SimpleImputer()), "poly-imputed": make_pipeline(FunctionTransformer(np.square), SimpleImputer()),
    }
    for name, scaler in scalers.items():
        for end, model in ends.items():
            tolerance = 1e-6 if end == "xgboost" else 1e-11 if end == "logistic" else 1e-12
            x = holes if "imput" in name else numbers
            fit(f"scale-{name}-{end}", make_pipeline(scaler, model), x, late, tolerance)
    single = numbers.astype(np.float32)
    for name in ("standard", "minmax", "bins-ordinal", "poly"):
        fit(f"single-{name}-logistic", make_pipeline(scalers[name], logistic), single, late, 1e-6)
    # Column transformers.
    hot = OneHotEncoder(handle_unknown="ignore")
    for name, columns in {
        "rest": over(hot), "drop": over(hot, remainder="drop"), "rest-scaled": over(hot, remainder=StandardScaler()),
        "sparse": over(hot, sparse_threshold=1.0), "dense": over(hot, sparse_threshold=0), "weights": over(hot, transformer_weights={"s": 2.0}),
        "names-out": over(hot, verbose_feature_names_out=False), "indices": ColumnTransformer([("s", hot, [0, 1])], remainder="passthrough"),
        "negative": ColumnTransformer([("s", hot, [0, 1]), ("n", StandardScaler(), [-1])]), "slice": ColumnTransformer([("s", hot, slice(0, 2)), ("n", "passthrough", slice("hora", "ritmo"))]),
        "mask": ColumnTransformer([("s", hot, [True, True, False, False, False])], remainder="passthrough"), "callable": ColumnTransformer([("s", hot, lambda f: ["city", "kind"])], remainder="passthrough"),
        "selector": ColumnTransformer([("s", hot, __import__("sklearn.compose").compose.make_column_selector(dtype_exclude="number"))], remainder="passthrough"),
        "twice": ColumnTransformer([("s", hot, ["city"]), ("t", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["city", "kind"]), ("n", "passthrough", ["hora"])]),
        "twice-numbers": ColumnTransformer([("s", hot, ["city"]), ("t", StandardScaler(), ["hora"]), ("n", MinMaxScaler(), ["hora"]), ("p", "passthrough", ["hora"])]),
        "hot-numbers": ColumnTransformer([("s", hot, ["city", "nivel"])], remainder="drop"),
        "ordered": ColumnTransformer([("n", "passthrough", ["ritmo", "hora"]), ("s", hot, ["kind"])]),
        "nested": ColumnTransformer([("s", make_pipeline(hot, StandardScaler(with_mean=False)), ["city"]), ("n", ColumnTransformer([("a", StandardScaler(), [0])], remainder="passthrough"), ["hora", "ritmo"])]),
        "poly": ColumnTransformer([("s", hot, ["city"]), ("n", PolynomialFeatures(2), ["hora", "ritmo"])]), "bins": ColumnTransformer([("s", hot, ["city"]), ("n", KBinsDiscretizer(3), ["hora", "ritmo"])]),
        "log": ColumnTransformer([("s", hot, ["city"]), ("n", FunctionTransformer(np.log1p), ["hora"])]),
    }.items():
        for end, model in ends.items():
            end_model = model
            tolerance = 1e-6 if end == "xgboost" else 1e-12
            try:
                fit(f"columns-{name}-{end}", make_pipeline(columns, end_model), frame, late_text, tolerance, rows)
            except (pickle.PicklingError, AttributeError) as error:
                print("NOT PICKLED", name, str(error)[:80])
    fit("hot-poly", make_pipeline(over(hot, sparse_threshold=0), PolynomialFeatures(2, interaction_only=True), logistic), frame, late_text, 1e-11, rows)
    empty = frame.assign(city=np.where(city == " a", "", city))
    fit("empty-hot", make_pipeline(over(hot), logistic), empty, late_text, 1e-12, empty.iloc[:30].astype({"city": object, "kind": object}))
    fit("empty-ordinal", make_pipeline(over(OrdinalEncoder(), ["city"], remainder="drop"), forest), empty[["city"]], late_text, 1e-12, empty[["city"]].iloc[:30].astype(object))


def boosters():
    for name, parameters in {
        "plain": {}, "dart": {"boosting_type": "dart", "drop_rate": 0.5}, "rf": {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, "goss": {"data_sample_strategy": "goss"},
        "scale-pos": {"scale_pos_weight": 5}, "unbalance": {"is_unbalance": True}, "balanced": {"class_weight": "balanced"}, "linear": {"linear_tree": True}, "monotone": {"monotone_constraints": [1, 0, 0, -1]},
        "max-delta": {"max_delta_step": 0.1}, "no-average": {"boost_from_average": False}, "sigmoid": {"sigmoid": 2.5}, "xentropy": {"objective": "cross_entropy"}, "xentlambda": {"objective": "cross_entropy_lambda"}, "regression": {"objective": "regression"},
        "no-missing": {"use_missing": False}, "zero-missing": {"zero_as_missing": True}, "extra": {"extra_trees": True}, "quantized": {"use_quantized_grad": True}, "path-smooth": {"path_smooth": 3}, "bin": {"max_bin": 3}, "forced": {"min_data_in_bin": 1},
        "multiclass": {"objective": "multiclass", "num_class": 2}, "ova": {"objective": "multiclassova", "num_class": 2}, "rf-sigmoid": {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "sigmoid": 0.5}, "iterations-zero": {"n_estimators": 0},
    }.items():
        for data, x in {"plain": numbers, "holes": holes, "odd": odd, "sparse": np.where(np.abs(numbers) < 1, 0, numbers)}.items():
            model = lgb.LGBMClassifier(**({"n_estimators": 5, "num_leaves": 5, "min_child_samples": 5, "verbose": -1, "random_state": 1} | parameters))
            fitted = fit(f"lightgbm-{name}-{data}", model, x)
            if fitted is not None:
                fit(f"lightgbm-{name}-{data}-text", model, x, file="txt", dump=lambda m: m.booster_.model_to_string().encode())
    cats = frame.astype({"city": "category", "kind": "category", "nivel": "category"})
    gone = cats.copy()
    gone.loc[::5, "city"] = np.nan
    for name, parameters in {"plain": {}, "onehot": {"max_cat_to_onehot": 100}, "many": {"max_cat_threshold": 2, "cat_smooth": 1, "min_data_per_group": 2}, "zero": {"zero_as_missing": True}, "no-missing": {"use_missing": False}}.items():
        for data, x in {"cats": cats, "gone": gone}.items():
            fit(f"lightgbm-categories-{name}-{data}", lgb.LGBMClassifier(**({"n_estimators": 5, "num_leaves": 5, "min_child_samples": 5, "verbose": -1} | parameters)), x, late_text)
    x = np.stack([random.integers(-3, 6, N), whole], axis=1).astype(float)
    fit("lightgbm-coded", lgb.LGBMClassifier(n_estimators=4, min_child_samples=5, verbose=-1), np.abs(x), late, categorical_feature=[0])
    early = lgb.LGBMClassifier(n_estimators=60, min_child_samples=5, learning_rate=0.5, verbose=-1)
    fit("lightgbm-early", early, numbers, eval_set=[(numbers[:80], 1 - late[:80])], callbacks=[lgb.early_stopping(2, verbose=False)])
    for name, parameters in {
        "plain": {}, "dart": {"booster": "dart", "rate_drop": 0.5}, "dart-forest": {"booster": "dart", "normalize_type": "forest", "rate_drop": 0.3, "one_drop": True}, "linear": {"booster": "gblinear"}, "parallel": {"num_parallel_tree": 3, "subsample": 0.6}, "rf": {"num_parallel_tree": 5, "n_estimators": 1, "subsample": 0.6, "learning_rate": 1},
        "base": {"base_score": 0.9}, "scale-pos": {"scale_pos_weight": 7}, "max-delta": {"max_delta_step": 0.1}, "monotone": {"monotone_constraints": (1, 0, 0, -1)}, "interaction": {"interaction_constraints": [[0, 1], [2, 3]]}, "exact": {"tree_method": "exact"}, "approx": {"tree_method": "approx"}, "lossguide": {"grow_policy": "lossguide", "max_leaves": 5},
        "missing-999": {"missing": -999}, "missing-0": {"missing": 0}, "missing-inf": {"missing": np.inf}, "logitraw": {"objective": "binary:logitraw"}, "hinge": {"objective": "binary:hinge"}, "regression": {"objective": "reg:squarederror"}, "reg-logistic": {"objective": "reg:logistic"}, "softprob": {"objective": "multi:softprob", "num_class": 2}, "multi-strategy": {"multi_strategy": "multi_output_tree"}, "gamma": {"gamma": 1, "reg_alpha": 1}, "none": {"n_estimators": 0}, "cross": {"objective": "rank:pairwise"},
    }.items():
        for data, x in {"plain": numbers, "holes": holes, "odd": odd}.items():
            model = xgb.XGBClassifier(**({"n_estimators": 5, "max_depth": 3} | parameters))
            fitted = fit(f"xgboost-{name}-{data}", model, x, tolerance=1e-6)
            if fitted is not None and np.isnan(fitted.get_params()["missing"]):
                for form in ("json", "ubj"):
                    fit(f"xgboost-{name}-{data}-{form}", model, x, tolerance=1e-6, file=form, dump=lambda m: bytes(m.get_booster().save_raw(form)))
    for name, parameters in {"plain": {}, "onehot": {"max_cat_to_onehot": 50}, "threshold": {"max_cat_threshold": 2, "max_cat_to_onehot": 1}, "approx": {"tree_method": "approx"}}.items():
        for data, x in {"ascii": cats.assign(city=cats["kind"].astype("category")), "ints": cats[["nivel", "hora"]], "gone": gone.drop(columns="city").assign(kind=gone["kind"])}.items():
            fit(f"xgboost-categories-{name}-{data}", xgb.XGBClassifier(n_estimators=5, max_depth=3, enable_categorical=True, **parameters), x, late_text, 1e-6)
    fit("xgboost-types", xgb.XGBClassifier(n_estimators=5, max_depth=3, enable_categorical=True, feature_types=["c", "q", "q", "q"]), numbers, late, 1e-6)
    fit("xgboost-rf", xgb.XGBRFClassifier(n_estimators=5, max_depth=3), numbers, late, 1e-6)
    early = xgb.XGBClassifier(n_estimators=60, learning_rate=0.8, early_stopping_rounds=2)
    fit("xgboost-early", early, numbers, late, 1e-6, eval_set=[(numbers[:80], 1 - late[:80])], verbose=False)
    fit("xgboost-weights", xgb.XGBClassifier(n_estimators=5), numbers, late, 1e-6, sample_weight=weights)
    fit("xgboost-margin", xgb.XGBClassifier(n_estimators=5), numbers, late, 1e-6, base_margin=weights)


def codes():
    """Categories by their codes, asked with numbers that are none, or that the training did not have."""
    own = np.random.default_rng(5)
    x = np.stack([own.integers(0, 8, 400), own.normal(0, 3, 400)], axis=1).astype(float)
    y = ((x[:, 0] % 3 == 0) + own.normal(0, 0.6, 400) > 0.4).astype(int)
    gone, gone_late = x.copy(), y.copy()
    gone[::4, 0], gone_late[::4] = np.nan, 1
    asked = [0, 1, 3, 7, 3.0000000000000004, 2.9999999999999996, 2.99999999, 3.7, 6.999, 7.5, -0.5, -0.0, -1, -3.5, 8, 31.5, 77, 1e9, 3e9, 1e10, np.nan]
    rows = np.array([[code, number] for code in asked for number in (-2.0, 1.5)])
    light = lgb.LGBMClassifier(n_estimators=4, min_child_samples=5, min_data_per_group=5, cat_smooth=1, verbose=-1)
    fit("codes-lightgbm", light, x, y, rows=rows, file="txt", dump=lambda m: m.booster_.model_to_string().encode(), categorical_feature=[0])
    for name, one_hot, data, target in [("sets", 1, x, y), ("sets-gone", 1, gone, gone_late), ("equal", 99, x, y), ("equal-gone", 99, gone, gone_late)]:
        model = xgb.XGBClassifier(n_estimators=4, max_depth=3, feature_types=["c", "q"], enable_categorical=True, max_cat_to_onehot=one_hot)
        fit(f"codes-xgboost-{name}", model, data, target, 1e-6, rows, file="ubj", dump=lambda m: bytes(m.get_booster().save_raw("ubj")))
    with open(os.path.join(os.path.dirname(__file__), "../src/exchange/fixtures/onnx-lightgbm-codes.onnx"), "rb") as f:
        blob = f.read()
    session = onnxruntime.InferenceSession(blob)
    found = session.run(["probabilities"], {"x": rows.astype(np.float32)})[0][:, 1]
    save("random-codes.onnx", None, None, rows, [float(p) for p in found], 1e-6, blob)


def cat():
    settings = {"iterations": 6, "depth": 3, "verbose": 0, "allow_writing_files": False, "random_seed": 1, "thread_count": 1}

    def dumper(form):
        def dump(model):
            model.save_model(f"{OUT}/cat.tmp", format=form)
            with open(f"{OUT}/cat.tmp", "rb") as f:
                return f.read()

        return dump

    for name, parameters in {
        "plain": {}, "lossguide": {"grow_policy": "Lossguide"}, "depthwise": {"grow_policy": "Depthwise"}, "nan-max": {"nan_mode": "Max"}, "nan-min": {"nan_mode": "Min"}, "cross": {"loss_function": "CrossEntropy"}, "balanced": {"auto_class_weights": "Balanced"}, "weights": {"class_weights": [1, 6]}, "scale-pos": {"scale_pos_weight": 4},
        "ordered": {"boosting_type": "Ordered"}, "average": {"boost_from_average": True}, "shrink": {"model_shrink_rate": 0.2}, "bins": {"border_count": 3}, "langevin": {"langevin": True}, "monotone": {"monotone_constraints": [1, 0, 0, 0]}, "multiclass": {"loss_function": "MultiClass"}, "focal": {"loss_function": "Focal:focal_alpha=0.5;focal_gamma=2"}, "rmse": {"loss_function": "RMSE"}, "deep": {"depth": 6}, "threshold": {},
    }.items():
        for data, x in {"plain": numbers, "holes": holes, "odd": odd}.items():
            for form in ("json", "cbm"):
                cls = catboost.CatBoostRegressor if name == "rmse" else catboost.CatBoostClassifier
                model = cls(**(settings | parameters))
                if name == "rmse":
                    continue
                fit(f"catboost-{name}-{data}", model, x, file=form if form == "json" else "cbm", dump=dumper(form), spec={"positive": "1"})
    city_names = [c for c in sorted(set(city))]
    for name, parameters in {"hot": {"one_hot_max_size": 20}, "hot-lossguide": {"one_hot_max_size": 20, "grow_policy": "Lossguide"}, "hot-depthwise": {"one_hot_max_size": 20, "grow_policy": "Depthwise"}, "ctr": {"one_hot_max_size": 3}, "mixed": {"one_hot_max_size": 2}}.items():
        for form in ("json", "cbm"):
            columns = ["city", "kind", "nivel"]
            x = frame.astype({"city": object, "kind": object})
            rows = x.iloc[:30].copy()
            rows.iloc[-1, 0] = "never seen"
            spec = {"positive": "1", "inputs": [{"name": "city", "values": city_names}, {"name": "kind", "values": ["I", "N"]}, {"name": "nivel", "values": ["1", "2", "3", "4"]}]}
            fit(f"catboost-{name}", catboost.CatBoostClassifier(**(settings | parameters), cat_features=columns), x, late_text, file=form, dump=dumper(form), rows=rows, spec=spec)


def hand():
    for name in sys.argv[2].split(",") if len(sys.argv) > 2 else ("linear", "trees", "joined", "steps", "boosters", "codes", "cat"):
        before = made
        globals()[name]()
        print(name, made - before)


hand()
