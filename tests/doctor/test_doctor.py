"""A project with one thing wrong: the doctor names it, and the command that mends it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conveyor import files
from conveyor.config import Config
from conveyor.doctor import machine
from conveyor.doctor.diagnosis import quote
from conveyor.doctor.examine import NotReady, as_json, as_text, examine, has_problem, require_ready
from conveyor.doctor.project import check_schedule
from conveyor.errors import InputError
from conveyor.gates import GateResult, Verdict
from conveyor.paths import Paths
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.tracking import store
from conveyor.tracking.location import given_up
from conveyor.tracking.provenance import PID, process_tags
from pipeline import doctor

Patch = pytest.MonkeyPatch
HALF = "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path:"
LEFT = ".evaluation.ab12cd34"
PASSED = Verdict([GateResult("bar: accuracy", True, "meets the bar", {})])


@pytest.fixture(scope="module")
def registered(
    tmp_path_factory: pytest.TempPathFactory, toy_product: Path, toy_config: Config,
    empty_store: Path,
) -> Path:  # fmt: skip
    """A project in git whose model is the champion."""
    root = tmp_path_factory.mktemp("registered")
    paths = Paths(root)
    shutil.copytree(toy_product, paths.model)
    shutil.copy(empty_store, root)
    files.write_json(paths.config, toy_config.model_dump(mode="json"))  # JSON is YAML
    paths.dvc_lock.write_text("schema: '2.0'\nstages: {}\n")
    (root / ".gitignore").write_text("*\n!dvc.lock\n")
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    files.write_json(paths.receipt, {"model": "toys"})
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
            patch.delenv(name, raising=False)
        registry = Registry("toys", paths)
        digest = files.digest_tree(paths.model)
        challenger = Challenger(paths.model, digest, "series", [[0.0, 0.0], [1.0, 1.0]], "digest")
        registry.apply_verdict(registry.register(challenger, PASSED))
    return root


@pytest.fixture
def project(registered: Path, tmp_path: Path, monkeypatch: Patch) -> Paths:
    """A copy of it, with a home folder of its own, and no cron."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    program(home, "crontab", "exit 1")
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
    shutil.copytree(registered, tmp_path / "a project")
    return Paths(tmp_path / "a project")


def program(home: Path, name: str, script: str) -> None:
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def half_written_lock(paths: Paths, patch: Patch) -> None:
    paths.dvc_lock.write_text(HALF)


def merge_conflict(paths: Paths, patch: Patch) -> None:
    paths.dvc_lock.write_text("schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\n>>>>>>> other\n")


def wrong_backend(paths: Paths, patch: Patch) -> None:
    patch.setattr(machine, "REPLACED", {"KERAS_BACKEND": "torch"})


def full_disk(paths: Paths, patch: Patch) -> None:
    usage = shutil.disk_usage(paths.root)._replace(free=10 * 2**20)
    patch.setattr(shutil, "disk_usage", lambda path: usage)


def unwritable_reports(paths: Paths, patch: Patch) -> None:
    (paths.root / "reports").mkdir(exist_ok=True)
    patch.setattr(machine.os, "access", lambda path, mode: Path(path).name != "reports")


def store_down(paths: Paths, patch: Patch) -> None:
    patch.setenv("MLFLOW_TRACKING_URI", "http://me:hidden@127.0.0.1:9/mlflow")


def database_down(paths: Paths, patch: Patch) -> None:
    patch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:hidden@127.0.0.1:9/mlflow")


def store_that_never_answers(paths: Paths, patch: Patch) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    patch.setattr(store, "silent", silent, raising=False)  # so that it stays open
    patch.setattr(store, "ANSWER_SECONDS", 0.5)
    patch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")


def store_that_is_no_database(paths: Paths, patch: Patch) -> None:
    (paths.root / "mlflow.db").write_bytes(b"no database" * 500)


def damaged_configuration(paths: Paths, patch: Patch) -> None:
    paths.config.write_text("- a list\n")


def damaged_champion(paths: Paths, patch: Patch) -> None:
    champion = Registry("toys", paths).champion()
    assert champion is not None
    graph = champion.fetch(paths) / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)


def champion_files_deleted(paths: Paths, patch: Patch) -> None:
    Registry("toys", paths)  # its addresses then name this copy of the project
    shutil.rmtree(paths.root / "mlruns")


def alias_deleted(paths: Paths, patch: Patch) -> None:
    Registry("toys", paths).client.delete_registered_model_alias("toys", "champion")


def dead_run(paths: Paths, patch: Patch) -> None:
    tracking = Registry("toys", paths).tracking
    tags = {**process_tags(), PID: "999999999"}
    tracking.client.create_run(tracking.experiment_id, tags=tags)


def old_leftover(paths: Paths, patch: Patch) -> None:
    (paths.root / "reports" / LEFT).mkdir(parents=True)


def no_repository(paths: Paths, patch: Patch) -> None:
    shutil.rmtree(paths.root / ".git")
    patch.setenv("GIT_CEILING_DIRECTORIES", str(paths.root.parent))


def other_versions(paths: Paths, patch: Patch) -> None:
    (paths.root / "requirements").mkdir()
    lock = "numpy==0.1 \\\n    --hash=sha256:0\nnot-installed==1 ; sys_platform == 'win32'\n"
    (paths.root / "requirements/belt.lock").write_text(lock)


def silent_gpu(paths: Paths, patch: Patch) -> None:
    program(paths.root.parent / "home", "nvidia-smi", "exit 9")


def crontab(paths: Paths, *lines: str) -> None:
    file = paths.root.parent / "home" / "crontab"
    file.write_text("".join(f"{line}\n" for line in lines))
    program(paths.root.parent / "home", "crontab", f"cat {file}")


def cron_without_python(paths: Paths, patch: Patch) -> None:
    crontab(paths, f"0 2 * * * cd {quote(paths.root)} && '/gone bin/python' -m pipeline.retrain")


def cron_twice(paths: Paths, patch: Patch) -> None:
    line = f"0 2 * * * cd {quote(paths.root)} && python -m pipeline.retrain"
    crontab(paths, line, line)


# What is wrong, the check that says so, a part of its message, a part of the remedy.
PROBLEMS: dict[Callable[[Paths, Patch], None], tuple[str, str, str]] = {
    half_written_lock: ("dvc.lock", "not whole", "git checkout HEAD -- '/"),
    merge_conflict: ("dvc.lock", "conflicts of a merge", "end the merge"),
    wrong_backend: ("environment", "KERAS_BACKEND: expected tensorflow", "unset KERAS_BACKEND"),
    full_disk: ("disk", "10 MiB of disk space are free", "dvc gc"),
    unwritable_reports: ("disk", "reports cannot be written to", "chmod u+rwx '/"),
    store_down: ("store", "does not answer within", "MLFLOW_TRACKING_URI"),
    database_down: ("store", "does not answer within", "MLFLOW_TRACKING_URI"),
    store_that_never_answers: ("store", "does not answer within", "MLFLOW_TRACKING_URI"),
    store_that_is_no_database: ("store", "not a database", "Restore"),
    damaged_configuration: ("configuration", "expected a mapping", "dvc repro compose"),
    damaged_champion: ("champion", "files are damaged (model.onnx", "pipeline.retrain"),
    champion_files_deleted: ("champion", "files are missing", "pipeline.retrain"),
    alias_deleted: ("champion", "toys was registered, but it has no champion", "pipeline.retrain"),
    dead_run: ("runs", "1 runs are RUNNING, but their processes have ended", "pipeline.retrain"),
    old_leftover: ("leftovers", f"{LEFT} is left of a killed command", "rm -r '/"),
    no_repository: ("git", "in no git repository", "git init"),
    other_versions: ("versions", "(locked: 0.1)", "make setup"),
    silent_gpu: ("GPU", "its driver does not answer", "nvidia-smi"),
    cron_without_python: ("schedule", "/gone bin/python, which does not exist", "schedule cron"),
    cron_twice: ("schedule", "2 lines of the crontab", "crontab -e"),
}
QUICK = ("dvc.lock", "environment", "disk", "store")


def test_a_whole_project_has_no_problem(project: Paths) -> None:
    diagnoses = examine(project)
    assert not has_problem(diagnoses), as_text(diagnoses)
    assert as_text(diagnoses).startswith("ok       dvc.lock\n")
    require_ready(project)


@pytest.mark.parametrize("wrong", PROBLEMS, ids=lambda wrong: wrong.__name__)
def test_a_problem_is_named_with_what_mends_it(
    wrong: Callable[[Paths, Patch], None], project: Paths, monkeypatch: Patch
) -> None:
    check, message, remedy = PROBLEMS[wrong]
    wrong(project, monkeypatch)
    before = files.digest_files(project.root)
    began = time.monotonic()
    diagnoses = examine(project)
    assert time.monotonic() - began < 5
    problems = {n: [f for f in each if f.level == "problem"] for n, each in diagnoses.items()}
    text = as_text(diagnoses)
    assert "hidden" not in text  # the password of a store
    assert message in text, text
    (diagnosis,) = problems.pop(check)
    assert message in diagnosis.message
    assert remedy in diagnosis.message + diagnosis.remedy
    if wrong is not damaged_configuration:  # which names neither store nor champion
        assert not any(problems.values()), text
    if check in QUICK:
        with pytest.raises(NotReady) as raised:
            require_ready(project)
        assert message in str(raised.value)
        assert len(str(raised.value).splitlines()) == 1
    else:
        require_ready(project)
    if wrong is not store_that_is_no_database:
        after = files.digest_files(project.root)
        assert {n for n in before if not n.startswith("mlflow.db")} == {
            n for n in after if not n.startswith("mlflow.db")
        }


def test_what_needs_nothing_to_be_done_is_a_note(project: Paths, monkeypatch: Patch) -> None:
    monkeypatch.setattr(machine, "REPLACED", {"TF_ENABLE_ONEDNN_OPTS": "1"})
    (project.root.parent / "home/.keras").mkdir()
    (project.root.parent / "home/.keras/keras.json").write_text(
        '{"floatx": "float16", "epsilon": 1e-7}'
    )
    program(project.root.parent / "home", "nvidia-smi", "echo 'NVIDIA H200'")
    (given_up(project) / "a run").mkdir(parents=True)
    project.dvc_lock.write_text("schema: '2.0'\nstages: {}\n\n")
    diagnoses = examine(project)
    assert not has_problem(diagnoses)
    text = as_text(diagnoses)
    for line in (
        "note     environment: TF_ENABLE_ONEDNN_OPTS=1 is not used: the belt sets 0",
        "note     environment: ~/.keras/keras.json is not read: it sets floatx float16",
        "note     given up: MLflow did not take a record of 1 runs, whose records are kept in ",
        "note     GPU: GPU: NVIDIA H200",
        "note     git: 1 tracked files differ from the last commit: dvc.lock",
        "note     schedule: neither cron nor systemd",
    ):
        assert line in text, text


@pytest.mark.parametrize(
    ("command", "is_own"),
    [
        ("cd {quoted} && python -m pipeline.retrain", True),
        ("cd {quoted}/ && python -m pipeline.retrain", True),
        ("cd {quoted};python -m pipeline.retrain >>{quoted}/log 2>&1", True),
        ("cd ~/../'a project' && python -m pipeline.retrain", True),
        ('cd "$HOME/../a project" && python -m pipeline.retrain', True),
        ("cd '{root}c' && python -m pipeline.retrain", False),
        ("cd '{root}/below' && python -m pipeline.retrain", False),
        ("cd {parent} && python -m pipeline.retrain", False),
        ("cd {quoted} && python -m pipeline.predict", False),
        ("# cd {quoted} && python -m pipeline.retrain", False),
        ("cd '{root} && python -m pipeline.retrain", False),
    ],
)
def test_a_line_of_cron_belongs_to_the_project_whose_folder_it_names(
    project: Paths, command: str, is_own: bool
) -> None:
    root = project.root
    time = "" if command.startswith("#") else "0 2 * * * "
    crontab(project, time + command.format(quoted=quote(root), root=root, parent=root.parent))
    (diagnosis,) = examine(project, {"schedule": check_schedule})["schedule"] or [None]
    assert (diagnosis is None) == is_own


def test_an_error_of_a_check_is_a_diagnosis_and_the_others_run(project: Paths) -> None:
    def breaks(paths: Paths) -> None:
        raise RuntimeError("no answer from https://me:hidden@store")

    def refuses(paths: Paths) -> None:
        raise InputError("not like this")

    checks = {"a": breaks, "b": refuses, "c": lambda paths: iter(())}
    diagnoses = as_json(examine(project, checks))  # type: ignore[arg-type]
    assert diagnoses["checks"] == ["a", "b", "c"]
    assert [f["message"] for f in diagnoses["diagnoses"]] == [
        "the check failed: RuntimeError: no answer from https://me:***@store", "not like this",
    ]  # fmt: skip


@pytest.mark.parametrize("has_json", [True, False])
def test_the_command_ends_with_1_where_there_is_a_problem(
    has_json: bool, project: Paths, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(sys, "argv", ["doctor", *["--json"] * has_json])
    for wrong, code in ((None, 0), (old_leftover, 1)):
        if wrong is not None:
            wrong(Paths(), monkeypatch)
        with pytest.raises(SystemExit) as ended:
            doctor.run_script(doctor.doctor, doctor.__doc__, doctor.add_options)
        output = capsys.readouterr().out
        assert ended.value.code == code
        if has_json:
            assert json.loads(output)["ok"] == (code == 0)
        else:
            assert ("problem  leftovers" in output) == (code == 1)
