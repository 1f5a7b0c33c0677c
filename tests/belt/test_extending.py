"""Each recipe of docs/extending.md, applied to one clone, and the belt that uses all of them."""

import csv
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import onnx
import pyarrow as pa
import pytest
from clone import ROOT, Clone
from pyarrow import orc

from conveyor.data.ts import parse_ts

pytestmark = pytest.mark.belt

PAGE = (ROOT / "docs/extending.md").read_text()
STEP = re.compile(
    r"^(?P<how>In|Write|Add to|Run in) (?:`(?P<file>[^`]+)`|the project folder)"
    r"(?:, (?P<where>before|after|replace) `(?P<anchor>[^`]+)`)?:\n\n"
    r"```\w*\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL,
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One change of a recipe: a new file, lines beside or in place of a line of a file, lines at
    its end, or commands."""

    how: str
    file: str | None
    where: str | None
    anchor: str | None
    text: str

    def apply(self, root: Path) -> None:
        if self.file is None:
            subprocess.run(["bash", "-euc", self.text], cwd=root, check=True)
            return
        path = root / self.file
        if self.how == "Write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text)
            return
        if self.how == "Add to":
            path.write_text(path.read_text() + self.text)
            return
        lines = path.read_text().splitlines(keepends=True)
        (place,) = [i for i, line in enumerate(lines) if line.strip() == self.anchor]
        line = lines[place]
        changed = {"before": f"{self.text}\n\n{line}", "after": line + self.text,
                   "replace": self.text}  # fmt: skip
        lines[place] = changed[self.where or ""]
        path.write_text("".join(lines))


def recipe(title: str) -> list[Step]:
    """The steps of one section of the page."""
    (section,) = [part for part in PAGE.split("\n## ") if part.startswith(f"{title}\n")]
    steps = [Step(**match.groupdict()) for match in STEP.finditer(section)]
    assert len(steps) == len(re.findall(r"^```\w", section, re.MULTILINE)), f"not read: {title}"
    return steps


RECIPES = {
    "Several labels a row": 1,
    "A sweep space": 1,
    "A metric": 1,
    "A task": 1,
    "A gate": 1,
    "A file format": 1,
    "A cell": 1,
    "A layer over time": 1,
    "A callback": 1,
    "A sampler or a pruner": 2,
}  # title: places to touch, at most
SETTINGS = """
choose: {dataset: vowels_orc, sweep: narrow}
name: recipes
model: {cell: elman, pooling: rms}
train: {epochs: 3, patience: 3, callbacks: {log_norms: {}}}
sweep:
  trials: 2
  objectives: [val_top_two]
  sampler: {name: nsgaii}
evaluate: {bootstrap_samples: 100}
gates:
  bars: {top_two: {min: 0.1, max: null}}
  own: {confidence: {min: 0.05}}
  must_beat_baselines: {waived: 3 epochs only}
"""
VOWELS = "data/raw/japanese_vowels/JapaneseVowels_TEST.ts"
DATASET = """
defaults: [base/series@_here_, _self_]
name: vowels_orc
source: {format: orc, files: {train: data/raw/orc/train.orc, test: data/raw/orc/test.orc}}
columns: {series: series}
target: {task: grading, column: label}
split: {test: {by: given}, validation: {by: share, share: 0.3}}
"""


@pytest.mark.parametrize(("title", "places"), RECIPES.items())
def test_a_recipe_touches_few_places(title: str, places: int) -> None:
    files = {step.file for step in recipe(title)}
    assert len(files) <= places, files


def test_each_section_with_code_is_a_recipe_that_is_tested() -> None:
    sections = PAGE.split("\n## ")[1:]
    assert {s.partition("\n")[0] for s in sections if "```" in s} == set(RECIPES)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with every recipe, after a belt that uses all of them."""
    clone = Clone.make(tmp_path_factory.mktemp("clone"))
    for title in RECIPES:
        for step in recipe(title):
            step.apply(clone.root)
    (clone.root / "data/raw/orc").mkdir()
    for part in ("train", "test"):
        source = f"data/raw/japanese_vowels/JapaneseVowels_{part.upper()}.ts"
        table = pa.Table.from_pylist(list(parse_ts((ROOT / source).open(), ROOT / source)))
        orc.write_table(table, clone.root / f"data/raw/orc/{part}.orc")
    (clone.root / "conf/dataset/vowels_orc.yaml").write_text(DATASET)
    (clone.root / "params.yaml").write_text(SETTINGS)
    with (clone.root / "extensions.py").open("a") as file:  # for the task of another recipe
        file.write('METRICS["grading"] = METRICS["classification"]\n')
    (clone.root / "belt.log").write_text(clone.dvc("repro").text)
    return clone


def trials(clone: Clone) -> list[dict[str, str]]:
    with (clone.root / "artifacts/sweep/trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_new_metric_is_reported_has_a_bar_and_is_the_objective(clone: Clone) -> None:
    scores = clone.read("reports/metrics.json")
    assert scores["accuracy"] < scores["top_two"] <= 1
    assert "top-two accuracy" in (clone.root / "reports/evaluation/report.md").read_text()
    assert "top_two" in (clone.root / "reports/promotion/verdict.json").read_text()
    assert all(0 <= float(trial["val_top_two"]) <= 1 for trial in trials(clone))


def test_the_new_task_is_that_of_the_model(clone: Clone) -> None:
    assert clone.read("artifacts/model/card.json")["target"]["task"] == "grading"
    config = clone.read("artifacts/config.yaml")
    assert {config["choose"][group] for group in ("head", "gates", "evaluate")} == {"grading"}


def test_the_new_gate_judges(clone: Clone) -> None:
    gates = {gate["gate"]: gate for gate in clone.read("reports/promotion/verdict.json")["gates"]}
    assert gates["confidence"]["passed"]
    assert "at least 0.05" in gates["confidence"]["reason"]


def test_the_new_format_is_read(clone: Clone) -> None:
    rows = clone.read("reports/data.json")["rows"]
    assert (rows["read"], rows["test"]) == (640, 370)


def test_the_new_cell_is_trained_and_exported(clone: Clone) -> None:
    assert clone.read("artifacts/model/config.yaml")["model"]["cell"] == "elman"
    graph = onnx.load(next((clone.root / "artifacts/model").glob("*.onnx")))
    assert "RNN" in {node.op_type for node in graph.graph.node}


def test_the_new_layer_is_trained_and_exported(clone: Clone) -> None:
    assert clone.read("artifacts/model/config.yaml")["model"]["pooling"] == "rms"
    graph = onnx.load(next((clone.root / "artifacts/model").glob("*.onnx")))
    assert "Sqrt" in {node.op_type for node in graph.graph.node}


def test_the_new_callback_sees_each_validation(clone: Clone) -> None:
    assert "update " in (clone.root / "belt.log").read_text()
    assert ": norm " in (clone.root / "belt.log").read_text()


def test_the_model_answers_without_the_extensions(clone: Clone, tmp_path: Path) -> None:
    shutil.copytree(clone.root / "artifacts/model", tmp_path / "model")
    series = parse_ts((ROOT / VOWELS).open(), ROOT / VOWELS)
    rows = [json.dumps({"series": row["series"]}) for _, row in zip(range(3), series, strict=False)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    arguments = ["rows.jsonl", "out.csv", "--model", "model"]
    done = Clone(tmp_path).run(
        "python", "-m", "pipeline.predict", *arguments, PYTHONPATH=f"{clone.root}/src:{clone.root}"
    )
    assert done.code == 0, done.text


def test_a_file_in_the_new_format_is_predicted(clone: Clone) -> None:
    done = clone.run("python", "-m", "pipeline.predict", "data/raw/orc/test.orc", "out.csv")
    assert "370 rows written" in done.text


def test_the_new_space_and_sampler_draw_the_trials(clone: Clone) -> None:
    assert {trial["model.units"] for trial in trials(clone)} <= {"[8]", "[8, 8]"}
    (sweep,) = clone.runs("sweep", "recipes")
    assert sweep.data.params["sampler.name"] == "nsgaii"
