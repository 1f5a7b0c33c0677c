"""Where the belt keeps its files. The one place that knows a path."""

from pathlib import Path

VERDICT_FILE = "verdict.json"


class Paths:
    """Every path of one project folder; `root` is where dvc.yaml lies, "." for the stages."""

    def __init__(self, root: Path = Path()) -> None:
        self.root = root

        # what people write
        self.conf = root / "conf"
        self.params = root / "params.yaml"
        self.raw = root / "data" / "raw"

        # compose
        self.config = root / "artifacts" / "config.yaml"

        # prepare
        self.prepared = root / "data" / "prepared"
        self.data_report = root / "reports" / "data.json"
        self.data_plots = root / "reports" / "data"

        # sweep
        self.sweep = root / "artifacts" / "sweep"
        self.sweep_pages = root / "reports" / "sweep"  # they show times, so they are no outputs

        # train
        self.model = root / "artifacts" / "model"

        # evaluate
        self.metrics = root / "reports" / "metrics.json"
        self.evaluation = root / "reports" / "evaluation"

        # register
        self.receipt = root / "artifacts" / "receipt.json"
        self.promotion = root / "reports" / "promotion"  # the verdict, for programs and people
        self.verdict = self.promotion / VERDICT_FILE

        # retrain, untracked
        self.retraining = root / "reports" / "retrain"

        # untracked: what a crash must not lose, caches, locks
        self.scratch = root / ".conveyor"
