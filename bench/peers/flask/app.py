"""The original design: one Flask process whose model is unpickled on every request.

Stands among the peers of bench/http. Usage: python app.py MODEL.pkl PORT
"""

import pickle
import sys

from flask import Flask, jsonify, request

path, port = sys.argv[1], int(sys.argv[2])
app = Flask(__name__)
places = {}


def code(name, value):
    """A number for each value, as a label encoder gives."""
    return places.setdefault(name, {}).setdefault(value, len(places[name]))


@app.route("/predict", methods=["POST"])
def predict():
    flight = request.get_json()
    with open(path, "rb") as file:
        model = pickle.load(file)
    hour, minute = flight["scheduledDeparture"][11:16].split(":")
    row = [
        code("airline", flight["airline"]),
        code("origin", flight["origin"]),
        code("destination", flight["destination"]),
        0,
        0,
        int(hour) * 60 + int(minute),
    ]
    probability = model.predict_proba([row])[0][1]
    return jsonify(delayed=bool(probability >= 0.35), probability=float(probability))


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=port)
