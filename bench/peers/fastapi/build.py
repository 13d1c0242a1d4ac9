"""Makes model.onnx: 100 boosted trees of 31 leaves over six coded inputs.

Stands beside app.py, which serves it. Usage: python build.py OUT.onnx
"""

import sys

import numpy as np
from lightgbm import LGBMClassifier
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

random = np.random.default_rng(1)
inputs = np.column_stack(
    [random.integers(0, n, 50_000) for n in (16, 3, 105, 1440, 7, 2500)]
).astype(np.float32)
late = random.random(50_000) < 0.1 + 0.3 * inputs[:, 3] / 1440
model = LGBMClassifier(n_estimators=100, num_leaves=31, verbose=-1).fit(
    inputs, late.astype(int)
)
graph = convert_lightgbm(
    model, initial_types=[("input", FloatTensorType([None, 6]))], zipmap=False
)
with open(sys.argv[1], "wb") as file:
    file.write(graph.SerializeToString())
