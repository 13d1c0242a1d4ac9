"""Makes random models for bench/exchange-random.ts: hostile column names, odd labels, missing values.

    python bench/exchange-random.py FOLDER COUNT [SEED]

Each model is NAME and NAME.json, as src/exchange/fixtures/make.py writes them: rows with the library's answers, and
"refused" where the library itself refuses a row (a missing value, a value that an encoder does not know).
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
import pandas as pd
import xgboost as xgb
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier

warnings.filterwarnings("ignore")
OUT, COUNT = sys.argv[1], int(sys.argv[2])
random = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 1)

NAMES = [
    "is_night", "is_weekend", "origin_rate", "origin_share", "dep_hour", "dep_delay", "OPERA_Iberia", "OPERA_KLM", "OPERA",
    "MES_1", "MES_2", "MES_12", "__proto__", "constructor", "toString", "hasOwnProperty", "x0", "x1", "0", "1", "10", "f0", "Column_1",
    "Año", "día de la semana", "飛行機", "name with spaces", " leading", "trailing ", "a=b", "a=c", "a.b", "a/b", "a\"b", "a'b", "a\\b", "_", "__", "_x",
    "scheduledDeparture", "airline", "distanceMiles", "probability", "A_B_C", "A_B_D", "e\u0301", "é", "NaN", "null", "true", "-1", "1e3", "😀",
]
VALUES = [
    ["AA", "B6", "DL"], ["Bogotá", "Lima", "Ñuñoa", "Zürich"], ["a", "A", " a", "a "], ["1", "2", "10"], ["x_1", "x=2", "x,3"],
    ["True", "False"], ["__proto__", "constructor"], ["", "none"], ["nan?", "null"], ["東京", "大阪"],
]
LABELS = [[0, 1], [0, 1], [-1, 1], [False, True], ["late", "ontime"], ["no", "yes"], ["delayed", "not"], [1, 2], ["0", "1"], [0.0, 1.0], ["A", "a"]]


def names(count, for_lightgbm):
    pool = [n for n in NAMES if not for_lightgbm or not any(c in n for c in '"[]{},:') and n.isascii() and " " not in n]
    return list(random.choice(pool, count, replace=False))


def data(n_numbers, n_texts, for_lightgbm=False):
    n = 160
    kinds = random.integers(0, 4, n_numbers)
    numbers = [
        [random.integers(0, 2, n), random.random(n), random.integers(0, 24, n), random.normal(0, 1000, n)][kind].astype(float) for kind in kinds
    ]
    texts = [random.choice(VALUES[random.integers(len(VALUES))], n).astype(object) for _ in range(n_texts)]
    columns = numbers + texts
    score = columns[0] / (np.abs(columns[0]).max() + 1e-9)
    y = (score + random.normal(0, 0.5, n) + (sum((t == t[0]) * 0.5 for t in texts)) > np.median(score) + 0.1).astype(int)
    y[:2] = [0, 1]
    return pd.DataFrame(dict(zip(names(len(columns), for_lightgbm), columns))), y, n_numbers


def holes(x, n_numbers, share):
    gone = x.copy()
    for c in gone.columns[:n_numbers]:
        gone.loc[random.random(len(gone)) < share, c] = np.nan
    return gone


def estimator(kind):
    depth = int(random.integers(1, 5))
    n = int(random.integers(1, 6))
    seed = int(random.integers(1000))
    return {
        "logistic": lambda: LogisticRegression(C=float(random.choice([0.1, 1, 10]))),
        "sgd": lambda: SGDClassifier(loss=str(random.choice(["log_loss", "modified_huber"])), random_state=seed),
        "tree": lambda: DecisionTreeClassifier(max_depth=depth, criterion=str(random.choice(["gini", "entropy"])), random_state=seed),
        "forest": lambda: RandomForestClassifier(n, max_depth=depth, random_state=seed, class_weight=[None, "balanced"][seed % 2]),
        "extra": lambda: ExtraTreesClassifier(n, max_depth=depth, random_state=seed),
        "ada": lambda: AdaBoostClassifier(DecisionTreeClassifier(max_depth=depth), n_estimators=n, random_state=seed),
        "gradient": lambda: GradientBoostingClassifier(n_estimators=n, max_depth=depth, loss=str(random.choice(["log_loss", "exponential"]))),
        "hist": lambda: HistGradientBoostingClassifier(max_iter=n, max_leaf_nodes=2 + depth, min_samples_leaf=5),
        "lightgbm": lambda: lgb.LGBMClassifier(n_estimators=n, num_leaves=2 + depth, min_child_samples=5, verbose=-1, zero_as_missing=seed % 5 == 0, use_missing=seed % 7 != 0),
        "catboost": lambda: catboost.CatBoostClassifier(iterations=n, depth=depth, verbose=0, allow_writing_files=False, one_hot_max_size=[2, 10][seed % 2], grow_policy=["SymmetricTree", "Depthwise", "Lossguide"][seed % 3]),
        "xgboost": lambda: xgb.XGBClassifier(n_estimators=n, max_depth=depth, booster=["gbtree", "gbtree", "dart"][seed % 3], missing=[np.nan, np.nan, -999, 0][seed % 4]),
    }[kind]()


def around(model):
    choice = random.integers(0, 12)
    if choice == 0:
        return CalibratedClassifierCV(model, cv=2, method=str(random.choice(["sigmoid", "isotonic"])), ensemble=bool(random.integers(2)))
    if choice == 1:
        return VotingClassifier([("a", model), ("b", DecisionTreeClassifier(max_depth=2))], voting="soft", weights=[2, 1])
    if choice == 2:
        return BaggingClassifier(model, n_estimators=3, max_features=0.8, random_state=1)
    if choice == 3:
        return GridSearchCV(model, {}, cv=2)
    if choice == 4:
        return FixedThresholdClassifier(model, threshold=0.4)
    if choice in (5, 6):
        other = make_pipeline(StandardScaler(), LogisticRegression())
        return StackingClassifier([("a", model), ("b", other)], cv=2, passthrough=choice == 5)
    return model


def of_numbers():
    one = lambda: [
        StandardScaler(),
        MinMaxScaler(clip=bool(random.integers(2))),
        RobustScaler(),
        MaxAbsScaler(),
        "passthrough",
        KBinsDiscretizer(int(random.integers(2, 6)), encode=str(random.choice(["onehot-dense", "ordinal"])), strategy="uniform"),
        Binarizer(threshold=float(random.random())),
        PolynomialFeatures(int(random.integers(1, 4)), interaction_only=bool(random.integers(2)), include_bias=bool(random.integers(2))),
        FunctionTransformer([np.log1p, np.sqrt, np.square, np.abs, np.expm1, np.sin][random.integers(6)]),
    ][random.integers(9)]
    return make_pipeline(*[one() for _ in range(int(random.integers(1, 4)))])


def steps(x, n_numbers):
    scaler = of_numbers()
    number = [scaler, make_pipeline(SimpleImputer(strategy=str(random.choice(["mean", "median"]))), scaler)][random.integers(2)]
    unknown = str(random.choice(["ignore", "error"]))
    text = [
        TargetEncoder(random_state=1),
        OneHotEncoder(handle_unknown=unknown, dtype=[np.float64, np.float32][random.integers(2)], sparse_output=bool(random.integers(2)), drop=[None, "first"][random.integers(2)] if unknown == "error" else None),
        OrdinalEncoder(),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        "drop",
    ][random.integers(5)]
    return ColumnTransformer([("n", number, list(x.columns[:n_numbers])), ("t", text, list(x.columns[n_numbers:]))], remainder="drop")


def plain(value):
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value


def answers(ask, rows):
    """The library's answer per row, None where it refuses the row."""
    try:
        return [float(p) for p in ask(rows)]
    except (ValueError, TypeError, xgb.core.XGBoostError, catboost.CatBoostError):
        found = []
    for r in range(len(rows)):
        try:
            found.append(float(ask(rows.iloc[r : r + 1])[0]))
        except (ValueError, TypeError, xgb.core.XGBoostError, catboost.CatBoostError):
            found.append(None)
    return found


def one(i):
    kind = str(random.choice(["logistic", "sgd", "tree", "forest", "extra", "ada", "gradient", "hist", "lightgbm", "xgboost", "catboost"]))
    boosted = kind in ("lightgbm", "xgboost")
    n_texts = 0 if kind == "xgboost" and random.integers(2) else int(random.integers(0, 3))
    x, y, n_numbers = data(int(random.integers(1, 5)), n_texts, kind == "lightgbm" or kind == "xgboost")
    labels = LABELS[random.integers(2 if boosted else len(LABELS))]
    if kind == "lightgbm" and random.integers(2):
        labels = LABELS[random.integers(len(LABELS))]
    target = np.array(labels)[y]
    trained = holes(x, n_numbers, 0.1) if kind in ("hist", "lightgbm", "xgboost", "catboost", "tree", "forest") and random.integers(2) else x
    categories = bool(boosted and n_texts and random.integers(2))
    model = estimator(kind)
    if categories:
        for c in trained.columns[n_numbers:]:
            trained = trained.assign(**{c: trained[c].astype("category")})
        if kind == "xgboost":
            model.set_params(enable_categorical=True, missing=np.nan)
    elif kind == "catboost":
        model.set_params(cat_features=list(trained.columns[n_numbers:]))
    elif n_texts:
        model = make_pipeline(steps(x, n_numbers), around(model))
    else:
        model = around(model)
        if random.integers(3) == 0:
            model = make_pipeline(of_numbers(), model)
    bare = n_texts == 0 and random.integers(3) == 0
    model.fit(trained.values if bare else trained, target)
    rows = pd.concat([trained.iloc[:12], holes(trained, n_numbers, 0.4).iloc[12:18]])
    if n_texts and not categories:
        rows = rows.astype({c: object for c in rows.columns[n_numbers:]})
        rows.iloc[-1, n_numbers] = "never seen"
    ask = lambda row: model.predict_proba(row.values.astype(float) if bare else row)[:, 1]
    found = answers(ask, rows)
    name = f"random-{i}.pkl"
    spec = {"positive": str(model.classes_[1])} if hasattr(model, "classes_") else {}
    if kind == "catboost":
        form = str(random.choice(["cbm", "json"]))
        name = f"random-{i}.{form}"
        model.save_model(f"{OUT}/{name}", format=form)
        with open(f"{OUT}/{name}", "rb") as f:
            blob = f.read()
        named = lambda c: f"x{trained.columns.get_loc(c)}" if bare else c
        spec["inputs"] = [{"name": named(c), "values": sorted(set(trained[c]))} for c in trained.columns[n_numbers:]]
    else:
        blob = pickle.dumps(model)
    if boosted and type(model).__name__ in ("XGBClassifier", "LGBMClassifier") and not (kind == "xgboost" and not np.isnan(model.missing)) and random.integers(2):
        if kind == "lightgbm":
            name, blob = f"random-{i}.txt", model.booster_.model_to_string().encode()
            spec = {}
        else:
            form = str(random.choice(["json", "ubj"]))
            name, blob = f"random-{i}.{form}", bytes(model.get_booster().save_raw(form))
    with open(f"{OUT}/{name}", "wb") as f:
        f.write(blob)
    record = {
        "file": name,
        "kind": kind,
        "columns": None if bare else list(rows.columns),
        "rows": [[plain(v) for v in row] for row in rows.values],
        "probabilities": found,
        "tolerance": 5e-6 if kind == "xgboost" and "Stacking" in repr(model) else 1e-6 if kind == "xgboost" else 1e-9 if "sotonic" in repr(model) else 1e-12,
        "spec": spec,
    }
    with open(f"{OUT}/{name}.json", "w") as f:
        json.dump(record, f)


made, failed = 0, 0
while made < COUNT:
    try:
        one(made)
        made += 1
    except (ValueError, lgb.basic.LightGBMError, xgb.core.XGBoostError, catboost.CatBoostError, IndexError) as error:
        # The library itself does not train on such data.
        failed += 1
        if failed > 10 * COUNT:
            raise error
print(f"{made} models, {failed} that their library would not train")
