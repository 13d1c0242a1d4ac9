"""Makes model.pkl for the original design: AdaBoost over one-hot columns, as it was trained there.

Stands beside app.py, which unpickles it on every request. Usage: python build.py OUT.pkl
"""

import pickle
import sys

import numpy as np
from sklearn.ensemble import AdaBoostClassifier

# airline, origin, destination, terminal, weekday, scheduled hour
SIZES = (16, 3, 105, 4, 7, 24)

random = np.random.default_rng(1)
codes = np.column_stack([random.integers(0, n, 5000) for n in SIZES])
columns = np.hstack([np.eye(n)[codes[:, i]] for i, n in enumerate(SIZES)])
late = random.random(5000) < 0.1 + 0.3 * codes[:, 5] / 24
model = AdaBoostClassifier(random_state=1).fit(columns, late)
with open(sys.argv[1], "wb") as file:
    pickle.dump(model, file)
