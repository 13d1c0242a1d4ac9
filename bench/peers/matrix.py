"""Answers of exported models to a matrix that `puntual predict --features` wrote: `matrix.py FOLDER`, one line of JSON."""
import json
import sys

import lightgbm
import numpy
import onnxruntime
import pyarrow.parquet

folder = sys.argv[1]
matrix = pyarrow.parquet.read_table(f"{folder}/matrix.parquet").to_pandas().to_numpy(dtype=numpy.float64)
answers = pyarrow.parquet.read_table(f"{folder}/answers.parquet").column("probability").to_numpy()
session = onnxruntime.InferenceSession(f"{folder}/model.onnx")
_, probabilities = session.run(None, {"features": matrix})
plain = onnxruntime.InferenceSession(f"{folder}/plain.onnx")
_, uncalibrated = plain.run(None, {"features": matrix})
trees = lightgbm.Booster(model_file=f"{folder}/plain.txt").predict(matrix)
print(json.dumps({
    "rows": len(answers),
    "features": matrix.shape[1],
    "onnx": float(abs(probabilities[:, 1] - answers).max()),
    "lightgbm": float(abs(trees - uncalibrated[:, 1]).max()),
}))
