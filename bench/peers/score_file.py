"""A file scored by pandas and LightGBM: `score_file.py train IN MODEL` or `score_file.py score IN MODEL OUT`."""
import sys

import lightgbm
import pandas

job, source, model = sys.argv[1:4]
read = pandas.read_parquet if source.endswith(".parquet") else pandas.read_csv
table = read(source)
features = ["month", "dayOfMonth", "dayOfWeek", "minuteOfDay", "originCode", "destinationCode", "distance"]
if job == "train":
    settings = {"objective": "binary", "num_leaves": 31, "num_threads": 2, "verbose": -1}
    part = table.iloc[::10]
    data = lightgbm.Dataset(part[features], part["late"])
    lightgbm.train(settings, data, 100).save_model(model)
else:
    table["probability"] = lightgbm.Booster(model_file=model).predict(table[features], num_threads=2)
    target = sys.argv[4]
    table.to_parquet(target, compression="zstd") if target.endswith(".parquet") else table.to_csv(target, index=False)
