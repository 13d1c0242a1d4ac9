"""The original design: one Flask process whose model is unpickled on every request.

Stands among the peers of bench/http. Usage: python app.py MODEL.pkl PORT
"""

import pickle
import sys

from flask import Flask, jsonify, request

path, port = sys.argv[1], int(sys.argv[2])
app = Flask(__name__)
SIZES = (16, 3, 105, 4, 7, 24)
places = [{} for _ in SIZES]


def one_hot(values):
    """One row with a 1 for each value, which gets the next free column of its input."""
    row, start = [0.0] * sum(SIZES), 0
    for place, size, value in zip(places, SIZES, values):
        row[start + place.setdefault(value, len(place)) % size] = 1.0
        start += size
    return [row]


@app.route("/predict", methods=["POST"])
def predict():
    flight = request.get_json()
    with open(path, "rb") as file:
        model = pickle.load(file)
    hour = flight["scheduledDeparture"][11:13]
    row = one_hot(
        [flight["airline"], flight["origin"], flight["destination"], "1", "1", hour]
    )
    probability = model.predict_proba(row)[0][1]
    return jsonify(delayed=bool(probability >= 0.35), probability=float(probability))


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=port)
