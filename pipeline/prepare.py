"""Stage `prepare`: source files become checked, split and encoded sequences."""

import logging

from conveyor import files
from conveyor.config import PrepareConfig, load
from conveyor.data.prepare import prepare as prepare_data
from conveyor.data.report import count_findings, say_files
from conveyor.data.store import SPLITS, Prepared
from conveyor.encoding import ENCODERS
from conveyor.paths import Paths
from conveyor.plots import data as plots
from pipeline import run_script

log = logging.getLogger(__name__)

MAX_WARNINGS = 8  # that the log shows


def prepare(config: PrepareConfig, paths: Paths) -> None:
    cache = paths.scratch / "datasets"
    report = prepare_data(config.dataset, paths.root, paths.prepared, cache)
    files.write_json(paths.data_report, report)
    prepared = Prepared(paths.prepared)
    lengths = {name: prepared.split(name).sequences.lengths for name in SPLITS}
    unit = ENCODERS[prepared.meta.kind].unit
    rows = report["rows"]
    with files.replacing_folder(paths.data_plots) as folder:
        plots.plot_lengths(lengths, unit, folder / "lengths.png")
        prepared.task.plot_targets(report, folder)
        plots.plot_findings(count_findings(report), rows["read"], folder / "findings.png")
    reasons = [f"{e['rows']} {name}" for name, e in report["dropped"].items() if e["rows"]]
    removed = sum(entry["removed"] for entry in report["removed_between_splits"].values())
    counts = ", ".join(f"{name} {rows[name]}" for name in SPLITS)
    for sentence in say_files(report):
        log.info("%s", sentence)
    log.info("%d rows read: %s; dropped: %s; removed as duplicates of rows in a later split: %d",
             rows["read"], counts, ", ".join(reasons) or "none", removed)  # fmt: skip
    for warning in report["warnings"][:MAX_WARNINGS]:
        log.warning("%s", warning)
    if len(report["warnings"]) > MAX_WARNINGS:
        log.warning("... and %d more warnings", len(report["warnings"]) - MAX_WARNINGS)
    log.info("all findings are in %s", paths.data_report)


if __name__ == "__main__":
    run_script(lambda args: prepare(load(PrepareConfig), Paths()), __doc__)
