"""Export a fitted model: the Keras file and the ONNX graph that is evaluated and served."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.config import Model
from conveyor.encoding.network_inputs import EncodedRows, NetworkInputs
from conveyor.encoding.ragged import PREDICTED_STEPS, batches_by_length
from conveyor.errors import InputError
from conveyor.metrics.steps import empty_outputs, set_outputs
from conveyor.models.build import build
from conveyor.models.canonical import save_canonical
from conveyor.models.chunks import ChunkedNetwork
from conveyor.models.onnx_network import to_onnx
from conveyor.serving import LoadedModel
from conveyor.serving.measurements import row_differences
from conveyor.tasks.facets import Head

TOLERANCE = 1e-5  # largest difference of an output, in the task's unit
BATCH = 256


class ExportError(InputError):
    """The exported graph does not predict from raw rows as the trained network does."""


def export(
    model: keras.Model, config: Model, head: Head, encoder: Any, card: dict[str, Any], folder: Path
) -> None:
    """Write model.keras, model.onnx, encoder.json and card.json into a folder.

    Both models hold float32 weights and compute in float32, whatever precision trained them.

    Args:
        head: with which the model was built.
    """
    sizes = ("vocabulary", "features", "length", "static_width", "characters", "alphabet")
    size = {name: card[name] for name in sizes if name in card}
    weights = model.get_weights()
    # So that the generated names of layers do not continue those of earlier models.
    keras.backend.clear_session(free_memory=False)
    keras.config.set_dtype_policy("float32")
    # Stock layers only, so that the file loads without this package.
    stock = config.model_copy(update={"kernel": "keras"})
    plain = build(stock, head, **size)
    plain.set_weights(weights)
    save_canonical(plain, folder / "model.keras")
    graph = to_onnx(plain, config, head, length=card.get("length", 1))
    files.write_bytes(folder / "model.onnx", graph.SerializeToString(deterministic=True))
    encoder.save(folder / "encoder.json")
    files.write_json(folder / "card.json", card)


def check_export(
    folder: Path, encoded: EncodedRows, rows: Any, *, pooling: str = "", chunk: int | None = None
) -> None:
    """Compare raw row -> served prediction with encoded row -> Keras's prediction.

    This covers both ways in which serving can differ from training: another encoding of the raw
    row, and another computation of the network.

    Args:
        folder: an exported model.
        encoded: rows as they were encoded for training.
        rows: the same rows, raw.
        pooling: of the network.
        chunk: steps of the chunks in which Keras reads the rows; None: whole rows.

    Raises:
        ExportError: an output differs by more than TOLERANCE.
    """
    network: Any = keras.models.load_model(folder / "model.keras", safe_mode=True)
    read = None if chunk is None else ChunkedNetwork(network, pooling, chunk).predict
    trained = predict(network, encoded, read)
    model = LoadedModel.load(folder)
    differences = row_differences(model, trained, model.predict(rows).outputs)  # (rows,)
    if not differences.max() <= TOLERANCE:
        raise ExportError(
            "the exported model: expected the outputs of the trained network within "
            f"{TOLERANCE:g}; got a difference of {differences.max():.2g} in row "
            f"{differences.argmax()}. Nothing was exported."
        )


def predict(
    model: keras.Model,
    encoded: EncodedRows,
    read: Callable[[NetworkInputs], Any] | None = None,
) -> NDArray[np.floating]:
    """Predict the outputs (rows, width) of encoded rows, in their order.

    Args:
        read: gives the outputs of a batch; by default, the model does.
    """
    read = read or partial(model, training=False)
    shape, lengths = model.output_shape, encoded.sequences.lengths
    outputs = empty_outputs(len(encoded), shape[-1], model.output.dtype, per_step=len(shape) == 3)
    for rows in batches_by_length(lengths, BATCH, PREDICTED_STEPS):
        set_outputs(outputs, rows, np.asarray(read(encoded.pad_rows(rows))), lengths[rows])
    return outputs
