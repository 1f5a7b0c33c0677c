"""KServe's V2 (Open Inference) protocol over JSON.

A text model reads the tensor `text`, BYTES of shape (rows,). A series model reads `series`, FP32
or FP64 of shape (rows, steps, channels), flat or nested. Series of different length are padded on
the right; then the tensor `lengths`, INT32 or INT64 of shape (rows,), has the steps of each row.
Each static column is a tensor of its name, of shape (rows,).
"""

from typing import Any

import numpy as np

from conveyor.errors import InputError
from conveyor.server.live_model import LiveModel
from conveyor.server.parsed_request import ParsedRequest, parse_columns, require_equal_lengths
from conveyor.serving import LoadedModel, Predictions
from conveyor.serving.layout import find_layout

NUMBERS, CATEGORIES = ("FP64", "FP32", "INT64", "INT32"), ("BYTES", "INT64", "INT32")
NUMPY_TYPES = {
    "BYTES": object,
    "INT32": np.int64,
    "INT64": np.int64,
    "FP32": np.float64,
    "FP64": np.float64,
}


def describe(live: LiveModel) -> dict[str, Any]:
    """Return the model's metadata; a size of -1 stands for any size."""
    encoder, answers = live.model.encoder, live.model.task.answers
    outputs = answers.tensors(np.zeros((1, live.model.width), np.float32))
    shape = encoder.tensor_shape
    inputs = [{"name": encoder.column, "datatype": encoder.tensor_types[0], "shape": shape}]
    if len(shape) > 1:
        inputs.append({"name": "lengths", "datatype": "INT32", "shape": [-1]})
    inputs += [
        {"name": name, "datatype": datatypes[0], "shape": [-1]}
        for name, datatypes in _static_types(live.model).items()
    ]
    return {
        "name": live.name,
        "versions": [live.version],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [-1, *shape[1:]]}
            for name, (datatype, shape, _) in outputs.items()
        ],
        "parameters": answers.parameters() | {"optional_inputs": ["lengths"]},
    }


def parse_request(body: Any, model: LoadedModel) -> ParsedRequest:
    """Return the raw rows of an inference request.

    The tensors have the general name, or those of the columns of texts, or of the column of series,
    in the model's data set.

    Raises:
        InputError: a tensor is missing, or its shape, datatype and data do not agree.
    """
    encoder = model.encoder
    name = encoder.column
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise InputError(f"request body: expected an object with a list `inputs`, with {name!r}")
    tensors = {t.get("name"): t for t in body["inputs"] if isinstance(t, dict)}
    layouts = [each for each in model.layouts if not each.is_wide and each.long is None]
    layout, names = find_layout(layouts, map(str, tensors), "inputs")
    static_types, rank = _static_types(model), len(encoder.tensor_shape)
    columns = {
        name: list(_parse_tensor(tensors[name], encoder.tensor_types, rank))
        for name in names
        if name not in static_types
    }
    static = {
        name: _parse_tensor(tensors[name], datatypes, 1).tolist()
        for name, datatypes in static_types.items()
    }
    if model.kind == "text":
        return parse_columns(body, columns | static, model, "inputs")
    require_equal_lengths(columns | static, "inputs")
    [rows] = columns.values()
    if "lengths" in tensors:
        rows = _cut(rows, tensors["lengths"])
    return ParsedRequest(body, layout.join(rows, static))


def _cut(rows: list[np.ndarray], tensor: dict[str, Any]) -> list[np.ndarray]:
    """Cut series, which are padded to one length, to those of a tensor."""
    lengths = _parse_tensor(tensor, ("INT32", "INT64"), 1)
    if len(lengths) != len(rows):
        raise InputError(f"lengths: expected {len(rows)} values, one per row; got {len(lengths)}")
    longest = max(map(len, rows), default=0)
    if (lengths < 1).any() or (lengths > longest).any():
        raise InputError(f"lengths: expected 1 to {longest} steps; got {lengths.tolist()}")
    return [row[:length] for row, length in zip(rows, lengths, strict=True)]


def _static_types(model: LoadedModel) -> dict[str, tuple[str, ...]]:
    """Datatypes of the tensors of static columns, the preferred one first."""
    static = model.static
    return dict.fromkeys(static.numbers, NUMBERS) | dict.fromkeys(static.categories, CATEGORIES)


def format_response(
    live: LiveModel, predictions: Predictions, request: ParsedRequest
) -> dict[str, Any]:
    """Return the response to a request; its `outputs` may select tensors.

    Raises:
        InputError: a selected tensor does not exist.
    """
    tensors, body = predictions.task.answers.tensors(predictions.outputs), request.body
    outputs = body.get("outputs") or []
    selected = [str(t.get("name")) for t in outputs if isinstance(t, dict)]
    unknown = [name for name in selected if name not in tensors]
    if unknown:
        raise InputError(f"outputs: expected some of {', '.join(tensors)}; got {unknown}")
    response: dict[str, Any] = {"model_name": live.name, "model_version": live.version}
    if "id" in body:
        response["id"] = body["id"]
    parts = ("datatype", "shape", "data")
    response["outputs"] = [
        {"name": name, **dict(zip(parts, tensors[name], strict=True))}
        for name in selected or tensors
    ]
    return response


def _parse_tensor(tensor: dict[str, Any], datatypes: tuple[str, ...], rank: int) -> np.ndarray:
    """The data of a tensor in its shape; an array of objects for BYTES."""
    name, shape, datatype = (tensor.get(key) for key in ("name", "shape", "datatype"))
    if datatype not in datatypes:
        raise InputError(f"{name}: expected datatype {' or '.join(datatypes)}; got {datatype}")
    is_shape = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not is_shape or len(shape or []) != rank:
        raise InputError(f"{name}: expected a shape of {rank} whole numbers; got {shape}")
    if not isinstance(tensor.get("data"), list):
        raise InputError(f"{name}: expected a list `data`; binary tensors are not supported")
    try:
        return np.array(tensor["data"], dtype=NUMPY_TYPES[datatype]).reshape(shape)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"{name}: expected `data` of datatype {datatype} and shape {shape}; got other data"
        ) from None
