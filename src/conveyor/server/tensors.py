"""Tensors of the V2 protocol: as lists in JSON, or as bytes behind the JSON.

The bytes are those of Triton's extension `binary_tensor_data`: numbers in little-endian order; of
BYTES each element's length in 4 bytes, and the element.
"""

import base64
import binascii
import struct
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.errors import InputError

TEXT = "BYTES"
INTEGERS = ("INT32", "INT64")
DTYPES = {"BOOL": "?", "INT32": "<i4", "INT64": "<i8", "FP32": "<f4", "FP64": "<f8"}
# MLServer's names of what a tensor holds, in the parameter `content_type`.
CONTENT_TYPES = {TEXT: ("str", "base64", "np", "pd")} | dict.fromkeys(DTYPES, ("np", "pd"))
SIZE = "binary_data_size"

Content = dict[str, Any]  # a tensor of a request


def find_tensors(body: Any, binary: bytes) -> dict[str, Content]:
    """Return the inputs of a request by name; binary ones have their bytes as `data`.

    Raises:
        InputError: an input has no name, or that of another one; the sizes of the binary ones and
            the number of bytes behind the JSON disagree; or it is in shared memory.
    """
    tensors: dict[str, Content] = {}
    start = 0
    for number, tensor in enumerate(body["inputs"]):
        name = tensor.get("name") if isinstance(tensor, dict) else None
        if not isinstance(name, str) or name in tensors:
            raise InputError(
                f"inputs, {number}: expected an object with a `name` of its own; got "
                f"{'that of another one' if isinstance(name, str) else 'none'}"
            )
        parameters = parameters_of(tensor, name)
        size = parameters.get(SIZE)
        if size is not None:
            stop = start + size if type(size) is int and size >= 0 else -1
            if not start <= stop <= len(binary):
                raise InputError(
                    f"{name}: expected {SIZE} of at most {len(binary) - start} bytes, those that "
                    f"are left behind the JSON; got {size}"
                )
            tensor, start = {**tensor, "data": binary[start:stop]}, stop
        tensors[name] = tensor
    if start != len(binary):
        raise InputError(
            f"request body: expected {start} bytes of tensors behind the JSON, the sum of "
            f"{SIZE}; got {len(binary)}"
        )
    return tensors


def parameters_of(value: Any, place: str) -> dict[str, Any]:
    """Return the parameters of a request or of a tensor.

    Raises:
        InputError: they are no object, or they ask for an extension that is not supported.
    """
    parameters = value.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InputError(f"{place}, parameters: expected an object; got {_shorten(parameters)}")
    for name in ("shared_memory_region", "classification", "sequence_id"):
        if parameters.get(name):
            raise InputError(f"{place}, parameters: {name} is not supported")
    return parameters


def parse_tensor(tensor: Content, datatypes: Sequence[str], rank: int) -> NDArray[Any]:
    """Return the elements of a tensor in its shape, or (elements,) for a rank of 1: text of BYTES,
    float64 of FP32 and FP64, int64 of integers.

    Args:
        datatypes: that it may have.
        rank: of its shape. Clients of Triton and MLServer send (rows, 1) for a rank of 1.

    Raises:
        InputError: its datatype, shape, content type and data do not agree.
    """
    name, shape = tensor["name"], tensor.get("shape")
    datatype = next((each for each in datatypes if each == tensor.get("datatype")), None)
    if datatype is None:
        expected, got = " or ".join(datatypes), _shorten(tensor.get("datatype"))
        raise InputError(f"{name}: expected datatype {expected}; got {got}")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise InputError(f"{name}: expected a shape of {rank} whole numbers; got {_shorten(shape)}")
    if rank == 1 and len(shape) == 2 and shape[1] == 1:
        shape = shape[:1]
    if len(shape) != rank or 0 in shape[1:]:
        raise InputError(f"{name}: expected a shape of {rank} whole numbers; got {_shorten(shape)}")
    content_type = parameters_of(tensor, name).get("content_type")
    if content_type is not None and content_type not in CONTENT_TYPES[datatype]:
        raise InputError(
            f"{name}: expected content_type {' or '.join(CONTENT_TYPES[datatype])} of {datatype}; "
            f"got {_shorten(content_type)}"
        )
    data = tensor.get("data")
    if not isinstance(data, list | bytes):
        raise InputError(f"{name}: expected a list `data`, or binary data; got {_shorten(data)}")
    try:
        is_list = isinstance(data, list)
        values = _read_list(data, datatype) if is_list else _read_bytes(data, datatype)
        if values.size != prod(shape):
            raise ValueError
    except (TypeError, ValueError, OverflowError, struct.error):
        raise InputError(
            f"{name}: expected `data` of datatype {datatype} and shape {_shorten(shape)}; got "
            "other data"
        ) from None
    if content_type == "base64":
        values = np.array([_from_base64(text, name) for text in values.flat], object)
    return values.reshape(shape)


def _read_list(data: list[Any], datatype: str) -> NDArray[Any]:
    if datatype == TEXT:
        return np.array(data, object)
    if datatype not in INTEGERS:
        return np.array(data, np.float64)
    numbers, limits = np.array(data), np.iinfo(DTYPES[datatype])
    if numbers.size == 0:
        return np.zeros(0, np.int64)
    if numbers.dtype.kind not in "iu" or numbers.min() < limits.min or numbers.max() > limits.max:
        raise ValueError
    return numbers.astype(np.int64)


def _read_bytes(data: bytes, datatype: str) -> NDArray[Any]:
    if datatype != TEXT:
        numbers = np.frombuffer(data, DTYPES[datatype])
        return numbers.astype(np.int64 if datatype in INTEGERS else np.float64)
    texts, start = [], 0
    while start < len(data):
        (length,) = struct.unpack_from("<I", data, start)
        stop = start + 4 + length
        if stop > len(data):
            raise ValueError
        texts.append(data[start + 4 : stop].decode())
        start = stop
    return np.array(texts, object)


def _from_base64(text: Any, name: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (TypeError, binascii.Error, ValueError):
        raise InputError(
            f"{name}: expected base64 of text in UTF-8, as its content_type says; got "
            f"{_shorten(text)}"
        ) from None


def to_bytes(values: Sequence[Any], datatype: str) -> bytes:
    """Return the elements of a tensor as binary data."""
    if datatype != TEXT:
        return np.array(values, DTYPES[datatype]).tobytes()
    texts = [str(value).encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
