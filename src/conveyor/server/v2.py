"""KServe's V2 (Open Inference) protocol.

A text model reads the tensor `text`, BYTES of shape (rows,). A tagger of texts also reads `tokens`,
BYTES of shape (rows, tokens), padded on the right with empty texts. A series model reads `series`,
FP32 or FP64 of shape (rows, steps, channels), flat or nested. Series of different length are padded
on the right; then the tensor `lengths`, INT32 or INT64 of shape (rows,), has the steps of each row.
Each static column is a tensor of its name, of shape (rows,). A shape of (rows, 1) stands for
(rows,).
"""

import json
from typing import Any

import numpy as np

from conveyor.errors import InputError
from conveyor.server.body import BINARY_TYPE, JSON_LENGTH, Body
from conveyor.server.live_model import LiveModel
from conveyor.server.parsed_request import (
    FormattedResponse,
    ParsedRequest,
    parse_columns,
    require_equal_lengths,
)
from conveyor.server.tensors import (
    INTEGERS,
    SIZE,
    TEXT,
    Content,
    find_tensors,
    parameters_of,
    parse_tensor,
    to_bytes,
)
from conveyor.serving import LoadedModel, Predictions
from conveyor.serving.layout import find_layout

EXTENSIONS = ["binary_tensor_data"]
NUMBERS, CATEGORIES = ("FP64", "FP32", "INT64", "INT32"), ("BYTES", "INT64", "INT32")
# What MLServer's clients say of whole requests that need no decoding beyond that of each tensor.
CONTENT_TYPES = ("np", "pd", "str")


def describe(live: LiveModel) -> dict[str, Any]:
    """Return the model's metadata; a size of -1 stands for any size."""
    encoder, answers = live.model.encoder, live.model.task.answers
    outputs = answers.tensors(live.model.empty_outputs(1), [encoder.locate(encoder.shortest_row)])
    shape = encoder.tensor_shape
    inputs = [{"name": encoder.column, "datatype": encoder.tensor_types[0], "shape": shape}]
    parameters = answers.parameters()
    if encoder.token_column is not None:  # in place of the texts
        inputs.append({"name": encoder.token_column, "datatype": TEXT, "shape": [-1, -1]})
        parameters = parameters | {"optional_inputs": [encoder.column, encoder.token_column]}
    if len(shape) > 1:
        inputs.append({"name": "lengths", "datatype": "INT32", "shape": [-1]})
        parameters = parameters | {"optional_inputs": ["lengths"]}
    inputs += [
        {"name": name, "datatype": datatypes[0], "shape": [-1]}
        for name, datatypes in static_datatypes(live.model).items()
    ]
    return {
        "name": live.name,
        "versions": [live.version],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [-1, *(n or -1 for n in shape[1:])]}
            for name, (datatype, shape, _) in outputs.items()
        ],
        "parameters": parameters,
    }


def parse_request(body: Body, model: LoadedModel) -> ParsedRequest:
    """Return the raw rows of an inference request.

    The tensors have the general name, or those of the columns of texts, or of the column of series,
    in the model's data set.

    Raises:
        InputError: a tensor is missing, or its shape, datatype and data do not agree.
    """
    encoder, value = model.encoder, body.value
    if not isinstance(value, dict) or not isinstance(value.get("inputs"), list):
        column = encoder.column
        raise InputError(f"request body: expected an object with a list `inputs`, with {column!r}")
    content_type = parameters_of(value, "request body").get("content_type")
    if content_type is not None and content_type not in CONTENT_TYPES:
        expected = " or ".join(CONTENT_TYPES)
        raise InputError(f"parameters: expected content_type {expected}; got {content_type}")
    if not isinstance(value.get("id", ""), str):
        raise InputError("id: expected a text; got another value")
    tensors = find_tensors(value, body.tensors)
    layouts = [each for each in model.layouts if not each.is_wide and each.long is None]
    layout, names = find_layout(layouts, tensors, "inputs")
    static_types, rank = static_datatypes(model), len(encoder.tensor_shape)
    columns: dict[str, list[Any]] = {
        name: _read_tokens(tensors[name])
        if name == encoder.token_column
        else list(parse_tensor(tensors[name], encoder.tensor_types, rank))
        for name in names
        if name not in static_types
    }
    static = {
        name: parse_tensor(tensors[name], datatypes, 1).tolist()
        for name, datatypes in static_types.items()
    }
    if model.kind == "text":
        return parse_columns(value, columns | static, model, "inputs")
    require_equal_lengths(columns | static, "inputs")
    [rows] = columns.values()
    if "lengths" in tensors:
        rows = _cut(rows, tensors["lengths"])
    return ParsedRequest(value, layout.join(rows, static))


def _read_tokens(tensor: Content) -> list[list[Any]]:
    """Return the tokens of each row, without the padding."""
    rows = parse_tensor(tensor, (TEXT,), 2).tolist()
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    return rows


def _cut(rows: list[np.ndarray], tensor: Content) -> list[np.ndarray]:
    """Cut series, which are padded to one length, to those of a tensor."""
    lengths = parse_tensor(tensor, INTEGERS, 1)
    if len(lengths) != len(rows):
        raise InputError(f"lengths: expected {len(rows)} values, one per row; got {len(lengths)}")
    longest = max(map(len, rows), default=0)
    if (lengths < 1).any() or (lengths > longest).any():
        wrong = lengths[(lengths < 1) | (lengths > longest)]
        raise InputError(f"lengths: expected 1 to {longest} steps; got {wrong[:10].tolist()}")
    return [row[:length] for row, length in zip(rows, lengths, strict=True)]


def static_datatypes(model: LoadedModel) -> dict[str, tuple[str, ...]]:
    """Datatypes of the tensors of static columns, the preferred one first."""
    static = model.static
    return dict.fromkeys(static.numbers, NUMBERS) | dict.fromkeys(static.categories, CATEGORIES)


def format_response(
    live: LiveModel, predictions: Predictions, request: ParsedRequest
) -> FormattedResponse:
    """Return the response to a request; its `outputs` may select tensors, and ask for binary ones.

    Raises:
        InputError: a selected tensor does not exist, or an extension is asked for that is not
            supported.
    """
    tensors = predictions.task.answers.tensors(predictions.outputs, predictions.located_rows)
    body = request.body
    all_binary = bool(parameters_of(body, "request body").get("binary_data_output"))
    binary, outputs = b"", []
    for name, is_binary in _selected(body, all_binary, list(tensors)).items():
        datatype, shape, values = tensors[name]
        output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
        if is_binary:
            content = to_bytes(values, datatype)
            output["parameters"] = {SIZE: len(content)}
            binary += content
        else:
            output["data"] = values
        outputs.append(output)
    response: dict[str, Any] = {"model_name": live.name, "model_version": live.version}
    if "id" in body:
        response["id"] = body["id"]
    content = json.dumps(response | {"outputs": outputs}, ensure_ascii=False).encode()
    if not binary:
        return FormattedResponse(content)
    return FormattedResponse(content + binary, BINARY_TYPE, {JSON_LENGTH: str(len(content))})


def _selected(body: dict[str, Any], all_binary: bool, names: list[str]) -> dict[str, bool]:
    """Return the tensors that a request asks for, and whether each is to be binary."""
    outputs = body.get("outputs") or []
    if not isinstance(outputs, list) or not all(isinstance(each, dict) for each in outputs):
        raise InputError("outputs: expected a list of objects, each with a `name`; got other data")
    selected: dict[str, bool] = {}
    for output in outputs:
        name = output.get("name")
        if not isinstance(name, str) or name not in names:
            raise InputError(f"outputs: expected some of {', '.join(names)}; got {name!r}")
        is_binary = parameters_of(output, f"outputs, {name}").get("binary_data", all_binary)
        selected[name] = bool(is_binary)
    return selected or dict.fromkeys(names, all_binary)
