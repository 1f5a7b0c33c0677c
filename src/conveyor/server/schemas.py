"""JSON schemas of what a model reads and answers."""

from typing import Any

import pyarrow as pa

from conveyor.server.tensors import TEXT
from conveyor.server.v2 import static_datatypes
from conveyor.serving import LoadedModel

Schema = dict[str, Any]


def sequence_schema(model: LoadedModel) -> Schema:
    """A text, or its tokens; or a series as a list of steps, of one channel also as a list of
    numbers."""
    shape = model.encoder.tensor_shape
    if len(shape) == 1:
        text: Schema = {"type": "string", "minLength": 1}
        tokens = {**array_of({"type": "string", "pattern": r"^\S+$"}), "minItems": 1}
        return {"anyOf": [text, tokens]} if model.task.spec.per_step else text
    number = {"type": ["number", "null"] if model.encoder.accepts_missing else "number"}
    channels = shape[-1]
    steps = {**array_of({**array_of(number), "minItems": channels, "maxItems": channels}),
             "minItems": 1}  # fmt: skip
    return steps if channels > 1 else {"anyOf": [steps, {**array_of(number), "minItems": 1}]}


def columns_schemas(model: LoadedModel) -> dict[str, Schema]:
    """The columns of a request: that of the sequence, and the static ones, whose cells may be
    empty."""
    number = {"type": ["number", "string", "null"]}
    category = {"type": ["string", "number", "boolean", "null"]}
    return {
        model.encoder.column: sequence_schema(model),
        **dict.fromkeys(model.static.numbers, number),
        **dict.fromkeys(model.static.categories, category),
    }


def mlflow_request(model: LoadedModel) -> Schema:
    """A body of /invocations, in one of MLflow's four forms."""
    columns = columns_schemas(model)
    records = array_of(object_of(columns))
    lists = object_of({name: array_of(cell) for name, cell in columns.items()})
    rows = [] if model.static.names else [array_of(columns[model.encoder.column])]
    split = object_of(
        {
            "columns": array_of({"type": "string"}),
            "data": array_of({"type": "array"}),
        }
    )
    return {
        "oneOf": [
            object_of({"inputs": {"anyOf": [lists, records, *rows]}}),
            object_of({"instances": {"anyOf": [records, lists, *rows]}}),
            object_of({"dataframe_records": records}),
            object_of({"dataframe_split": split}),
        ]
    }


def session_request(model: LoadedModel) -> Schema:
    """A body that opens a session."""
    columns = columns_schemas(model)
    static = {name: columns[name] for name in model.static.names}
    return object_of({"static": object_of(static)}) if static else object_of({})


def steps_request(model: LoadedModel) -> Schema:
    """A body with the next steps of a session."""
    required = object_of({"steps": sequence_schema(model)})
    optional = {"after": {"type": "integer", "minimum": 0}}
    return {**required, "properties": required["properties"] | optional}


def session_response(model: LoadedModel | None = None) -> Schema:
    """The state of a session, with a model also its answer."""
    text = {"type": "string"}
    answer = {} if model is None else {"prediction": _answer(model)}
    steps = {"steps": {"type": "integer"}}
    return object_of({"session": text, **steps, **answer, "model_version": text})


def mlflow_response(model: LoadedModel) -> Schema:
    """The answers of /invocations, one per row."""
    return object_of({"predictions": array_of(_answer(model)), "model_version": {"type": "string"}})


def v2_request(model: LoadedModel) -> Schema:
    """A body of an inference request in JSON."""
    types = {model.encoder.column: model.encoder.tensor_types} | static_datatypes(model)
    if model.encoder.token_column is not None:
        types[model.encoder.token_column] = (TEXT,)
    if len(model.encoder.tensor_shape) > 1:
        types["lengths"] = ("INT32", "INT64")
    tensors = [
        object_of({"name": {"const": name}, "datatype": {"enum": list(datatypes)},
                   "shape": array_of({"type": "integer", "minimum": 0}),
                   "data": {"type": "array"}})
        for name, datatypes in types.items()
    ]  # fmt: skip
    required = object_of({"inputs": array_of({"oneOf": tensors})})
    optional = {"id": {"type": "string"}, "parameters": {"type": "object"},
                "outputs": array_of({"type": "object"})}  # fmt: skip
    return {**required, "properties": required["properties"] | optional}


def v2_response(model: LoadedModel) -> Schema:
    """The answer to an inference request: a tensor for each field."""
    row = model.encoder.locate(model.encoder.shortest_row)
    names = list(model.task.answers.tensors(model.empty_outputs(1), [row]))
    text, shape = {"type": "string"}, array_of({"type": "integer"})
    tensor = object_of(
        {"name": {"enum": names}, "datatype": text, "shape": shape, "data": {"type": "array"}}
    )
    required = object_of({"model_name": text, "model_version": text, "outputs": array_of(tensor)})
    return {**required, "properties": required["properties"] | {"id": text}}


def object_of(properties: dict[str, Schema]) -> Schema:
    """An object that needs all of these, and may have others."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def array_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _answer(model: LoadedModel) -> Schema:
    """The answer to a row, by field."""
    return object_of({field.name: _of_arrow(field.type) for field in model.task.answers.schema})


def _of_arrow(kind: pa.DataType) -> Schema:
    if pa.types.is_struct(kind):
        return object_of({field.name: _of_arrow(field.type) for field in kind})
    if pa.types.is_list(kind):
        return array_of(_of_arrow(kind.value_type))
    if pa.types.is_boolean(kind):
        return {"type": "boolean"}
    if pa.types.is_integer(kind):
        return {"type": "integer"}
    return {"type": "string" if pa.types.is_string(kind) else "number"}


# The response of /inspect.
INSPECTION = object_of(
    {
        "model_version": {"type": "string"},
        "row": {"type": "string"},
        "answer": {"type": "object"},
        "notes": array_of({"type": "string"}),
        "layers": array_of(
            object_of({"title": {"type": "string"}, "plots": array_of({"type": "object"})})
        ),
    }
)
