"""The training of the stage `train`, in a process beside the one that keeps its record."""

import logging
import os
from pathlib import Path

from conveyor.beside import Tell
from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.imports import load_ahead
from conveyor.models.cudnn import cudnn_report
from conveyor.models.devices import gpu_line
from conveyor.paths import Paths
from conveyor.training.fit import compiled, fit
from conveyor.training.threads import set_threads

log = logging.getLogger(__name__)


def run(tell: Tell, config: Config, paths: Paths, scratch: Path) -> None:
    """Fit the configuration and write the model folder.

    Tells, for each recurrent layer, whether cuDNN can serve it, as one list; then (epoch, metrics)
    of every epoch, from 1.

    Args:
        scratch: folder of an interrupted fit, which goes on there.
    """
    set_threads(config, os.cpu_count() or 1)
    prepared = Prepared(paths.prepared)
    log.info("%s", gpu_line())
    layers = [str(layer) for layer in cudnn_report(compiled(config, prepared, rows=1))]
    for line in layers:
        log.info("%s", line)
    tell(layers)
    load_ahead("conveyor.training.export")  # ONNX and Matplotlib, while TensorFlow computes
    fitted = fit(config, prepared, on_epoch=lambda *epoch: tell(epoch), scratch=scratch)
    from conveyor.training.export import write_model

    write_model(fitted, config, prepared, paths.model)
    figures = ", ".join(f"{name} {value:.4g}" for name, value in fitted.best.items())
    log.info("best epoch %d: %s", fitted.best_epoch, figures)
