"""The folder artifacts/model/: all that is evaluated, registered and served."""

from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.config import FitConfig, TrainConfig, narrow
from conveyor.data.store import Prepared
from conveyor.encoding import load_encoder
from conveyor.models.export import check_export, export
from conveyor.models.quantise import quantise
from conveyor.plots.training import curves
from conveyor.training.costs import card_of_data, costs_of
from conveyor.training.fit import Fitted

CHECKED_ROWS = 512  # validation rows on which the export is compared with Keras


def write_model(
    fitted: Fitted, config: TrainConfig, prepared: Prepared, folder: Path
) -> dict[str, Any]:
    """Write the model folder whole, or not at all; see `models.export` for the model's own files.

    Beside them: config.yaml (name, seed, model and train as they ran, and serving if it changes
    the graph), history.csv (one row for each epoch), curves.png, and float.onnx if model.onnx is
    int8.

    Returns:
        The card: what the model is, in numbers.

    Raises:
        ExportError: the exported graph does not predict from raw rows as the trained network does.
    """
    card = _card(fitted, config, prepared)
    validation = prepared.split("validation")
    count = min(CHECKED_ROWS, len(validation.labels))
    with files.replacing_folder(folder) as temporary:
        encoder = load_encoder(prepared.folder / "encoder.json")
        export(fitted.model, config.model, encoder, card, temporary)
        check_export(temporary, validation.sequences.first(count), validation.rows[:count])
        used = narrow(config, FitConfig)
        if config.serving.quantisation != "none":
            quantise(temporary)
            used = narrow(config, TrainConfig)
        text = yaml.safe_dump(used.model_dump(mode="json"), sort_keys=True)
        files.write_text(temporary / "config.yaml", text)
        epochs = [(epoch, *row.values()) for epoch, row in enumerate(fitted.rows, start=1)]
        files.write_csv(temporary / "history.csv", ["epoch", *fitted.rows[0]], epochs)
        curves(fitted.rows, fitted.best_epoch, temporary / "curves.png")
    return card


def _card(fitted: Fitted, config: TrainConfig, prepared: Prepared) -> dict[str, Any]:
    costs = costs_of(fitted.model, config, prepared)
    return {
        "name": config.name,
        **card_of_data(prepared),
        "parameters": costs.parameters,
        "flops": costs.flops,
        "flops_at_length": costs.length,
        "best_epoch": fitted.best_epoch,
        "refit": config.train.refit,
        "data_digest": prepared.meta.digest,
        "precision": config.train.precision,
        "validation": {k: v for k, v in fitted.best.items() if k != "learning_rate"},
    }
