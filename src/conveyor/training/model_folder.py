"""The folder artifacts/model/: all that is evaluated, registered and served."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import yaml

from conveyor import files
from conveyor.config import FitConfig, TrainConfig, narrow
from conveyor.data.store import Prepared
from conveyor.models.export import check_export, export
from conveyor.models.quantise import quantise
from conveyor.plots.training import plot_layers, plot_learning_curves
from conveyor.progress import show_clock
from conveyor.raw_row import to_text
from conveyor.serving.digests import write_digests
from conveyor.serving.example import write_example
from conveyor.training.history import FitHistory
from conveyor.training.measure import describe_data, measure_costs

# Validation rows on which the export is compared with Keras: the first ones, of so many steps.
CHECKED_ROWS, CHECKED_STEPS = 512, 2**18
EXAMPLES = 20  # training rows, the shortest of which becomes the example: people paste it


def write_model(
    model: keras.Model, history: FitHistory, config: TrainConfig, prepared: Prepared, folder: Path,
    initial_weights: str | None = None,
) -> None:  # fmt: skip
    """Write the model folder whole, or not at all; see `models.export` for the model's own files.

    Beside them: config.yaml (name, seed, model and train as they ran, and serving if it changes
    the graph), history.csv (one row for each validation), curves.png, layers.png, example.json (a
    training row), float.onnx if model.onnx is int8, and digests.json, against which the folder is
    checked when it is loaded.

    Args:
        history: of the fit that gave `model`.
        initial_weights: digest of the model whose weights the fit began with.

    Raises:
        ExportError: the exported graph does not predict from raw rows as the trained network does.
    """
    card = _card(model, history, config, prepared)
    if initial_weights is not None:
        card["initial_weights"] = initial_weights
    validation = prepared.split("validation")
    steps = np.cumsum(validation.sequences.lengths[:CHECKED_ROWS])
    count = max(1, int(np.sum(steps <= CHECKED_STEPS)))
    with files.replacing_folder(folder) as temporary, show_clock("exporting") as show_step:
        export(
            model, config.model, prepared.task.head(config.head), prepared.encoder, card, temporary
        )
        show_step("comparing with Keras")
        check_export(
            temporary, validation.encoded.first(count), validation.rows[:count],
            pooling=config.model.pooling, chunk=config.train.chunk,
        )  # fmt: skip
        used = narrow(config, FitConfig)
        if config.serving.quantisation != "none":
            show_step("quantising")
            quantise(temporary)
            used = narrow(config, TrainConfig)
        text = yaml.safe_dump(used.model_dump(mode="json"), sort_keys=True)
        files.write_text(temporary / "config.yaml", text)
        rows = history.validations
        files.write_csv(temporary / "history.csv", list(rows[0]), [row.values() for row in rows])
        plot_learning_curves(rows, history.best_update, temporary / "curves.png")
        plot_layers(rows, temporary / "layers.png")
        write_example(temporary, _choose_example(prepared))
        write_digests(temporary)


def _choose_example(prepared: Prepared) -> Any:
    """Return a raw training row; tokens as a text, as people write it."""
    training = prepared.split("train")
    row = training.rows[int(training.sequences.lengths[:EXAMPLES].argmin())]
    return to_text(row) or row


def _card(
    model: keras.Model, history: FitHistory, config: TrainConfig, prepared: Prepared
) -> dict[str, Any]:
    costs, target = measure_costs(model, config, prepared), history.best_target
    assert target is not None, "the fit has no validation"
    return {
        "name": config.name,
        **describe_data(prepared),
        "target": target.model_dump(mode="json"),
        "parameters": costs.parameters,
        "flops": costs.flops,
        "flops_at_length": costs.length,
        "best_update": history.best_update,
        "best_epoch": history.best["epoch"],
        "refit": config.train.refit,
        "data_digest": prepared.meta.digest,
        "precision": config.train.precision,
        "validation": history.best_metrics,
    }
