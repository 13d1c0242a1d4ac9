"""Infers with NVIDIA's tritonclient by JSON and by binary tensors, and compares with POST /predict.

Usage: python triton_client.py http://127.0.0.1:8080
"""

import json
import sys
import urllib.request

import numpy as np
import tritonclient.http as triton

url = sys.argv[1]


def get(path):
    with urllib.request.urlopen(url + path) as answer:
        return json.load(answer)


def post(path, body):
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


model = get("/model")
example = model["example"]
properties = model["inputs"]["properties"]
flights = []
for i in range(300):
    flight = dict(example)
    for name, schema in properties.items():
        known = schema.get("examples", [])
        if name in flight and len(known) > 1:
            flight[name] = known[i % len(known)]
    flight["scheduledDeparture"] = f"2013-07-{1 + i % 28:02}T{i % 24:02}:30"
    flights.append(flight)
expected = [row["probability"] for row in post("/predict", {"flights": flights})["predictions"]]

client = triton.InferenceServerClient(url.split("//")[1])
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready(model["name"])
assert client.is_model_ready(model["name"], model["version"])
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
metadata = client.get_model_metadata(model["name"])
assert client.get_model_repository_index()[0]["state"] == "READY"

for binary in (False, True):
    inputs = []
    for column in metadata["inputs"]:
        name = column["name"]
        if name not in example:
            continue
        values = [flight[name] for flight in flights]
        tensor = triton.InferInput(name, [len(values)], column["datatype"])
        dtype = np.object_ if column["datatype"] == "BYTES" else np.float64
        tensor.set_data_from_numpy(np.array(values, dtype=dtype), binary_data=binary)
        inputs.append(tensor)
    outputs = [
        triton.InferRequestedOutput("probability", binary_data=binary),
        triton.InferRequestedOutput("delayed", binary_data=binary),
    ]
    result = client.infer(model["name"], inputs, outputs=outputs, request_id="a1")
    assert result.get_response()["id"] == "a1"
    assert result.as_numpy("probability").tolist() == expected, "probabilities differ"
    assert result.as_numpy("delayed").tolist() == [p >= model["threshold"] for p in expected]
    default = client.infer(model["name"], inputs)
    assert default.as_numpy("probability").tolist() == expected
    print(f"{'binary' if binary else 'json'}: {len(flights)} flights, same answers as /predict")

try:
    client.infer(model["name"], inputs[:1])
    raise SystemExit("an incomplete request was answered")
except triton.InferenceServerException as error:
    print(f"incomplete request refused: {error}")
