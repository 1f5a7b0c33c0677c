"""What is printed for a scheduler is what that scheduler reads; its own tools say so."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from debian import program

from conveyor.config import Config, ConfigError, Schedule, overlay
from conveyor.config.cron import either_day_suffices, expand_cron
from conveyor.retraining.schedules.calendar import on_calendar
from conveyor.retraining.schedules.render import SCHEDULERS, Installation, render_files

ROOT = Path(__file__).parents[2]
SHELL = Path("/bin/sh")


@pytest.fixture
def schedule(toy_config: Config) -> Schedule:
    changed = {"schedule.time_zone": "Europe/Berlin", "schedule.environment": ["A_URI"]}
    return overlay(toy_config, changed).schedule


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A folder whose name every format must quote, and a Python that exits as its file says."""
    root = tmp_path / "my 50% project"
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "ran $* with $A_URI"\nexit "$(cat code)"\n')
    python.chmod(0o755)
    return Installation("toy_data", root, python)


def text_of(kind: str, schedule: Schedule, installation: Installation) -> str:
    (text,) = render_files(kind, schedule, installation).values()
    return text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 25 * * *", "hour: expected 0 to 23; got '25'"),
        ("60 1 * * *", "minute: expected 0 to 59; got '60'"),
        ("0 1 0 * *", "day of the month: expected 1 to 31; got '0'"),
        ("0 1 * foo *", "month: expected 1 to 12, or jan to dec; got 'foo'"),
        ("0 1 * * 8", "day of the week: expected 0 to 7"),
        ("0 1 30 feb *", "day of the month '30' never comes in month 'feb'"),
        ("0 1 31 4 */2", "day of the month '31' never comes in month '4'"),
        (
            "*/0 1 * * *",
            "minute: expected 0 to 59, a range (1-5) or a step of 1 or more (*/15); got '*/0'",
        ),
        ("0 9-5 * * *", "hour: expected a range from low to high; got '9-5'"),
        ("0 1 * 3-mar *", "month: expected a range from low to high; got '3-mar'"),
        ("@daily", "expected 5 fields, minute hour day-of-month month day-of-week; got 1. Example"),
    ],
)
def test_a_cron_expression_is_refused_by_the_name_of_its_field(
    toy_config: Config, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"schedule\.cron: .*{re.escape(message)}"):
        overlay(toy_config, {"schedule.cron": text})


@pytest.mark.parametrize("text", ["0 1 L * *", "0 1 * * 5#2", "H 1 * * *", "R 1 * * *",
                                  "0 1 ? * 1", "5/10 1 * * *", "１ 1 * * *"])  # fmt: skip
def test_extensions_that_some_schedulers_do_not_know_are_refused(
    toy_config: Config, text: str
) -> None:
    with pytest.raises(ConfigError, match=r"a range \(1-5\) or a step"):
        overlay(toy_config, {"schedule.cron": text})


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("0-59 */12 1-31 JAN-feb 5-7", [["*"], [0, 12], ["*"], [1, 2], [0, 5, 6]]),
        ("*,5 02 29 2 */3", [["*"], [2], [29], [2], [0, 3, 6]]),
    ],
)
def test_each_field_expands_by_itself(text: str, fields: list[list[int | str]]) -> None:
    assert [sorted(values, key=str) for values in expand_cron(text)] == fields


def test_crontab_takes_the_line_and_cron_s_shell_runs_it(
    schedule: Schedule, installation: Installation, tmp_path: Path
) -> None:
    checks = program("cron", "usr/bin/crontab")
    file = tmp_path / "line.cron"
    file.write_text(text_of("cron", schedule, installation))
    subprocess.run([checks, "-n", file], check=True)
    command = file.read_text().splitlines()[-1].split(maxsplit=5)[5].replace(r"\%", "%")
    (installation.root / ".env").write_text("A_URI=postgresql://store\n")
    failures = ((12, "failed with 12"), (1, "failed with 1"))
    for code, message in ((0, ""), (10, ""), (11, ""), *failures):
        (installation.root / "code").write_text(str(code))
        done = subprocess.run([SHELL, "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == (code if message else 0)
        assert message in done.stdout
        assert done.stderr == ""
    log = (installation.root / schedule.log).read_text().splitlines()
    assert log == ["ran -m pipeline.retrain --wait 600 with postgresql://store"] * 5
    file.write_text(file.read_text().replace("30 2 ", "30 25 "))
    assert subprocess.run([checks, "-n", file], capture_output=True, check=False).returncode


def test_a_variable_that_is_not_set_is_named_before_anything_runs(
    schedule: Schedule, installation: Installation
) -> None:
    command = text_of("cron", schedule, installation).splitlines()[-1].split(maxsplit=5)[5]
    (installation.root / ".env").write_text("")
    done = subprocess.run([SHELL, "-c", command.replace(r"\%", "%")], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode != 0
    assert "A_URI" in done.stderr
    assert not (installation.root / schedule.log).exists()


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    analyze = program("systemd", "usr/bin/systemd-analyze")
    units = sorted(folder.glob("conveyor-*"))
    return subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)


def test_systemd_verifies_the_service_and_the_timer(
    schedule: Schedule, installation: Installation, tmp_path: Path
) -> None:
    for name, text in render_files("systemd", schedule, installation).items():
        (tmp_path / name).write_text(text)
    done = verified(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    service = tmp_path / "conveyor-toy-data.service"
    assert "SuccessExitStatus=10 11\n" in service.read_text()
    service.write_text(service.read_text().replace("oneshot", "onceshot"))
    assert "onceshot" in verified(tmp_path).stderr


def fires(fields: list[Sequence[int | str]], either: bool, moment: datetime) -> bool:
    weekday = (moment.weekday() + 1) % 7
    numbers = [moment.minute, moment.hour, moment.day, moment.month, weekday]
    fits = [number in values or values == ["*"]
            for number, values in zip(numbers, fields, strict=True)]  # fmt: skip
    minute, hour, day, month, day_of_week = fits
    days = (day or day_of_week) if either else (day and day_of_week)
    return minute and hour and month and days


@pytest.mark.parametrize(
    "text",
    ["30 2 * * *", "*/20 1-3 * * mon-fri", "0 4 1,15 * 0", "0 4 */2 * 0", "5 0 31 1-3 7",
     "0 */6 * 2,12 *"],
)  # fmt: skip
def test_systemd_elapses_when_cron_would(schedule: Schedule, text: str) -> None:
    analyze = program("systemd", "usr/bin/systemd-analyze")
    lines = on_calendar(schedule.model_copy(update={"cron": text, "time_zone": "UTC"}))
    begin = datetime(2027, 1, 1)
    fields, either = expand_cron(text), either_day_suffices(text)
    wanted, moment = [], begin
    while len(wanted) < 12:
        moment += timedelta(minutes=1)
        if fires(fields, either, moment):
            wanted.append(moment)
    command = [analyze, "calendar", "--iterations=12", f"--base-time={begin} UTC", *lines]
    output = subprocess.run(command, capture_output=True, text=True, check=True,
                            env={**os.environ, "TZ": "UTC"}).stdout  # fmt: skip
    stamps = re.findall(r"(?:elapse|Iter\. #\d+): \w+ ([\d-]+ [\d:]+) UTC", output)
    elapses = sorted({datetime.fromisoformat(stamp) for stamp in stamps})
    assert elapses[:12] == wanted


def test_kubernetes_takes_the_cron_job_and_runs_it_alone(
    schedule: Schedule, installation: Installation
) -> None:
    text = text_of("kubernetes", schedule, installation)
    job = yaml.safe_load(text)
    latest = kubernetes_validate.latest_version()
    kubernetes_validate.validate(job, latest, strict=True)
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == schedule.image
    assert container["resources"]["limits"] == {"cpu": "4", "memory": "8Gi"}
    assert {
        "name": "A_URI",
        "valueFrom": {"secretKeyRef": {"name": "conveyor", "key": "A_URI"}},
    } in (container["env"])
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**job, "spec": {**spec, "timezone": "UTC"}}, latest, True)


@pytest.mark.parametrize(("code", "success"), [(0, True), (10, True), (11, True), (2, False)])
@pytest.mark.parametrize("kind", ["kubernetes", "github"])
def test_nothing_to_do_and_not_promoted_are_no_failures(
    schedule: Schedule, installation: Installation, kind: str, code: int, success: bool
) -> None:
    read = yaml.safe_load(text_of(kind, schedule, installation))
    if kind == "kubernetes":
        pod = read["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        command = pod["containers"][0]["command"][-1]
    else:
        steps = [step.get("run", "") for step in read["jobs"]["retrain"]["steps"]]
        (command,) = [step for step in steps if "pipeline.retrain" in step]
    (installation.root / "code").write_text(str(code))
    variables = {**os.environ, "PATH": f"{installation.python.parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-ec", command], cwd=installation.root, check=False, env=variables
    )
    assert done.returncode == (0 if success else code)


def test_github_s_schema_takes_the_workflow(
    schedule: Schedule, installation: Installation, tmp_path: Path
) -> None:
    checks = Path(sys.executable).with_name("check-jsonschema")
    file = tmp_path / "workflow.yml"
    check = [checks, "--builtin-schema", "vendor.github-workflows", file]
    file.write_text(text_of("github", schedule, installation))
    subprocess.run(check, check=True)
    assert 'env: {A_URI: "${{ secrets.A_URI }}"}' in file.read_text()
    file.write_text(file.read_text().replace("runs-on", "run-on"))
    assert subprocess.run(check, capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("text", "weaker", "finding"),
    [
        ("", "", ""),
        ("actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683", "actions/checkout@v4",
         "unpinned-uses"),
        ("permissions: {contents: write}", "permissions: write-all", "excessive-permissions"),
        ("{persist-credentials: false}", "{fetch-depth: 1}", "artipacked"),
        ("make setup", "make ${{ github.event.issue.title }}", "template-injection"),
    ],
)  # fmt: skip
def test_zizmor_finds_nothing_in_the_workflow_and_the_first_weakness_of_a_weaker_one(
    schedule: Schedule, installation: Installation, tmp_path: Path,
    text: str, weaker: str, finding: str,
) -> None:  # fmt: skip
    file = tmp_path / "workflow.yml"
    file.write_text(text_of("github", schedule, installation).replace(text, weaker, 1))
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == bool(finding), done.stdout
    assert finding in done.stdout


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
    assert "schedule.time_zone: expected a name of the IANA time zones" in refused.stderr
    assert "got 'Mars'. Change it in the command's arguments" in refused.stderr


def test_the_image_is_made_of_files_that_are_there() -> None:
    for line in (ROOT / "deploy/Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            for name in line.split()[2:-1]:
                assert (ROOT / name).exists(), name


def test_the_wheel_holds_the_templates(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = ROOT / "src/conveyor/retraining/schedules/templates"
    assert {str(file.relative_to(ROOT / "src")) for file in templates.iterdir()} <= names
