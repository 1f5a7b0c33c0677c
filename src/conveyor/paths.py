"""Where the belt keeps its files. The one place that knows a path."""

from pathlib import Path

VERDICT_FILE = "verdict.json"
INSPECTION_FILE = "inspect.html"
ERRORS_FILE = "errors.html"


class Paths:
    """Every path of one project folder; `root` is where dvc.yaml lies, "." for the stages."""

    def __init__(self, root: Path = Path()) -> None:
        self.root = root
        artifacts, reports = root / "artifacts", root / "reports"
        self.outputs = (artifacts, reports)  # what the stages write for people, models and git

        # what people write
        self.conf = root / "conf"
        self.params = root / "params.yaml"
        self.data = root / "data"
        self.raw = self.data / "raw"

        # retrain, for train: a copy of the champion's folder, which DVC tracks
        self.init = self.data / "init" / "champion"

        # compose
        self.config = artifacts / "config.yaml"

        # prepare
        self.prepared = self.data / "prepared"
        self.data_report = reports / "data.json"
        self.data_plots = reports / "data"

        # sweep
        self.sweep = artifacts / "sweep"
        self.sweep_pages = reports / "sweep"  # they show times, so they are no outputs

        # train
        self.model = artifacts / "model"

        # evaluate
        self.metrics = reports / "metrics.json"
        self.evaluation = reports / "evaluation"
        self.model_card = artifacts / "model_card.md"  # beside the model

        # register
        self.receipt = artifacts / "receipt" / "receipt.json"
        self.promotion = reports / "promotion"  # the verdict, for programs and people
        self.verdict = self.promotion / VERDICT_FILE

        # retrain, untracked
        self.retraining = reports / "retrain"

        # untracked: what a crash must not lose, caches, locks
        self.scratch = root / ".conveyor"
        self.stage_runs = self.scratch / "stages"
        self.registry_snapshot = self.scratch / "registry.json"

        # report, untracked
        self.report = reports / "index.html"

        # inspect, explain and states, untracked
        self.inspection = reports / INSPECTION_FILE
        self.explanation = reports / "explain.html"
        self.states_page = reports / "states.html"

        # the range test of train, untracked
        self.range_test = reports / "learning_rate.png"

        # DVC
        self.dvc_lock = root / "dvc.lock"
        self.dvc_lock_copy = self.scratch / "dvc.lock"
