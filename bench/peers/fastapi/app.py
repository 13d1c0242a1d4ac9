"""What a careful Python service does: FastAPI, pydantic, ONNX Runtime, the session made once per process.

Stands among the peers of bench/http; uvicorn runs two of it. MODEL_PATH names the ONNX file.
"""

import os
from datetime import datetime

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(
    os.environ["MODEL_PATH"], options, providers=["CPUExecutionProvider"]
)
app = FastAPI()
places: dict[str, dict[str, int]] = {}


class Flight(BaseModel):
    airline: str
    origin: str
    destination: str
    scheduledDeparture: datetime
    flightNumber: str | None = None
    distanceMiles: float | None = None


def code(name: str, value: str) -> int:
    known = places.setdefault(name, {})
    return known.setdefault(value, len(known))


@app.post("/predict")
async def predict(flight: Flight):
    departure = flight.scheduledDeparture
    row = [
        code("airline", flight.airline),
        code("origin", flight.origin),
        code("destination", flight.destination),
        departure.hour * 60 + departure.minute,
        departure.weekday(),
        flight.distanceMiles or 0,
    ]
    _, probabilities = session.run(None, {"input": np.array([row], dtype=np.float32)})
    probability = float(probabilities[0][1])
    return {"delayed": probability >= 0.35, "probability": probability}
