"""The README tells the truth: its table, its YAML, its links, its targets."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conveyor.compose import compose
from conveyor.data.prepare import prepare
from conveyor.paths import Paths
from conveyor.sweep.check import check_sweep

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_table_is_what_the_command_prints() -> None:
    command = [sys.executable, "benchmarks/results.py", "--print"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in README


MEASURED = (
    "peers/run.py",
    "training/run.py",
    "training/run.py --cell gru",
    "training/run.py --front",
    "training/bounds.py",
    "training/gpu.py",
    "fitting/run.py",
    "text.py",
    "belt.py",
    "bench.py",
    "prepare.py",
    "memory.py",
)


@pytest.mark.parametrize("measured", MEASURED)
def test_the_page_of_benchmarks_shows_what_its_commands_print(measured: str) -> None:
    script, *arguments = measured.split()
    command = [sys.executable, f"benchmarks/{script}", *arguments, "--print"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in (ROOT / "docs/benchmarks.md").read_text()


def test_the_cost_of_an_answer_is_what_its_command_prints() -> None:
    command = [sys.executable, "benchmarks/serving.py", "--print"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in (ROOT / "docs/benchmarks.md").read_text()


def test_the_table_of_reliability_is_what_its_command_prints() -> None:
    command = [sys.executable, "benchmarks/reliability.py", "--print"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() in (ROOT / "docs/reliability.md").read_text()


def test_the_conditional_space_of_the_sweeps_page_can_run(tmp_path: Path) -> None:
    page = (ROOT / "docs/sweeps.md").read_text()
    space, several = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    params = {"sweep": {**yaml.safe_load(several), "pruner": {"name": "none"}}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"choose": {"sweep": "none"}, **params}))
    file = tmp_path / "conf/sweep/none.yaml"
    file.write_text(f"defaults: [base/engine@_here_, _self_]\n{space}")
    config = compose(Paths(tmp_path))
    check_sweep(config)
    assert "model.units.1" in config.sweep.space
    assert config.sweep.constraints == ("parameters <= 500_000",)


def test_own_data_take_the_six_lines_that_are_shown(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert len(block.splitlines()) <= 6
    (tmp_path / "conf/dataset/tickets.yaml").write_text(block)
    (tmp_path / "params.yaml").write_text("choose: {dataset: tickets}")
    folder = tmp_path / "data/raw/tickets"
    folder.mkdir(parents=True)
    for part in range(2):
        with (folder / f"{part}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["team", "message"])
            teams = ("billing", "network")
            rows.writerows([teams[i % 2], f"ticket {part}.{i}, please"] for i in range(100))
    paths = Paths(tmp_path)
    dataset = compose(paths).dataset
    report = prepare(dataset, tmp_path, paths.prepared, paths.scratch)
    assert report["rows"] == {"read": 200, "train": 136, "validation": 24, "test": 40}


def test_links_and_targets_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_ci_calls_the_test_command() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci/run").read_text()


def test_every_stage_is_on_the_picture() -> None:
    picture = (ROOT / "docs/belt.svg").read_text()
    for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]:
        assert f">{stage}<" in picture
