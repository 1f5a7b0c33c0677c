"""The folder artifacts/model/: all that is evaluated, registered and served."""

from pathlib import Path
from typing import Any

import keras
import yaml

from conveyor import files
from conveyor.config import FitConfig, TrainConfig, narrow
from conveyor.data.store import Prepared
from conveyor.models.export import check_export, export
from conveyor.models.quantise import quantise
from conveyor.plots.training import plot_learning_curves
from conveyor.training.measure import describe_data, measure_costs
from conveyor.training.state import TrainingState

CHECKED_ROWS = 512  # validation rows on which the export is compared with Keras


def write_model(
    model: keras.Model, state: TrainingState, config: TrainConfig, prepared: Prepared, folder: Path
) -> None:
    """Write the model folder whole, or not at all; see `models.export` for the model's own files.

    Beside them: config.yaml (name, seed, model and train as they ran, and serving if it changes
    the graph), history.csv (one row for each epoch), curves.png, and float.onnx if model.onnx is
    int8.

    Args:
        state: of the fit that gave `model`, after its last epoch.

    Raises:
        ExportError: the exported graph does not predict from raw rows as the trained network does.
    """
    card = _card(model, state, config, prepared)
    validation = prepared.split("validation")
    count = min(CHECKED_ROWS, len(validation.targets))
    with files.replacing_folder(folder) as temporary:
        export(
            model, config.model, prepared.task.head(config.head), prepared.encoder, card, temporary
        )
        check_export(temporary, validation.sequences.first(count), validation.rows[:count])
        used = narrow(config, FitConfig)
        if config.serving.quantisation != "none":
            quantise(temporary)
            used = narrow(config, TrainConfig)
        text = yaml.safe_dump(used.model_dump(mode="json"), sort_keys=True)
        files.write_text(temporary / "config.yaml", text)
        rows = [(number, *epoch.values()) for number, epoch in enumerate(state.epochs, start=1)]
        files.write_csv(temporary / "history.csv", ["epoch", *state.epochs[0]], rows)
        plot_learning_curves(state.epochs, state.best_epoch, temporary / "curves.png")


def _card(
    model: keras.Model, state: TrainingState, config: TrainConfig, prepared: Prepared
) -> dict[str, Any]:
    costs, target = measure_costs(model, config, prepared), state.best_target
    assert target is not None, "the fit has no epoch"
    return {
        "name": config.name,
        **describe_data(prepared),
        "target": target.model_dump(mode="json"),
        "parameters": costs.parameters,
        "flops": costs.flops,
        "flops_at_length": costs.length,
        "best_epoch": state.best_epoch,
        "refit": config.train.refit,
        "data_digest": prepared.meta.digest,
        "precision": config.train.precision,
        "validation": state.best_metrics,
    }
