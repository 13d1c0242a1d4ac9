"""The peers of bench/predict: trains one forest with LightGBM and scores the same rows with each of them.

usage: predict.py FOLDER TREES LEAVES. Writes FOLDER/model.txt, FOLDER/model.onnx and FOLDER/rows.f64 (10,000 rows), prints a
line of JSON with what there is, then reads lines `PEER one` or `PEER batch` and prints ns per row.
Every peer runs on one thread.
"""
import json
import os
import sys
import time

import lightgbm
import lleaves
import numpy
import onnxmltools
import onnxruntime
import tl2cgen
import treelite
from onnxmltools.convert.common.data_types import FloatTensorType

folder, n_trees, n_leaves = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
N_ROWS, N_FEATURES = 10_000, 16

random = numpy.random.default_rng(1)
# Small whole numbers, as flights have (hours, days, codes), and a few of many values: exact in float32.
RANGES = [24, 7, 12, 366, 1440, 16, 3, 105, 2600, 600, 30, 24, 100, 100, 50, 1000]
train = numpy.stack([random.integers(0, r, 200_000) for r in RANGES], axis=1).astype(numpy.float64)
signal = sum(numpy.sin(train[:, i] * (6.3 / r) + i) for i, r in enumerate(RANGES)) / 2
late = random.random(len(train)) < 1 / (1 + numpy.exp(1.5 - signal))
booster = lightgbm.train(
    {"objective": "binary", "num_leaves": n_leaves, "num_threads": 2, "verbose": -1, "min_data_in_leaf": 20},
    lightgbm.Dataset(train, late),
    n_trees,
)
booster.save_model(f"{folder}/model.txt")
rows = numpy.ascontiguousarray(train[:N_ROWS])
rows.tofile(f"{folder}/rows.f64")
rows32 = rows.astype(numpy.float32)

onnx = onnxmltools.convert_lightgbm(
    booster, initial_types=[("x", FloatTensorType([None, N_FEATURES]))], zipmap=False
)
with open(f"{folder}/model.onnx", "wb") as file:
    file.write(onnx.SerializeToString())
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(onnx.SerializeToString(), options, ["CPUExecutionProvider"])

peers = {
    "LightGBM": lambda x, x32: booster.predict(x, num_threads=1),
    "onnxruntime": lambda x, x32: session.run(None, {"x": x32}),
}
if n_trees <= 100:
    fast = lleaves.Model(model_file=f"{folder}/model.txt")
    # Minutes for large forests; the forest is the same in every run.
    os.makedirs("bench/out", exist_ok=True)
    fast.compile(cache=f"bench/out/lleaves-{n_trees}x{n_leaves}.bin")
    peers["lleaves"] = lambda x, x32: fast.predict(x, n_jobs=1)
    # With 255 leaves its C takes minutes to compile: give `full` to wait for it.
    if n_leaves <= 31 or "full" in sys.argv:
        tl2cgen.export_lib(
            treelite.frontend.from_lightgbm(booster),
            toolchain="gcc",
            libpath=f"{folder}/forest.so",
            params={"parallel_comp": 2},
        )
        library = tl2cgen.Predictor(f"{folder}/forest.so", nthread=1)
        peers["tl2cgen (treelite)"] = lambda x, x32: library.predict(tl2cgen.DMatrix(x))

numpy.asarray(booster.predict(rows)).tofile(f"{folder}/answers.f64")
versions = {m.__name__: m.__version__ for m in (lightgbm, onnxruntime, lleaves, treelite) if hasattr(m, "__version__")}
print(json.dumps({"peers": list(peers), "versions": versions}), flush=True)

for line in sys.stdin:
    *name, mode = line.split()
    predict = peers[" ".join(name)]
    if mode == "batch":
        start = time.perf_counter_ns()
        predict(rows, rows32)
        print((time.perf_counter_ns() - start) / N_ROWS, flush=True)
    else:
        times = []
        for i in range(500):
            one, one32 = rows[i : i + 1], rows32[i : i + 1]
            start = time.perf_counter_ns()
            predict(one, one32)
            times.append(time.perf_counter_ns() - start)
        print(sorted(times)[len(times) // 2], flush=True)
