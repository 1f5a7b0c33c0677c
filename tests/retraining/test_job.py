"""What one retraining does, on a small DVC project whose stages are one line each."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from conveyor.config import Config, overlay
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.retraining import dvc
from conveyor.retraining.dvc import RetrainError, changed_stages, run_dvc, update_configuration
from conveyor.retraining.job import Job, RetrainOutcome
from conveyor.retraining.lock import Busy, retraining_lock
from conveyor.retraining.monitor import ChampionMonitor
from conveyor.tracking import sender
from conveyor.tracking.retraining import retrain_run

ROOT = Path(__file__).parents[2]
# A belt of one stage: the word in word.txt decides what its registration comes to.
STAGE = """
import json, os, pathlib, signal, sys
from conveyor.errors import InputError
from pipeline import run_script
def main(args):
    word = pathlib.Path("word.txt").read_text().strip()
    if word == "bad input": raise InputError("column 'text' not found")
    if word == "defect": raise ValueError("column 'text' not found")
    if word == "exit 2": sys.exit(2)
    if word == "killed": os.kill(os.getpid(), signal.SIGKILL)
    pathlib.Path("out.txt").write_text(word)
    if word != "known":
        folder = pathlib.Path("reports/promotion")
        folder.mkdir(parents=True, exist_ok=True)
        gate = {"gate": "bar: accuracy", "passed": word == "good", "reason": "it is " + word}
        verdict = {"version": "4", "promote": word == "good", "gates": [gate]}
        (folder / "verdict.json").write_text(json.dumps(verdict))
run_script(main, None)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
    (tmp_path / "stage.py").write_text(STAGE)
    (tmp_path / "word.txt").write_text("good")
    (tmp_path / ".gitignore").write_text(".conveyor\n")
    stage = {"cmd": "python stage.py", "deps": ["word.txt", "stage.py"], "outs": ["out.txt"]}
    stages = {"prepare": {"cmd": "true", "deps": ["stage.py"]}, "register": stage}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    return Paths(tmp_path)


class HealthyChampion(ChampionMonitor):
    """Says that the champion serves, in a project whose stages register nothing."""

    def find_fault(self) -> str | None:
        return None


def run_job(config: Config, project: Paths) -> RetrainOutcome:
    with retrain_run(config.name, project) as run:
        job = Job(config, project, HealthyChampion(config, project, run))
        return job.run(changed_stages(project))


def say(project: Paths, word: str) -> None:
    (project.root / "word.txt").write_text(word)


def test_a_retraining_tells_promoted_nothing_refused_and_known(
    project: Paths, toy_config: Config
) -> None:
    first = run_job(toy_config, project)
    assert (first.code, first.message) == (ExitCode.PROMOTED, "version 4 is the new champion")
    assert first.summary().splitlines()[1:] == [
        "  why: there is no champion; data, code or configuration changed, and "
        "retrain.when.always is true",
        "  passed  bar: accuracy: it is good",
    ]
    again = run_job(toy_config, project)
    assert again.code == ExitCode.NOTHING_TO_DO
    last = "the champion has not changed yet"
    assert again.message == (
        f"nothing to do: data, code and configuration are as they were; {last}"
    )
    say(project, "poor")
    refused = run_job(toy_config, project)
    assert refused.code == ExitCode.NOT_PROMOTED
    assert refused.summary().splitlines()[0] == (
        "version 4 is trained, but not promoted; refused by bar: accuracy"
    )
    assert "  REFUSED bar: accuracy: it is poor" in refused.summary()
    say(project, "known")
    known = run_job(toy_config, project)
    assert known.message == "the pipeline ran and produced a model that is registered already"
    assert known.as_json()["verdict"] is None  # the file still holds that of the refused version
    assert "it is poor" not in known.summary()


def test_a_stage_that_refuses_its_input_is_told_apart_from_a_defect(
    project: Paths, toy_config: Config, capfd: pytest.CaptureFixture[str]
) -> None:
    say(project, "bad input")
    with pytest.raises(InputError, match=r"(?s)serves as before:.*column 'text' not found"):
        run_job(toy_config, project)
    assert "stage: column 'text' not found" in capfd.readouterr().err


@pytest.mark.parametrize("word", ["defect", "exit 2", "killed"])
def test_a_stage_that_ends_in_another_way_is_a_failure_whatever_its_exit_code(
    project: Paths, word: str
) -> None:
    say(project, word)
    with pytest.raises(RetrainError, match="`dvc repro --single-item register` failed") as raised:
        run_dvc(project, "repro", "--single-item", "register")
    assert "ERROR: failed to reproduce 'register'" in str(raised.value)


def test_the_error_that_a_stage_recorded_is_the_error_of_the_night(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    belt = project.root / "dvc.yaml"
    belt.write_text(belt.read_text().replace("stage.py", "register.py"))
    (project.root / "stage.py").rename(project.root / "register.py")
    monkeypatch.setenv("STORE_PASSWORD", "not found")
    say(project, "bad input")
    with pytest.raises(InputError, match="the stage register: column 'text' ") as raised:
        run_dvc(project, "repro", "--single-item", "register")
    assert "not found" not in str(raised.value)


def test_the_stages_repeat_calls_to_mlflow_that_the_job_itself_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = sender.NO_RETRIES
    code = f"import os, sys; sys.exit({name!r} in os.environ)"
    monkeypatch.setattr(dvc, "DVC", (sys.executable, "-c", code))
    monkeypatch.setenv(name, "0")
    run_dvc(Paths(tmp_path), "repro")


def test_imported_data_are_updated_before_the_belt_runs(
    project: Paths, toy_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path_factory.mktemp("source") / "rows.txt"
    source.write_text("monday")
    project.raw.mkdir(parents=True)
    command = [sys.executable, "-m", "dvc", "import-url", "-q", str(source), "data/raw/rows.txt"]
    subprocess.run(command, cwd=project.root, check=True)
    config = overlay(toy_config, {"retrain.refresh": "dvc"})
    assert run_job(config, project).code == ExitCode.PROMOTED
    time.sleep(0.01)
    source.write_text("tuesday")
    run_job(config, project)
    assert (project.raw / "rows.txt").read_text() == "tuesday"


def test_a_query_is_run_before_the_belt_and_dvc_keeps_each_version_of_a_tracked_file(
    project: Paths, toy_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("database") / "rows.db"
    file = "data/raw/rows.parquet"
    sql = {"url": f"sqlite:///{base}", "queries": {"all": "SELECT * FROM rows"}}
    config = overlay(toy_config, {
        "dataset.source": {**toy_config.dataset.source.model_dump(), "format": "parquet",
                           "files": {"all": file}, "sql": sql},
        "retrain.refresh": "sql",
    })  # fmt: skip
    stages = yaml.safe_load((project.root / "dvc.yaml").read_text())["stages"]
    stages["prepare"]["deps"].append("data/raw")
    (project.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))

    def nights() -> tuple[ExitCode, int]:
        with sqlite3.connect(base) as database:
            database.execute("CREATE TABLE IF NOT EXISTS rows (x INT)")
            database.execute("INSERT INTO rows VALUES (1)")
        code = run_job(config, project).code
        return code, pq.read_metadata(project.root / file).num_rows

    assert nights() == (ExitCode.PROMOTED, 1)
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", file], cwd=project.root, check=True)
    digest = yaml.safe_load((project.root / f"{file}.dvc").read_text())["outs"][0]["md5"]
    assert nights()[1] == 2
    after = yaml.safe_load((project.root / f"{file}.dvc").read_text())["outs"][0]["md5"]
    cached = project.root / ".dvc/cache/files/md5"
    assert digest != after
    assert all((cached / md5[:2] / md5[2:]).is_file() for md5 in (digest, after))


def test_the_configuration_is_composed_if_it_changed_and_only_then(project: Paths) -> None:
    stages = yaml.safe_load((project.root / "dvc.yaml").read_text())["stages"]
    command = "cp params.yaml config.yaml && echo composed >> log.txt"
    stages["compose"] = {"cmd": command, "deps": ["params.yaml"], "outs": ["config.yaml"]}
    (project.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for seed in (1, 2):
        (project.root / "params.yaml").write_text(f"seed: {seed}")
        for _ in range(2):
            assert update_configuration(project) == {"prepare", "register"}
            assert (project.root / "config.yaml").read_text() == f"seed: {seed}"
        assert (project.root / "log.txt").read_text() == seed * "composed\n"


HOLDER = """
import sys, time
from pathlib import Path
from conveyor.paths import Paths
from conveyor.retraining.lock import retraining_lock
with retraining_lock(Paths(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_only_one_retrains_and_a_killed_one_is_no_obstacle(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Busy, match=f"another retraining is running: process {holder.pid} on"):
        with retraining_lock(paths):
            pass
    holder.kill()
    holder.wait()
    with retraining_lock(paths):
        assert json.loads((paths.scratch / "retrain.json").read_text())["pid"] == os.getpid()
    assert not (paths.scratch / "retrain.json").exists()


def test_a_patient_one_waits_for_its_turn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER.replace("60", "1"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with retraining_lock(Paths(tmp_path), wait=30):
            assert holder.wait() == 0


def test_help_states_every_exit_code() -> None:
    command = [sys.executable, "-m", "pipeline.retrain", "--help"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    codes = [line.split()[0] for line in output.splitlines() if line[:4].strip().isdigit()]
    assert sorted(map(int, codes)) == sorted(ExitCode) == [0, 1, 2, 10, 11, 12]
