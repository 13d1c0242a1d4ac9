"""Trains one gradient-boosting library on a table of float32 columns and prints what it took, as JSON.

Usage: gbm.py SPEC, where SPEC is JSON:
  library      lightgbm | xgboost | catboost | sklearn
  train, test  {"file", "rows"}: columns one after the other, the label last; "validation" likewise, or null
  features     names; categorical: indices of those that are codes
  trees, leaves, learningRate, threads, seed, patience (with a validation set)
"""

import json
import re
import sys
import time

import numpy as np


def read(part, n_features):
    data = np.fromfile(part["file"], dtype=np.float32).reshape(n_features + 1, part["rows"])
    return np.ascontiguousarray(data[:-1].T), data[-1].astype(np.int8)


def auc(y, p):
    order = np.argsort(p, kind="stable")
    ranks = np.empty(len(p))
    sorted_p = p[order]
    starts = np.flatnonzero(np.r_[True, sorted_p[1:] != sorted_p[:-1]])
    ends = np.r_[starts[1:], len(p)]
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    late = int(y.sum())
    return float((ranks[y == 1].sum() - late * (late + 1) / 2) / (late * (len(y) - late)))


def log_loss(y, p):
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return float(-np.where(y == 1, np.log(p), np.log(1 - p)).mean())


def lightgbm(spec, x, y, later):
    import lightgbm as lgb

    params = {
        "objective": "binary",
        "num_leaves": spec["leaves"],
        "learning_rate": spec["learningRate"],
        "num_threads": spec["threads"],
        "seed": spec["seed"],
        "verbose": -1,
        **spec.get("params", {}),
    }
    start = time.perf_counter()
    data = lgb.Dataset(x, y, categorical_feature=spec["categorical"] or "auto", free_raw_data=True)
    sets, callbacks = [], []
    if later:
        sets = [data.create_valid(*later)]
        callbacks = [lgb.early_stopping(spec["patience"], verbose=False)]
    model = lgb.train(params, data, spec["trees"], valid_sets=sets, callbacks=callbacks)
    seconds = time.perf_counter() - start
    return lambda z: model.predict(z), seconds, lgb.__version__, model.best_iteration or model.num_trees()


def frame(spec, x):
    import pandas as pd

    table = pd.DataFrame(x, columns=spec["features"])
    for f in spec["categorical"]:
        name = spec["features"][f]
        codes = table[name].fillna(-1).astype(int)
        table[name] = pd.Categorical(codes, categories=range(-1, int(spec["codes"][str(f)])))
    return table


def xgboost(spec, x, y, later):
    import xgboost as xgb

    params = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_leaves": spec["leaves"],
        "max_depth": 0,
        "eta": spec["learningRate"],
        "nthread": spec["threads"],
        "seed": spec["seed"],
        **spec.get("params", {}),
    }
    table = frame(spec, x)
    start = time.perf_counter()
    data = xgb.QuantileDMatrix(table, y, enable_categorical=True, nthread=spec["threads"])
    more = {}
    if later:
        later_data = xgb.DMatrix(frame(spec, later[0]), later[1], enable_categorical=True)
        more = {"evals": [(later_data, "later")], "early_stopping_rounds": spec["patience"]}
    model = xgb.train(params, data, spec["trees"], verbose_eval=False, **more)
    seconds = time.perf_counter() - start
    best = model.best_iteration + 1 if later else model.num_boosted_rounds()
    return (
        lambda z: model.predict(
            xgb.DMatrix(frame(spec, z), enable_categorical=True), iteration_range=(0, best)
        ),
        seconds,
        xgb.__version__,
        best,
    )


def catboost(spec, x, y, later):
    import catboost as cb

    def pool(z, label=None):
        table = frame(spec, z)
        for f in spec["categorical"]:
            name = spec["features"][f]
            table[name] = table[name].astype(int)
        return cb.Pool(table, label, cat_features=spec["categorical"])

    model = cb.CatBoostClassifier(
        iterations=spec["trees"],
        learning_rate=spec["learningRate"],
        thread_count=spec["threads"],
        random_seed=spec["seed"],
        verbose=False,
        allow_writing_files=False,
        **spec.get("params", {}),
    )
    data = pool(x, y)
    start = time.perf_counter()
    if later:
        model.fit(data, eval_set=pool(*later), early_stopping_rounds=spec["patience"])
    else:
        model.fit(data)
    seconds = time.perf_counter() - start
    return lambda z: model.predict_proba(pool(z))[:, 1], seconds, cb.__version__, model.tree_count_


def sklearn(spec, x, y, later):
    import sklearn as sk
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=spec["trees"],
        max_leaf_nodes=spec["leaves"],
        learning_rate=spec["learningRate"],
        categorical_features=[f for f in spec["categorical"] if spec["codes"][str(f)] <= 255],
        early_stopping=bool(later),
        n_iter_no_change=spec["patience"],
        random_state=spec["seed"],
        **spec.get("params", {}),
    )
    start = time.perf_counter()
    if later:
        model.fit(x, y, X_val=later[0], y_val=later[1])
    else:
        model.fit(x, y)
    seconds = time.perf_counter() - start
    return lambda z: model.predict_proba(z)[:, 1], seconds, sk.__version__, model.n_iter_


spec = json.loads(sys.argv[1])
n_features = len(spec["features"])
x, y = read(spec["train"], n_features)
later = read(spec["validation"], n_features) if spec.get("validation") else None
fit = {"lightgbm": lightgbm, "xgboost": xgboost, "catboost": catboost, "sklearn": sklearn}
predict, seconds, version, trees = fit[spec["library"]](spec, x, y, later)
# Not getrusage: its peak is inherited from the process that started this one.
peak_mb = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) / 1024
x_test, y_test = read(spec["test"], n_features)
p = np.asarray(predict(x_test), dtype=float)
if spec.get("probabilities"):
    p.tofile(spec["probabilities"])
print(
    json.dumps(
        {
            "library": spec["library"],
            "version": version,
            "seconds": seconds,
            "peakMemoryMb": peak_mb,
            "trees": int(trees),
            "auc": auc(y_test, p),
            "logLoss": log_loss(y_test, p),
            "brier": float(((p - y_test) ** 2).mean()),
        }
    )
)
