"""What commit db30c09 left of a project still works: the store, its versions, its model folders."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clone import Clone
from old_project import FIXTURE, ROWS, answers_of, read_answers, read_rows, responses, restore
from server_process import ROOT, serving, until

from conveyor import files, gates
from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.data.prepare import prepare
from conveyor.paths import Paths
from conveyor.registry.evidence import collect_evidence
from conveyor.registry.model_version import RegisteredModel, champion_settings
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.retraining.profile import PROFILE
from conveyor.tracking.retraining import PROFILES, find_profile, retrain_run
from conveyor.tracking.store import open_existing

TOLERANCE = 1e-6
# Names of gates whose numbers depend on the rows and the models alone.
REPEATABLE = ("bar: balanced_accuracy", "better than the champion",
              "slices beside the champion's", "size", "padding")  # fmt: skip
TRAIN_FILE = "data/raw/japanese_vowels/JapaneseVowels_TRAIN.ts"
NEW_ROWS = 40


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    for variable in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(variable, raising=False)
    return restore(tmp_path)


@pytest.fixture(scope="module")
def vowels() -> Config:
    """Today's configuration of the data set that the old project used."""
    return overlay(compose(Paths(ROOT)), {"name": "smoke"})


def registered(paths: Paths) -> RegisteredModel:
    return RegisteredModel(open_existing(paths), "smoke")


def run(paths: Paths, command: str, *arguments: str) -> str:
    """What a command prints that succeeds."""
    done = subprocess.run(
        [sys.executable, "-m", f"pipeline.{command}", *arguments], cwd=paths.root, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def assert_equal(actual: Any, expected: Any) -> None:
    """Equal, but for numbers, which may differ by TOLERANCE."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key, value in expected.items():
            assert_equal(actual[key], value)
    elif isinstance(expected, list):
        for one, other in zip(actual, expected, strict=True):
            assert_equal(one, other)
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, abs=TOLERANCE)
    else:
        assert actual == expected


def test_the_fixture_names_no_machine() -> None:
    for file in FIXTURE.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [
                word for word in (b"/home/", b"/tmp/", b"/work/", b"root@") if word in content
            ]


def test_the_old_champion_serves_and_rolls_back(project: Paths, tmp_path: Path) -> None:
    rows = read_rows()
    series = {"name": "series", "shape": [1, *map(len, (rows[0], rows[0][0]))], "datatype": "FP32",
              "data": rows[0]}  # fmt: skip
    bodies = {"/invocations": {"inputs": {"series": rows}},
              "/v2/models/smoke/infer": {"inputs": [series]}, "/v2/models/smoke": None}  # fmt: skip
    with serving(project, tmp_path / "log", "--reload", "--poll", "0.2") as server:
        for path, expected in responses().items():
            status, response, _ = server.ask(path, bodies[path])
            assert status == 200, response
            assert_equal(response, expected)
        assert "rolled back" in run(project, "promote", "rollback", "--reason", "a test")
        until(lambda: "version 1 of smoke serves" in server.output)
        _, response, _ = server.ask("/invocations", bodies["/invocations"])
        answers = [{k: v for k, v in row.items() if k != "row"} for row in answers_of("1")]
        assert_equal(response["predictions"], answers)
    assert registered(project).aliases()["champion"] == "1"
    history = run(project, "promote", "history").splitlines()
    assert [" ".join(line.split()[1:4]) for line in history] == ["none -> 1", "1 -> 2", "2 -> 1"]


def test_why_says_what_the_old_registration_recorded(project: Paths) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    version = registered(project).version("2")
    text = run(project, "promote", "why", "2")
    for expected in ("models:/smoke/2, promoted", "it passed every gate", version.digest,
                     "git checkout db30c09545d484d3cb88d6a314cbfae92114ab21",
                     f"git apply source.patch   # lineage/source.patch of the train run "
                     f"{version.run_id}"):  # fmt: skip
        assert expected in text
    assert "not recorded" not in text


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_old_folder_predicts_a_file(project: Paths, version: str) -> None:
    folder = registered(project).version(version).fetch(project)
    for options in (["--model", str(folder)], ["--version", version]):
        answers = project.root / "answers.jsonl"
        run(project, "predict", str(ROWS), str(answers), *options)
        assert_equal(read_answers(answers), answers_of(version))


def test_the_gates_judge_old_models_as_they_did(project: Paths, vowels: Config) -> None:
    """Version 2 against version 1 on the test rows, as they are prepared today."""
    versions = registered(project)
    prepare(vowels.dataset, ROOT, project.prepared, project.scratch)
    versions.version("2").fetch(project).rename(project.model)
    evidence = collect_evidence(project, versions.version("1"))
    limits = overlay(vowels, {"gates.bars": {"balanced_accuracy": {"min": 0.0, "max": None}}}).gates
    results = {result.gate: result for result in gates.decide(evidence, limits).results}
    for gate in REPEATABLE:
        tag = versions.version("2").tags[f"gate.{gate}".replace("'", "_")]
        recorded = json.loads(tag)
        assert results[gate].passed == recorded["passed"]
        numbers = results[gate].numbers  # more of them than at that time
        assert_equal({key: numbers[key] for key in recorded["numbers"]}, recorded["numbers"])
    assert results["baselines"].outcome == "refused"
    assert "report.json does not compare the network with simple" in results["baselines"].reason


def test_a_sweep_may_begin_with_the_settings_of_an_old_champion(project: Paths) -> None:
    settings = champion_settings("smoke", project)
    assert settings is not None
    expected = {"model.units": [4], "train.learning_rate": 2e-2, "head.class_weights": "none",
                "head.label_smoothing": 0.0}  # fmt: skip
    assert {name: settings[name] for name in expected} == expected


def test_a_night_over_data_of_the_first_format_says_that_it_saves_no_profile(
    project: Paths, vowels: Config, caplog: pytest.LogCaptureFixture
) -> None:
    """The night before an upgrade saved none, and `prepare` has not run since."""
    champion = registered(project).champion()
    assert champion is not None
    runs = project.root / "mlruns" / "smoke" / champion.run_id / "artifacts"
    (runs / PROFILES / PROFILE).unlink()
    with retrain_run("smoke", project) as night, caplog.at_level(logging.WARNING):
        ChampionMonitor(vowels, project, night).save_profile()
        assert find_profile(night.tracking, champion.run_id) is None
    assert "version 2 is not saved" in caplog.text
    assert "meta.json: expected format 2; got format 1. Run `dvc repro prepare`" in caplog.text


def add_shifted_rows(file: Path) -> None:
    """Append copies of rows whose numbers are larger by one half."""
    rows = file.read_text().partition("@data\n")[2].splitlines()
    with file.open("a") as end:
        for row in rows[:: len(rows) // NEW_ROWS][:NEW_ROWS]:
            *channels, name = row.split(":")
            moved = [",".join(f"{float(x) + 0.5:.6f}" for x in c.split(",")) for c in channels]
            end.write(":".join([*moved, name]) + "\n")


@pytest.mark.belt
@pytest.mark.slow
def test_the_first_night_of_the_new_code_compares_with_the_old_champion(tmp_path: Path) -> None:
    """A real clone, DVC and training: drift against the old profile, then the gates."""
    clone = Clone.make(tmp_path)
    paths = restore(clone.root)
    clone.edit("params.yaml", "train: {}", "train: {epochs: 30, learning_rate: 0.01, folds: null}")
    clone.edit("params.yaml", "  sweep:\n", "  sweep: none\n")
    add_shifted_rows(clone.root / TRAIN_FILE)
    done = clone.run("python", "-m", "pipeline.retrain")
    assert done.code == 0, done.text
    assert "version 3 is the new champion" in done.text
    report = files.read_json(paths.retraining / "report.json")
    assert report["evidence"]["champion"] == "2"
    assert report["evidence"]["arrived"] == NEW_ROWS
    tested = {finding["feature"]: finding for finding in report["drift"]}
    assert {"label", "predicted label", "confidence", "length"} < tested.keys()
    assert tested["level of channel 0"]["drifts"]
    client = clone.client()
    version = RegisteredModel(client, "smoke").version("3")
    gate = json.loads(version.tags["gate.better than the champion"])
    assert "version 2, the champion" in gate["reason"]
    assert gate["numbers"]["champion_accuracy"] == pytest.approx(
        client.get_run(client.get_model_version("smoke", "2").run_id).data.metrics["test_accuracy"]
    )
    back = clone.run("python", "-m", "pipeline.promote", "rollback")
    assert "3 -> 2" in back.text
