"""What schemathesis must be told to read /openapi.json: how a body of lines is written.

A request that asks to be strict may be refused although it fits the schema, so that switch is left out.

Usage, against a running service:
  SCHEMATHESIS_HOOKS=schemathesis_hooks schemathesis run http://127.0.0.1:8080/openapi.json --max-examples 500

`POST /v2/.../infer` is checked without positive_data_acceptance (schemathesis.toml): JSON Schema has
no way to say that `data` holds as many values as `shape` says.
"""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    if isinstance(value, bytes):
        return value
    return value if isinstance(value, str) else json.dumps(value)


@schemathesis.hook
def before_load_schema(ctx, raw_schema):
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one["name"] != "strict"]
