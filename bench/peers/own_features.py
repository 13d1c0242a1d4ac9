"""LightGBM on the matrix that `puntual features` wrote: `own_features.py FOLDER TREES TREES`, one line of JSON.

As many trees of the same size as Puntual grows, once from the part train in steps of 0.15, once from all flights before the
test in steps of 0.05: seconds of binning and growing, on two threads.
"""
import json
import sys
import time

import lightgbm
import numpy
import pyarrow
import pyarrow.parquet

folder, searched, grown = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
CATEGORIES = ["airline", "origin", "destination"]


def read(*parts):
    tables = [pyarrow.parquet.read_table(f"{folder}/part={part}", partitioning=None) for part in parts]
    table = pyarrow.concat_tables(tables)
    names = [name for name in table.column_names if not name.startswith("_")]
    matrix = numpy.column_stack([table.column(name).to_numpy() for name in names])
    return matrix, table.column("_late").to_numpy(), names


def learn(matrix, label, names, rate, trees):
    began = time.perf_counter()
    settings = {
        "objective": "binary", "num_threads": 2, "verbosity": -1, "learning_rate": rate, "num_leaves": 31,
        "feature_fraction": 9 / len(names), "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 20,
        "min_data_in_leaf": 100, "max_depth": 12,
    }
    data = lightgbm.Dataset(matrix, label, feature_name=names, categorical_feature=CATEGORIES, free_raw_data=False)
    lightgbm.train(settings, data, trees)
    return time.perf_counter() - began


known = read("train", "validation", "calibration")
print(json.dumps({
    "version": lightgbm.__version__,
    "search": learn(*read("train"), 0.15, searched),
    "again": learn(*known, 0.05, grown),
    "rows": len(known[1]),
    "features": len(known[2]),
}))
