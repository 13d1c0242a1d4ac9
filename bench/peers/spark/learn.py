"""
XGBoost learned from a matrix that `puntual features` wrote: in one process, and on Spark's local mode by `xgboost.spark`
with one and with two workers: `learn.py MATRIX FOLDER`; the models as JSON into FOLDER, a line of JSON on stdout.
One worker is given the rows in the order of the one process: XGBoost finds its bins by a sketch of them. Two have them
shared out by Spark.
"""
import glob
import json
import os
import sys
import time

import numpy
import pandas
import pyspark
import xgboost
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
from xgboost.spark import SparkXGBClassifier

matrix, folder = sys.argv[1:3]
names = [feature["name"] for feature in json.load(open(f"{matrix}/features.json"))["features"]]
SETTINGS = dict(n_estimators=60, max_depth=6, learning_rate=0.05, min_child_weight=50, tree_method="hist", max_bin=256)


def part(name):
    files = sorted(glob.glob(f"{matrix}/part={name}/*.parquet"))
    return pandas.concat([pandas.read_parquet(file) for file in files])


train, test = part("train"), part("test")
# One row group, so that Spark makes one partition of it.
train[[*names, "_late"]].to_parquet(f"{folder}/train.parquet", row_group_size=len(train), index=False)
os.environ["PYSPARK_PYTHON"] = sys.executable
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.memory", "2500m")
    .config("spark.sql.files.maxPartitionBytes", "2g")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
found = {"xgboost": xgboost.__version__, "pyspark": pyspark.__version__, "rows": len(train), "models": []}
answers = {}


def keep(name, booster, seconds):
    path = f"{folder}/{name}.json"
    booster.save_model(path)
    answers[name] = booster.inplace_predict(test[names].to_numpy(dtype=numpy.float32))
    found["models"].append({"name": name, "path": path, "seconds": seconds})


start = time.time()
single = xgboost.XGBClassifier(**SETTINGS, n_jobs=1)
single.fit(train[names].to_numpy(dtype=numpy.float32), train["_late"])
keep("single", single.get_booster(), time.time() - start)

assembler = VectorAssembler(inputCols=names, outputCol="features", handleInvalid="keep")
for workers, path in ((1, f"{folder}/train.parquet"), (2, f"{matrix}/part=train")):
    start = time.time()
    assembled = assembler.transform(spark.read.parquet(path))
    learner = SparkXGBClassifier(
        **SETTINGS,
        features_col="features",
        label_col="_late",
        num_workers=workers,
        missing=float("nan"),
        # One worker takes the rows as they come; two need them shared out.
        force_repartition=workers > 1,
    )
    model = learner.fit(assembled.select("features", "_late"))
    keep(f"spark-{workers}", model.get_booster(), time.time() - start)
spark.stop()
for model in found["models"]:
    model["difference"] = float(abs(answers[model["name"]] - answers["single"]).max())
print(json.dumps(found))
