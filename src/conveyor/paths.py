"""Where the belt keeps its files. The one place that knows a path."""

from dataclasses import dataclass
from pathlib import Path

VERDICT_FILE = "verdict.json"


@dataclass(frozen=True)
class Paths:
    """Every path of one project folder; `root` is where dvc.yaml lies, "." for the stages."""

    root: Path = Path()

    # what people write
    @property
    def conf(self) -> Path:
        return self.root / "conf"

    @property
    def params(self) -> Path:
        return self.root / "params.yaml"

    @property
    def raw(self) -> Path:
        return self.root / "data" / "raw"

    # compose
    @property
    def config(self) -> Path:
        return self.root / "artifacts" / "config.yaml"

    # prepare
    @property
    def prepared(self) -> Path:
        return self.root / "data" / "prepared"

    @property
    def data_report(self) -> Path:
        return self.root / "reports" / "data.json"

    @property
    def data_plots(self) -> Path:
        return self.root / "reports" / "data"

    # sweep
    @property
    def sweep(self) -> Path:
        return self.root / "artifacts" / "sweep"

    @property
    def sweep_pages(self) -> Path:
        return self.root / "reports" / "sweep"  # they show times, so they are no outputs

    # train
    @property
    def model(self) -> Path:
        return self.root / "artifacts" / "model"

    # evaluate
    @property
    def metrics(self) -> Path:
        return self.root / "reports" / "metrics.json"

    @property
    def evaluation(self) -> Path:
        return self.root / "reports" / "evaluation"

    # register
    @property
    def receipt(self) -> Path:
        return self.root / "artifacts" / "receipt.json"

    @property
    def promotion(self) -> Path:
        return self.root / "reports" / "promotion"  # the verdict, for programs and people

    @property
    def verdict(self) -> Path:
        return self.promotion / VERDICT_FILE

    # retrain, untracked
    @property
    def retraining(self) -> Path:
        return self.root / "reports" / "retrain"

    # untracked: what a crash must not lose, caches, locks
    @property
    def scratch(self) -> Path:
        return self.root / ".conveyor"
