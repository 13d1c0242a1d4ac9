"""Answers of exported files by onnxruntime and LightGBM: `export.py FOLDER`, a line of JSON per model."""
import json
import os
import sys

import lightgbm
import numpy
import onnx
import onnxruntime

folder = sys.argv[1]
for name in json.load(open(f"{folder}/models.json")):
    answers = numpy.fromfile(f"{folder}/{name}.answers")
    rows = numpy.fromfile(f"{folder}/{name}.rows").reshape(len(answers), -1)
    onnx.checker.check_model(f"{folder}/{name}.onnx", full_check=True)
    session = onnxruntime.InferenceSession(f"{folder}/{name}.onnx")
    _, probabilities = session.run(None, {"features": rows})
    found = {"name": name, "onnxruntime": float(abs(probabilities[:, 1] - answers).max())}
    if os.path.exists(f"{folder}/{name}.txt"):
        scores = lightgbm.Booster(model_file=f"{folder}/{name}.txt").predict(rows)
        found["lightgbm"] = float(abs(scores - numpy.fromfile(f"{folder}/{name}.uncalibrated")).max())
    print(json.dumps(found))
