"""What the benchmarks make of what they measured."""

import importlib.util
import sqlite3
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conveyor import files

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import belt  # noqa: E402
import bench  # noqa: E402
import house  # noqa: E402
import reliability  # noqa: E402
import rooms  # noqa: E402


def store(path: Path, trials: list[tuple[float, float, float]]) -> Path:
    """An MLflow store of these trials: start, first metric, end; seconds."""
    with sqlite3.connect(path) as opened:
        opened.execute("create table runs (run_uuid, start_time, end_time)")
        opened.execute("create table tags (run_uuid, key, value)")
        opened.execute("create table metrics (run_uuid, timestamp)")
        for i, (start, first, end) in enumerate(trials):
            opened.execute("insert into runs values (?, ?, ?)", (i, start * 1e3, end * 1e3))
            opened.execute("insert into tags values (?, 'mlflow.parentRunId', 'p')", (i,))
            for moment in (first, end):
                opened.execute("insert into metrics values (?, ?)", (i, moment * 1e3))
    return path


def test_the_belt_names_what_is_training_and_what_is_not(tmp_path: Path) -> None:
    """Two trials beside each other count once; those of an earlier belt not at all."""
    said = [(100.0, ""), (101.0, "Running stage 'sweep':\n"), (101.1, "> command\n"),
            (130.0, "Running stage 'train':\n"), (147.0, "train: fitted in 10.0 s\n"),
            (150.0, "")]  # fmt: skip
    trials = [(20.0, 21.0, 29.0), (104.0, 110.0, 120.0), (105.0, 112.0, 125.0)]
    found = belt.parts(said, store(tmp_path / "mlflow.db", trials))
    assert found["DVC itself"]["seconds"] == 1.0
    assert found["sweep"] == {"seconds": 29.0, "training": 15.0, "before": 9.0, "after": 5.0}
    assert found["train"] == {"seconds": 20.0, "training": 10.0, "before": 7.0, "after": 3.0}
    assert belt.rest({"stages": found}) == 1.0 + 14.0 + 10.0


@pytest.mark.parametrize(
    ("better", "value", "told"),
    [("higher", 4.0, "yes"), ("higher", 3.9, "no"), ("lower", 4.0, "yes"), ("lower", 4.1, "no")],
)
def test_a_bar_is_met_on_it_and_on_its_better_side(better: str, value: float, told: str) -> None:
    row = {"what": "speed", "bar": 4.0, "better": better, "unit": "x", "measured": value}
    assert bench.table([row]).splitlines()[-1].endswith(f"{value:.3g} x | {told} |")


def test_a_row_says_why_it_has_no_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setitem(bench.COMMANDS, "text", (["text.py"], [], "text.json"))
    bar = next(bar for bar in bench.BARS if bar.source == "text")
    assert bench.measured(bar, {}) == "not measured"
    assert bench.measured(bar, {"text": "PyTorch is not there"}) == "PyTorch is not there"
    (tmp_path / "text.json").write_text("{}")
    assert "seeds" in str(bench.measured(bar, {}))
    assert bench.run("text", quick=True) == "benchmarks/text.py is not there"


def test_training_is_held_against_the_better_of_the_peers_on_the_last_processor() -> None:
    before: Any = [{"fused": [9.0, 0], "PyTorch, 1": [1.0, 0], "PyTorch, 2": [1.0, 0]}]
    rounds: Any = [{"fused": [8.0, 0], "PyTorch, 1": [4.0, 0], "PyTorch, 2": [2.0, 0]}]
    kept = [{"processor": str(i), "found": {"small": r}} for i, r in enumerate((before, rounds))]
    assert bench.against("small", "PyTorch")({"lstm": kept}) == 2.0


def load_run(folder: str) -> Any:
    """The script run.py of a folder, which has a namesake in other folders."""
    path = BENCHMARKS / folder / "run.py"
    spec = importlib.util.spec_from_file_location(f"{folder}_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    sys.path.remove(str(path.parent))
    return module


def test_a_step_of_a_task_is_compared_within_each_round_and_by_processor_time() -> None:
    run = load_run("training")
    names = [*run.TRAINER, *run.PEERS, run.ONE_THREAD[0], *run.ONE_OUTPUT]
    # The machine is ten times slower in the second round; the third has one outlier.
    rates: Any = [
        {name: [speed * i, 1.0, 10.0 * i] for i, name in enumerate(names, start=1)}
        for speed in (100.0, 10.0, 100.0)
    ]
    rates[2]["Conveyor"] = [1e6, 1.0, 1e6]
    [line] = run.table({"small": rates}).splitlines()[2:]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:] == ["100", "200", "300", "400", "0.50", "0.25", "1.00", "1.67", "0.86"]
    assert bench.with_one_thread("tagging", "small")(
        {"lstm tagging": [{"found": {"small": rates}}]}
    ) == pytest.approx(5 / 3)


def test_forecasts_are_compared_at_the_time_of_the_peer() -> None:
    run = load_run("forecasting")

    def points(*rows: tuple[float, float]) -> Any:
        return [{"seconds": s, "processor_seconds": s / 2, "mse": e, "mae": e} for s, e in rows]

    own = points((10, 0.5), (30, 0.3), (120, 0.1))
    compared = run.compare({run.OTHER: points((50, 0.2), (100, 0.4)), run.OWN: own})
    assert (compared["mse"], compared["share"], compared["processor_share"]) == (0.3, 0.3, 0.3)
    assert compared["peer_lowest"] == 0.2
    never = run.compare({run.OTHER: points((100, 0.05)), run.OWN: own})
    assert never["share"] == float("inf")


def test_the_table_of_reliability_counts_what_the_tests_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = ElementTree.fromstring(
        "<testsuites><testsuite>"
        "<testcase><properties><property name='refused' value='1'/></properties></testcase>"
        "<testcase><properties><property name='read' value='1'/></properties></testcase>"
        "<testcase><properties><property name='refused' value='1'/></properties><failure/>"
        "</testcase></testsuite></testsuites>"
    )
    numbers = reliability.count(report)
    assert numbers == {"passed": 2, "failed": 1, "refused": 2, "read": 1}
    monkeypatch.setattr(reliability, "HERE", tmp_path)
    monkeypatch.setattr(reliability, "RESULT", tmp_path / "reliability.json")
    part = {"killed": 90, "problems": ["a"], "half_written_locks": 2}
    chaos = {"experiments": {"one": part, "two": {**part, "problems": []}}}
    files.write_json(tmp_path / "chaos.json", chaos)
    requests = {"passed": 0, "failed": 1, "status_400": 1200, "status_200": 3}
    files.write_json(reliability.RESULT, {"bad_inputs": numbers, "requests": requests})
    measured = [line.split(" | ")[-1] for line in reliability.table().splitlines()[2:]]
    assert measured == [
        "180 kills, 1 problems; 4 times `dvc.lock` was left half-written |",
        "2 of 3: 2 are refused, 1 are odd but read |",
        "1,203 answers, in 1 of the tests a wrong one (3 × 200, 1,200 × 400) |",
        "not run |",
        "not run |",
    ]


TOY = {
    "pipeline/toy.py": """
from conveyor import data, files
from conveyor.model import Network, SIZES

def toy(text: str) -> None:
    rows = data.read(text)
    network = Network(rows)
    files.write(network)
    network.layers.fit()
    SIZES["small"]

if __name__ == "__main__":
    toy("a")
""",
    "src/conveyor/files.py": "def write(value): ...",
    "src/conveyor/data/__init__.py": "from conveyor.data.read import read",
    "src/conveyor/data/read.py": "def read(text): ...\ndef size(): ...",
    "src/conveyor/metrics/__init__.py": "def score(): ...",
    "src/conveyor/model/__init__.py": """
from conveyor.data.read import size
from conveyor.metrics import score

class Layers:
    def fit(self):
        score()

class Network:
    layers: Layers

    def __init__(self, rows):
        rows.found = 1

SIZES = {"small": size}
""",
}


def test_a_walk_follows_calls_methods_and_tables_and_counts_returns(tmp_path: Path) -> None:
    for name, text in TOY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    walk = rooms.walks(tmp_path)["toy"]
    names = [step.name.rpartition("conveyor.")[2] for step in walk.steps]
    assert names == ["pipeline.toy.toy", "data.read.read", "model.Network.__init__", "files.write",
                     "model.Layers.fit", "metrics.score", "data.read.size"]  # fmt: skip
    entered = [step.entered for step in walk.steps if step.entered]
    assert entered == ["data", "model", "metrics", "data"]
    assert walk.returns == 1


def test_the_house_s_numbers_are_those_of_the_source() -> None:
    counted = house.House()
    counted.add(
        "a.py", '"""Doc."""\n\n# note\ndef f(x):\n    """Doc."""\n    import os\n    found = 1\n'
    )
    assert (counted.code_lines, counted.bodies) == (3, [2])
    assert (counted.inner_imports, counted.banned) == (1, 1)
    assert (counted.annotated, counted.documented) == ([False], [True])
