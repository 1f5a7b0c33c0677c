"""KServe's V2 (Open Inference) protocol over JSON.

A text model reads the tensor `text`, BYTES of shape (rows,). A series model reads `series`, FP32
or FP64 of shape (rows, steps, channels), flat or nested; rows of unequal length are filled on the
right, and a second tensor `lengths`, INT32 or INT64 of shape (rows,), tells how much of each holds.
"""

from typing import Any

import numpy as np

from conveyor.encoding import SeriesEncoder
from conveyor.errors import InputError
from conveyor.server.live_model import Served
from conveyor.serving import Predictions

OUTPUTS = ("label", "probability", "probabilities")


def describe(served: Served) -> dict[str, Any]:
    """The model's metadata; -1 is any size."""
    encoder, classes = served.predictor.encoder, served.predictor.classes
    if isinstance(encoder, SeriesEncoder):
        inputs = [{"name": "series", "datatype": "FP64", "shape": [-1, -1, encoder.channels]},
                  {"name": "lengths", "datatype": "INT32", "shape": [-1]}]  # fmt: skip
    else:
        inputs = [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probability", "datatype": "FP32", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, len(classes)]},
        ],
        "parameters": {"classes": classes, "optional_inputs": ["lengths"]},
    }


def rows_of(body: Any, kind: str) -> list[Any]:
    """The rows of an inference request.

    Raises:
        InputError: a tensor is missing, or its shape, type and data do not fit each other.
    """
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise InputError(f"an object with a list `inputs` is needed, with a tensor {kind!r} in it")
    tensors = {t.get("name"): t for t in body["inputs"] if isinstance(t, dict)}
    if kind not in tensors:
        raise InputError(f"inputs holds {sorted(map(str, tensors))}; the model reads {kind!r}")
    if kind == "text":
        return list(_array(tensors["text"], ("BYTES",), 1))
    series = _array(tensors["series"], ("FP32", "FP64"), 3)
    if "lengths" not in tensors:
        return list(series)
    lengths = _array(tensors["lengths"], ("INT32", "INT64"), 1)
    if len(lengths) != len(series):
        raise InputError(f"lengths has {len(lengths)} values; series has {len(series)} rows")
    for number, length in enumerate(lengths):
        if not 0 <= length <= series.shape[1]:
            raise InputError(f"row {number} has length {length}; 0 to {series.shape[1]} is needed")
    return [row[:length] for row, length in zip(series, lengths, strict=True)]


def _array(tensor: dict[str, Any], types: tuple[str, ...], dimensions: int) -> np.ndarray:
    """The data of a tensor in its shape; NumPy arrays of objects for BYTES."""
    name, shape, datatype = (tensor.get(key) for key in ("name", "shape", "datatype"))
    if datatype not in types:
        raise InputError(f"{name} has datatype {datatype}; {' or '.join(types)} is needed")
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or len(shape or []) != dimensions:
        raise InputError(f"{name} has shape {shape}; {dimensions} whole numbers are needed")
    if not isinstance(tensor.get("data"), list):
        raise InputError(f"{name} has no list `data`; binary tensors are not read")
    dtype = {"BYTES": object, "INT32": np.int64, "INT64": np.int64}.get(datatype, np.float64)
    try:
        data = np.array(tensor["data"], dtype=dtype)
        return data.reshape(shape)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"the data of {name} are no {datatype} of shape {shape}") from None


def answer(served: Served, answers: Predictions, body: dict[str, Any]) -> dict[str, Any]:
    """The response to a request; its `outputs` may ask for some tensors only.

    Raises:
        InputError: it asks for a tensor that the model has not.
    """
    asked = body.get("outputs") or []
    wanted = [str(t.get("name")) for t in asked if isinstance(t, dict)]
    unknown = [name for name in wanted if name not in OUTPUTS]
    if unknown:
        raise InputError(f"outputs asks for {unknown}; the model gives {', '.join(OUTPUTS)}")
    rows, classes = answers.probabilities.shape
    tensors = {
        "label": ("BYTES", [rows], answers.labels),
        "probability": ("FP32", [rows], answers.best.tolist()),
        "probabilities": ("FP32", [rows, classes], answers.probabilities.ravel().tolist()),
    }
    told: dict[str, Any] = {"model_name": served.name, "model_version": served.version}
    if "id" in body:
        told["id"] = body["id"]
    told["outputs"] = [
        {"name": name, "datatype": datatype, "shape": shape, "data": data}
        for name in wanted or OUTPUTS
        for datatype, shape, data in [tensors[name]]
    ]
    return told
