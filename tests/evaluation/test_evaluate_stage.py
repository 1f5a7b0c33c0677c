"""The stage evaluate: the pages beside its report, where people look and in MLflow."""

import pytest
from mlflow import MlflowClient

from conveyor import files
from conveyor.config import Config, EvaluateConfig, narrow, overlay
from conveyor.paths import Paths
from conveyor.tracking.find_run import find_training_run
from pipeline import evaluate


@pytest.mark.parametrize(("worst_rows", "names"), [(5, ["errors.html", "inspect.html"]),
                                                   (0, ["inspect.html"])])  # fmt: skip
def test_the_report_links_to_the_pages_that_are_written(
    toy_project: Paths, toy_config: Config, worst_rows: int, names: list[str]
) -> None:
    settings = {"evaluate.worst_rows": worst_rows, "evaluate.bootstrap_samples": 10}
    config = narrow(overlay(toy_config, settings), EvaluateConfig)
    evaluate.evaluate(config, toy_project)
    assert sorted(path.name for path in toy_project.evaluation.glob("*.html")) == names
    report = (toy_project.evaluation / "report.md").read_text()
    assert [name for name in ("errors.html", "inspect.html") if f"({name})" in report] == names
    run = find_training_run("toys", toy_project, files.digest_tree(toy_project.model))
    url = files.sqlite_url(toy_project.root / "mlflow.db")
    artifacts = MlflowClient(url, url).list_artifacts(run.id, "evaluation")
    logged = [artifact.path.removeprefix("evaluation/") for artifact in artifacts]
    assert sorted(name for name in logged if name.endswith(".html")) == names
