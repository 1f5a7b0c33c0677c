"""Runs say what happened: their status, their figures, where they come from."""

import errno
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from tracked import PROCESS, artifact, curve, runs_of, table

from conveyor import files
from conveyor.config import Config
from conveyor.errors import ExitCode, InputError
from conveyor.evaluation import report
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import EvaluationInput
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.tracking.find_run import find_training_run
from conveyor.tracking.retraining import retrain_run
from conveyor.tracking.runs import (
    close_dead_runs,
    training_run,
)
from conveyor.tracking.store import connect


def train(config: Config, paths: Paths, error: BaseException | None = None) -> str:
    """A training run of the model that lies in the project."""
    with training_run(config, paths, dataset="toys", data_digest="d" * 64) as run:
        run.log_layers(["lstm_0: cuDNN"])
        for number, row in enumerate(table(paths.model / "history.csv"), start=1):
            run.log_validation(number, {name: float(value) for name, value in row.items()})
        if error is not None:
            raise error
        run.log_model(paths.model, files.digest_tree(paths.model))
    return run.id


def test_a_training_run_holds_parameters_curves_figures_and_files(
    toy_project: Paths, toy_config: Config
) -> None:
    run_id = train(toy_config, toy_project)
    (run,) = runs_of(toy_project)
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.data.params["train.learning_rate"] == "0.02"
    assert run.data.params["model.units"] == "[6]"
    assert run.data.tags["cudnn"] == "lstm_0: cuDNN"
    history = table(toy_project.model / "history.csv")
    expected = [(int(float(row["update"])), float(row["val_loss"])) for row in history]
    assert curve(toy_project, run_id, "val_loss") == expected
    card = files.read_json(toy_project.model / "card.json")
    assert run.data.metrics["val_loss_best"] == card["validation"]["val_loss"]
    assert run.data.params["cost.parameters"] == str(card["parameters"])
    assert f"{card['parameters']:,} parameters" in run.data.tags["mlflow.note.content"]
    digest = files.digest_tree(toy_project.model)
    assert re.fullmatch(r"train \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", run.info.run_name)
    assert files.digest_tree(artifact(toy_project, run_id, "model")) == digest
    (data,) = run.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("toys", "d" * 16)


def test_the_process_and_its_secrets_in_a_failed_run(
    toy_project: Paths, toy_config: Config
) -> None:
    with pytest.raises(RuntimeError):
        train(toy_config, toy_project, RuntimeError("no route to db://me:hunter2@host"))
    (run,) = runs_of(toy_project)
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "RuntimeError: no route to db://me:***@host"
    text = artifact(toy_project, run.info.run_id, "traceback.txt").read_text()
    assert "Traceback" in text
    assert "hunter2" not in text


def test_the_tag_of_a_failed_run_is_the_cause_itself(
    toy_project: Paths, toy_config: Config
) -> None:
    database = OperationalError("INSERT", {}, sqlite3.OperationalError("no such table: runs"))
    full = RuntimeError("the report failed")
    full.__cause__ = OSError(errno.ENOSPC, "", "reports/a.png")
    for error in (database, full, InputError("a.csv: expected rows;\ngot none")):
        with pytest.raises(type(error)):
            train(toy_config, toy_project, error)
    assert [run.data.tags["error"] for run in runs_of(toy_project)] == [
        "OperationalError: (sqlite3.OperationalError) no such table: runs",
        "reports/a.png: No space left on device",
        "a.csv: expected rows; got none",
    ]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(143)])
def test_a_stopped_run_is_killed_not_failed(
    toy_project: Paths, toy_config: Config, stop: BaseException
) -> None:
    with pytest.raises(type(stop)):
        train(toy_config, toy_project, stop)
    assert [run.info.status for run in runs_of(toy_project)] == ["KILLED"]


def test_a_run_whose_process_was_killed_is_closed_by_the_next(toy_project: Paths) -> None:
    command = [sys.executable, str(PROCESS), str(toy_project.root), "dying"]
    assert subprocess.run(command, check=False).returncode == -9
    assert [run.info.status for run in runs_of(toy_project)] == ["RUNNING"]
    with retrain_run("toys", toy_project):
        close_dead_runs(connect("toys", toy_project))  # this very run lives, and is left alone
        statuses = [run.info.status for run in runs_of(toy_project)]
    assert statuses == ["FAILED", "RUNNING"]
    dead, living = runs_of(toy_project)
    assert dead.data.tags["closed"] == "its process died without a word"
    assert living.info.status == "FINISHED"


def test_a_model_that_came_from_elsewhere_gets_the_run_it_would_have_had(
    toy_project: Paths, toy_config: Config, tmp_path: Path
) -> None:
    live_id = train(toy_config, toy_project)
    live = runs_of(toy_project)[0]
    elsewhere = Paths(tmp_path / "elsewhere")
    shutil.copytree(toy_project.model, elsewhere.model)
    found = find_training_run("toys", elsewhere, files.digest_tree(elsewhere.model))
    (restored,) = runs_of(elsewhere)
    assert found.id == restored.info.run_id != live_id
    assert restored.data.tags["restored"] == "true"
    assert restored.data.metrics == live.data.metrics
    ran = {
        k: v for k, v in restored.data.params.items() if not k.startswith(("train.ep", "train.p"))
    }
    assert ran.items() <= live.data.params.items()
    assert curve(elsewhere, found.id, "train_loss") == curve(toy_project, live_id, "train_loss")
    assert find_training_run("toys", elsewhere, files.digest_tree(elsewhere.model)).id == found.id
    assert len(runs_of(elsewhere)) == 1
    shutil.rmtree(elsewhere.model)
    with pytest.raises(InputError, match="dvc repro train"):
        find_training_run("toys", elsewhere, files.digest_tree(elsewhere.model))


def test_evaluation_lands_on_the_run_that_made_the_model_and_once(
    toy_project: Paths, toy_config: Config
) -> None:
    from conveyor.data.store import Prepared

    run_id = train(toy_config, toy_project)
    prepared = Prepared(toy_project.prepared)
    test = prepared.split("test")
    p = LoadedModel.load(toy_project.model).predict(test.rows).outputs
    data = EvaluationInput("series", prepared.task, test, test, test, p)
    found = evaluate(data, toy_config.evaluate, seed=1)
    report.write(toy_project.evaluation, found, data, toy_config.evaluate)
    for _ in range(2):
        made = find_training_run("toys", toy_project, files.digest_tree(toy_project.model))
        made.log_evaluation(
            toy_project.evaluation,
            report.compared_scores(found, prepared.task),
            sentence=report.summarize(found, data, confidence=0.95),
            baseline="loses to linear",
        )
    for version in ("2", "3"):
        made.log_verdict(version, "promoted", "Promoted: better.")
    (run,) = runs_of(toy_project)
    assert run.info.run_id == run_id
    tested = {k: v for k, v in run.data.metrics.items() if k.startswith("test_")}
    assert tested == {f"test_{k}": found.scores[k] for k in ("accuracy", "macro_f1")}
    verdict, test_line, training = run.data.tags["mlflow.note.content"].split("\n\n")
    assert verdict == "version 3. Promoted: better."
    assert run.info.run_name.endswith(", version 3 promoted")
    assert run.info.run_name.count("version") == 1
    low, high = found.intervals["accuracy"]
    assert test_line.startswith(
        f"Test: accuracy {found.scores['accuracy']:.4g} on {len(test.rows)} rows "
        f"(95 % interval {low:.4g} to {high:.4g}); it "
    )
    assert "parameters" in training
    assert run.data.tags["baseline"] == "loses to linear"
    assert len(curve(toy_project, run_id, "test_accuracy")) == 1
    assert (artifact(toy_project, run_id, "evaluation") / "confusion.png").is_file()


def test_runs_of_a_git_and_dvc_project_say_revision_and_hashes(
    toy_project: Paths, toy_config: Config
) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(["git", *who, *arguments], cwd=toy_project.root, text=True,
                              capture_output=True, check=True)  # fmt: skip
        return done.stdout.strip()

    (toy_project.root / "dvc.lock").write_text(
        "stages: {prepare: {outs: [{path: data/prepared, md5: abc.dir}]}, train: {outs: []}}"
    )
    git("init", "-q")
    git("add", "dvc.lock")
    git("commit", "-qm", "lock")
    train(toy_config, toy_project)
    tags = runs_of(toy_project)[0].data.tags
    assert tags["git.revision"] == git("rev-parse", "HEAD")
    assert tags["git.changed"] == "false"
    assert tags["dvc.prepare.prepared"] == "abc.dir"


def test_a_retraining_tells_its_outcome(toy_project: Paths) -> None:
    from conveyor import gates
    from conveyor.registry import verdict_files
    from conveyor.registry.model_version import ModelVersion

    verdict = gates.Verdict([gates.GateResult("bar: accuracy", False, "too low", {})])
    version = ModelVersion("toys", "2", "run", 0.0, {})
    verdict_files.write(toy_project.promotion, version, verdict)
    with retrain_run("toys", toy_project) as run:
        run.log_outcome(
            "version 2 is trained, but not promoted", toy_project, code=ExitCode.NOT_PROMOTED
        )
    (told,) = runs_of(toy_project)
    assert told.data.tags["outcome"] == "not promoted"
    assert re.fullmatch(r"retrain [-0-9]+ [:0-9]+, not promoted", told.info.run_name)
    assert told.data.metrics["seconds"] > 0
    assert "too low" in (artifact(toy_project, run.id, "promotion") / "verdict.md").read_text()
