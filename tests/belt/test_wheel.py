"""The wheel, installed into an environment of its own: new projects, in which the belt runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clone import ROOT, WHO, Clone, site_packages

pytestmark = pytest.mark.belt


class Installation(Clone):
    """A folder in which the program of the installed wheel is on PATH, and nothing of src/."""

    def variables(self, **environment: str) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items()
                     if k not in ("PYTHONPATH", "MLFLOW_TRACKING_URI", "DVC_ROOT")}  # fmt: skip
        path = f"{self.root.parent / 'environment/bin'}:/usr/bin:/bin"
        return {**inherited, **WHO, "PATH": path, **environment}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A new project. The environment has the locked packages of this one, and the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, folder], cwd=ROOT, check=True)
    (wheel,) = folder.glob("conveyor-*.whl")
    python = folder / "environment/bin/python"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", folder / "environment"], check=True
    )
    (packages,) = (folder / "environment").glob("lib/python*/site-packages")
    (packages / "shared.pth").write_text(f"{site_packages()}\n")
    uv = Path(sys.executable).parent / "uv"
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel]
    subprocess.run(install, check=True)
    (folder / "elsewhere").mkdir()
    done = Installation(folder / "elsewhere").run("conveyor", "new", "../mine")
    assert done.code == 0, done.text
    return Installation(folder / "mine")


def test_a_new_project_composes_and_prepares(project: Installation) -> None:
    where = project.run("python", "-c", "import conveyor; print(conveyor.__file__)").text
    assert "/environment/lib/" in where
    project.edit("params.yaml", "experiment: japanese_vowels", "experiment: smoke")
    done = project.run("python", "-m", "dvc", "repro", "prepare")
    assert done.ran() == ["compose", "prepare"], done.text
    assert project.read("reports/data.json")["rows"]["test"] == 370
    assert project.run("conveyor", "upgrade").text == (
        "nothing to do: the project uses the installed version\n"
    )


def test_a_stage_runs_again_after_an_upgrade_and_is_refused_before_it(
    project: Installation,
) -> None:
    original = (project.root / "conveyor.version").read_bytes()
    project.edit("conveyor.version", "version: 0.1.0", "version: 0.0.9")
    done = project.run("conveyor", "compose", "--print")
    assert done.code == 2
    assert "expected version 0.0.9" in done.text
    assert "compose" in project.run("python", "-m", "dvc", "status").text
    assert "version 0.0.9 " in project.run("conveyor", "upgrade").text
    assert (project.root / "conveyor.version").read_bytes() == original


@pytest.mark.slow
def test_the_belt_runs_in_a_new_project_and_its_registry_is_its_own(project: Installation) -> None:
    done = project.run("python", "-m", "dvc", "repro")
    assert done.code == 0, done.text
    project.commit("first run")
    assert "none -> 1  promoted" in project.run("conveyor", "promote", "history").text
    assert (project.root / "mlflow.db").is_file()
    assert project.run("conveyor", "retrain").code == 10
    done = project.run("conveyor", "doctor")
    assert done.code == 0, done.text
    assert "Data and pipelines are up to date" in project.run("python", "-m", "dvc", "repro").text
    assert project.git("status", "--short") == ""


@pytest.mark.slow
def test_the_nightly_job_needs_no_active_environment(project: Installation) -> None:
    project.edit("params.yaml", "seed: 17", "seed: 18")
    python = str(project.root.parent / "environment/bin/python")
    done = project.run(python, "-m", "pipeline.retrain", PATH="/usr/bin:/bin")
    assert "Running stage 'register'" in done.text, done.text
    assert done.code in (0, 11)
