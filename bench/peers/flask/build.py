"""Makes model.pkl for the original design: a small scikit-learn tree over six coded inputs.

Stands beside app.py, which unpickles it on every request. Usage: python build.py OUT.pkl
"""

import pickle
import sys

import numpy as np
from sklearn.tree import DecisionTreeClassifier

random = np.random.default_rng(1)
# airline, origin, destination, terminal, weekday, scheduled time
inputs = np.column_stack(
    [random.integers(0, n, 5000) for n in (16, 3, 105, 4, 7, 1440)]
)
late = random.random(5000) < 0.1 + 0.3 * inputs[:, 5] / 1440
model = DecisionTreeClassifier(max_leaf_nodes=64, random_state=1).fit(inputs, late)
with open(sys.argv[1], "wb") as file:
    pickle.dump(model, file)
