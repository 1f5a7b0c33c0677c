"""What is printed for a scheduler is what that scheduler reads; its own tools say so."""

import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from debian import program

from conveyor.config import Config, ConfigError, Schedule, overlay
from conveyor.config.cron import Cron, parse
from conveyor.retraining.schedules import SCHEDULERS, Installation, calendar

ROOT = Path(__file__).parents[2]
SHELL = Path("/bin/sh")


@pytest.fixture
def schedule(toy_config: Config) -> Schedule:
    changed = {"schedule.time_zone": "Europe/Berlin", "schedule.environment": ["A_URI"]}
    return overlay(toy_config, changed).schedule


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A folder whose name every format must quote, and a Python that exits as its file says."""
    root = tmp_path / "my 50% project"
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ran $* with $A_URI"\nexit "$(cat code)"\n')
    python.chmod(0o755)
    return Installation("toy_data", root, python)


def only(kind: str, schedule: Schedule, place: Installation) -> str:
    (text,) = SCHEDULERS[kind](schedule, place).values()
    return text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 25 * * *", "the hour '25' is not one of 0 to 23"),
        ("60 1 * * *", "the minute '60'"),
        ("0 1 0 * *", "the day of the month '0'"),
        ("0 1 * foo *", "the month 'foo' is not one of 1 to 12, or jan to dec"),
        ("0 1 * * 8", "the day of the week '8'"),
        ("0 1 30 feb *", "never comes in the month 'feb'"),
        ("*/0 1 * * *", "the minute has the step '0'"),
        ("0 9-5 * * *", "the hour '9-5' runs backwards"),
        ("@daily", "1 fields came, and 5 are needed: minute hour day-of-month"),
    ],
)
def test_a_cron_expression_is_refused_by_the_name_of_its_field(
    toy_config: Config, text: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=rf"schedule\.cron: .*{re.escape(told)}"):
        overlay(toy_config, {"schedule.cron": text})


def test_crontab_takes_the_line_and_cron_s_shell_runs_it(
    schedule: Schedule, place: Installation, tmp_path: Path
) -> None:
    checks = program("cron", "usr/bin/crontab")
    file = tmp_path / "line.cron"
    file.write_text(only("cron", schedule, place))
    subprocess.run([checks, "-n", file], check=True)
    command = file.read_text().splitlines()[-1].split(maxsplit=5)[5].replace(r"\%", "%")
    (place.root / ".env").write_text("A_URI=postgresql://store\n")
    for code, told in ((0, ""), (10, ""), (11, ""), (12, "failed with 12"), (1, "failed with 1")):
        (place.root / "code").write_text(str(code))
        done = subprocess.run([SHELL, "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == (code if told else 0)
        assert told in done.stdout
        assert done.stderr == ""
    log = (place.root / schedule.log).read_text().splitlines()
    assert log == ["ran -m pipeline.retrain --wait 600 with postgresql://store"] * 5
    file.write_text(file.read_text().replace("30 2 ", "30 25 "))
    assert subprocess.run([checks, "-n", file], capture_output=True, check=False).returncode


def test_a_variable_that_is_not_set_is_named_before_anything_runs(
    schedule: Schedule, place: Installation
) -> None:
    command = only("cron", schedule, place).splitlines()[-1].split(maxsplit=5)[5]
    (place.root / ".env").write_text("")
    done = subprocess.run([SHELL, "-c", command.replace(r"\%", "%")], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode != 0
    assert "A_URI" in done.stderr
    assert not (place.root / schedule.log).exists()


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    analyze = program("systemd", "usr/bin/systemd-analyze")
    units = sorted(folder.glob("conveyor-*"))
    return subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)


def test_systemd_verifies_the_service_and_the_timer(
    schedule: Schedule, place: Installation, tmp_path: Path
) -> None:
    for name, text in SCHEDULERS["systemd"](schedule, place).items():
        (tmp_path / name).write_text(text)
    done = verified(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    service = tmp_path / "conveyor-toy-data.service"
    assert "SuccessExitStatus=10 11\n" in service.read_text()
    service.write_text(service.read_text().replace("oneshot", "onceshot"))
    assert "onceshot" in verified(tmp_path).stderr


def fires(cron: Cron, at: datetime) -> bool:
    day = at.day in cron.days, (at.weekday() + 1) % 7 in cron.weekdays
    fits = any(day) if cron.either else all(day)
    return fits and (
        at.month in cron.months and at.hour in cron.hours and at.minute in cron.minutes
    )


@pytest.mark.parametrize(
    "text",
    ["30 2 * * *", "*/20 1-3 * * mon-fri", "0 4 1,15 * 0", "0 4 */2 * 0", "5 0 31 1-3 7",
     "0 */6 * 2,12 *"],
)  # fmt: skip
def test_systemd_elapses_when_cron_would(schedule: Schedule, text: str) -> None:
    analyze = program("systemd", "usr/bin/systemd-analyze")
    lines = calendar(schedule.model_copy(update={"cron": text, "time_zone": "UTC"}))
    begin = datetime(2027, 1, 1)
    wanted, at = [], begin
    while len(wanted) < 12:
        at += timedelta(minutes=1)
        if fires(parse(text), at):
            wanted.append(at)
    command = [analyze, "calendar", "--iterations=12", f"--base-time={begin} UTC", *lines]
    told = subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, "TZ": "UTC"}).stdout  # fmt: skip
    stamps = re.findall(r"(?:elapse|Iter\. #\d+): \w+ ([\d-]+ [\d:]+) UTC", told)
    found = sorted({datetime.fromisoformat(stamp) for stamp in stamps})
    assert found[:12] == wanted


def test_kubernetes_takes_the_cron_job_and_runs_it_alone(
    schedule: Schedule, place: Installation
) -> None:
    text = only("kubernetes", schedule, place)
    job = yaml.safe_load(text)
    latest = kubernetes_validate.latest_version()
    kubernetes_validate.validate(job, latest, strict=True)
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == schedule.image
    assert container["resources"]["limits"] == {"memory": "8Gi"}
    assert {
        "name": "A_URI",
        "valueFrom": {"secretKeyRef": {"name": "conveyor", "key": "A_URI"}},
    } in (container["env"])
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**job, "spec": {**spec, "timezone": "UTC"}}, latest, True)


@pytest.mark.parametrize(("code", "success"), [(0, True), (10, True), (11, True), (2, False)])
@pytest.mark.parametrize("kind", ["kubernetes", "github"])
def test_nothing_to_do_and_not_promoted_are_no_failures(
    schedule: Schedule, place: Installation, kind: str, code: int, success: bool
) -> None:
    read = yaml.safe_load(only(kind, schedule, place))
    if kind == "kubernetes":
        pod = read["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        command = pod["containers"][0]["command"][-1]
    else:
        steps = [step.get("run", "") for step in read["jobs"]["retrain"]["steps"]]
        (command,) = [step for step in steps if "pipeline.retrain" in step]
    (place.root / "code").write_text(str(code))
    found = {**os.environ, "PATH": f"{place.python.parent}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-ec", command], cwd=place.root, check=False, env=found)
    assert done.returncode == (0 if success else code)


def test_github_s_schema_takes_the_workflow(
    schedule: Schedule, place: Installation, tmp_path: Path
) -> None:
    checks = Path(sys.executable).with_name("check-jsonschema")
    file = tmp_path / "workflow.yml"
    check = [checks, "--builtin-schema", "vendor.github-workflows", file]
    file.write_text(only("github", schedule, place))
    subprocess.run(check, check=True)
    assert "A_URI: ${{ secrets.A_URI }}" in file.read_text()
    file.write_text(file.read_text().replace("runs-on", "run-on"))
    assert subprocess.run(check, capture_output=True, check=False).returncode


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_the_command_prints_paths_of_this_folder_and_no_value(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline.schedule", kind, "schedule.environment=[A_URI]"]
    hidden = {**os.environ, "A_URI": "postgresql://user:hidden@store"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=hidden)
    assert "hidden" not in done.stdout
    assert (str(ROOT) in done.stdout) == (kind in ("cron", "systemd"))
    refused = subprocess.run([*command, "schedule.time_zone=Mars"], cwd=ROOT, text=True,
                             capture_output=True, check=False)  # fmt: skip
    assert refused.returncode == 2
    assert "schedule.time_zone: 'Mars' came" in refused.stderr


def test_the_image_is_made_of_files_that_are_there() -> None:
    for line in (ROOT / "deploy/Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            for name in line.split()[2:-1]:
                assert (ROOT / name).exists(), name
