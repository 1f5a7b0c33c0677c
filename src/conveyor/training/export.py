"""The folder artifacts/model/: everything that is evaluated, registered and served."""

from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.config import Config
from conveyor.config.load import dump
from conveyor.data.store import Prepared
from conveyor.encoding import load_encoder
from conveyor.models.describe import Description
from conveyor.models.export import check_export, export
from conveyor.models.quantise import quantise
from conveyor.plots.training import curves
from conveyor.training.costs import costs_of
from conveyor.training.fit import Fitted

CHECKED_ROWS = 512  # validation rows on which the export is held against Keras


def write_model(fitted: Fitted, config: Config, prepared: Prepared, folder: Path) -> dict[str, Any]:
    """Write the artefact whole, or not at all; see `models.export` for the files.

    Beside them: config.yaml (name, seed, model, train as they ran, serving where it changes the
    graph), history.csv (one row an epoch) and curves.png; float.onnx where model.onnx is int8.

    Returns:
        The card: what the artefact is, in numbers.

    Raises:
        ExportError: the exported graph does not answer raw rows as the trained network does.
    """
    costs = costs_of(fitted.model, config, prepared)
    card = _card(fitted, config, prepared, costs)
    validation = prepared.split("validation")
    some = min(CHECKED_ROWS, len(validation.labels))
    with files.replacing_folder(folder) as temporary:
        encoder = load_encoder(prepared.folder / "encoder.json")
        export(fitted.model, config.model, encoder, card, temporary)
        check_export(temporary, validation.sequences.first(some), validation.rows[:some])
        keys = ["name", "seed", "model", "train"]
        if config.serving.quantisation != "none":
            quantise(temporary)
            keys.append("serving")
        ran = {key: dump(getattr(config, key)) for key in keys}
        files.write_text(temporary / "config.yaml", yaml.safe_dump(ran, sort_keys=True))
        epochs = [(epoch, *row.values()) for epoch, row in enumerate(fitted.rows, start=1)]
        files.write_csv(temporary / "history.csv", ["epoch", *fitted.rows[0]], epochs)
        curves(fitted.rows, fitted.best_epoch, temporary / "curves.png")
    return card


def _card(fitted: Fitted, config: Config, prepared: Prepared, costs: Description) -> dict[str, Any]:
    meta = prepared.meta
    size = {"features": meta.features} if meta.features else {"vocabulary": meta.vocabulary}
    return {
        "name": config.name,
        "kind": meta.kind,
        "classes": meta.classes,
        **size,
        "parameters": costs.parameters,
        "flops": costs.flops,
        "flops_at_length": costs.length,
        "best_epoch": fitted.best_epoch,
        "refit": config.train.refit,
        "data_digest": meta.digest,
        "precision": config.train.precision,
        "validation": {k: v for k, v in fitted.best.items() if k != "learning_rate"},
    }
