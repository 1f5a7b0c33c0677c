"""Stage `prepare`: source files become checked, split and encoded sequences. No TensorFlow.

Matplotlib loads in the process that draws, while rows are read here.
"""

import logging
from typing import TYPE_CHECKING

from conveyor.beside import Beside
from conveyor.paths import Paths
from pipeline import stage

if TYPE_CHECKING:
    from conveyor.config import Config

PICTURES = "conveyor.data.pictures:draw"
log = logging.getLogger(__name__)


def prepare(config: "Config", paths: Paths, drawing: Beside) -> None:
    from conveyor import files
    from conveyor.data.prepare import findings
    from conveyor.data.prepare import prepare as prepare_data
    from conveyor.data.split import SPLITS

    cache = paths.scratch / "datasets"
    report = prepare_data(config.dataset, paths.root, paths.prepared, cache)
    files.write_json(paths.data_report, report)
    read, classes = report["rows"]["read"], report["classes"]
    with files.replacing_folder(paths.data_plots) as folder:
        drawing.begin(paths.prepared, classes, findings(report), read, folder)
        drawing.wait()
    dropped = sum(found["rows"] for found in report["dropped"].values())
    removed = sum(found["removed"] for found in report["removed_between_splits"].values())
    rows = ", ".join(f"{name} {report['rows'][name]}" for name in SPLITS)
    log.info("%d rows read: %s; %d dropped, %d removed because they stand in a later split too",
             read, rows, dropped, removed)  # fmt: skip
    log.info("%d classes; all findings are in %s", len(classes["train"]), paths.data_report)


if __name__ == "__main__":
    with stage("prepare"), Beside(PICTURES) as drawing:
        from conveyor.config import load

        prepare(load("dataset"), Paths(), drawing)
