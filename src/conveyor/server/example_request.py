"""Requests for a model's own example, a row of its data, in both protocols."""

import json
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from conveyor.raw_row import sequence_of, static_of
from conveyor.server.v2 import static_datatypes
from conveyor.serving import LoadedModel
from conveyor.serving.example import to_json


def mlflow_body(model: LoadedModel) -> dict[str, Any]:
    """Return the body of a request in MLflow's protocol."""
    row = model.example
    columns = {model.encoder.column: [to_json(sequence_of(row))]}
    columns |= {name: [to_json(static_of(row)[name])] for name in model.static.names}
    return {"inputs": columns}


def v2_body(model: LoadedModel) -> dict[str, Any]:
    """Return the body of an inference request in KServe's V2 protocol."""
    encoder, row = model.encoder, model.example
    sequence, datatype = to_json(sequence_of(row)), encoder.tensor_types[0]
    is_text = isinstance(sequence, str)
    shape = [1] if is_text else [1, *np.shape(sequence)]
    data = [sequence] if is_text else [number for step in sequence for number in step]
    tensors = [{"name": encoder.column, "datatype": datatype, "shape": shape, "data": data}]
    tensors += [
        {"name": name, "datatype": datatypes[0], "shape": [1],
         "data": [to_json(static_of(row)[name])]}
        for name, datatypes in static_datatypes(model).items()
    ]  # fmt: skip
    return {"inputs": tensors}


def curl_lines(address: str, path: str, body: Any, token_file: Path | None = None) -> str:
    """Return the lines of a shell that send a body: a here-document, since the length of an
    argument is limited, and so that no character of the body needs to be quoted.

    Args:
        address: such as 127.0.0.1:5001.
        token_file: whose token the request carries.
    """
    headers = "-H 'content-type: application/json'"
    if token_file is not None:
        headers += f' -H "authorization: Bearer $(cat {quote(str(token_file))})"'
    content = json.dumps(body, ensure_ascii=False)
    return f"curl {address}{path} {headers} -d @- <<'END'\n{content}\nEND"
