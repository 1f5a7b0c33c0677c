"""The whole belt, run by DVC in a clone: what runs when, and what comes out. In this order."""

import csv
import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aftermath import find_problems
from clone import Clone, Done
from filelock import FileLock
from kills import COMMANDS, Chaos, Kill
from planted import PLACES
from two_nights import run_two_nights

from conveyor.registry.version_tags import unpack_tags

pytestmark = pytest.mark.belt

ALL = ["compose", "prepare", "sweep", "train", "evaluate", "register"]


def test_no_secret_is_written_or_printed(
    first_night: tuple[Clone, list[str]], record_property: Callable[[str, object], None]
) -> None:
    _, leaks = first_night
    record_property("planted", len(PLACES))  # which benchmarks/reliability.py reads
    record_property("leaks", len(leaks))
    assert leaks == []


def test_one_run_leaves_a_champion_its_runs_plots_and_sweep(clone: Clone) -> None:
    version = clone.client().get_model_version_by_alias("smoke", "champion")
    (train,) = clone.runs("train")
    (sweep,) = clone.runs("sweep")
    (retrain,) = clone.runs("retrain")
    assert unpack_tags(version.tags)["train_run"] == train.info.run_id
    assert train.data.tags["sweep_run"] == sweep.info.run_id
    assert len(clone.runs("trial")) == 2
    everyone = [train, sweep, retrain, *clone.runs("trial")]
    assert {run.info.status for run in everyone} <= {"FINISHED", "KILLED"}
    assert retrain.data.tags["outcome"] == "promoted"
    assert train.data.metrics["test_accuracy"] == clone.read("reports/metrics.json")["accuracy"]
    for picture in ("reports/data/findings.png", "artifacts/sweep/history.png",
                    "artifacts/model/curves.png", "reports/evaluation/confusion.png"):  # fmt: skip
        assert (clone.root / picture).is_file(), picture


def test_the_figures_are_those_of_the_predictions_on_the_published_test_rows(
    clone: Clone,
) -> None:
    rows = list(csv.DictReader((clone.root / "reports/evaluation/predictions.csv").open()))
    assert len(rows) == 370
    right = sum(row["label"] == row["predicted"] for row in rows) / len(rows)
    assert clone.read("reports/metrics.json")["accuracy"] == pytest.approx(right)


def test_train_ran_with_the_best_parameters_of_the_sweep(clone: Clone) -> None:
    best = clone.read("artifacts/sweep/best.yaml")["params"]
    ran = clone.read("artifacts/model/config.yaml")
    assert best
    for name, value in best.items():
        section, _, key = name.partition(".")
        assert ran[section][key] == value


def test_nothing_changed_nothing_runs(clone: Clone) -> None:
    done = clone.dvc("repro")
    assert done.ran() == []
    assert clone.git("status", "--porcelain") == ""
    again = clone.run("python", "-m", "pipeline.retrain")
    assert again.code == 10, again.text
    assert "nothing to do" in again.text
    assert clone.runs("retrain")[-1].data.tags["outcome"] == "nothing to do"


def test_a_half_written_dvc_lock_does_not_stop_the_next_night(clone: Clone) -> None:
    lock = clone.root / "dvc.lock"
    whole = lock.read_bytes()
    lock.write_bytes(whole[: whole.rindex(b"- path:") + len("- path:")])
    broken = clone.run("dvc", "status")
    assert broken.code != 0
    again = clone.run("python", "-m", "pipeline.retrain")
    assert again.code == 10, again.text
    assert "dvc.lock was half-written; restored the copy of the last whole one" in again.text
    assert lock.read_bytes() == whole


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param("python -m pipeline.retrain", marks=pytest.mark.slow),  # it trains anew
        "dvc pull, dvc repro",
        "dvc repro --pull",
    ],
)
def test_a_clone_of_the_committed_belt_makes_its_own_champion_and_the_same_files(
    clone: Clone, tmp_path: Path, commands: str
) -> None:
    clone.git("clone", "-q", ".", str(tmp_path / "fresh"))
    fresh = Clone(tmp_path / "fresh")
    fresh.dvc("remote", "add", "--local", "--default", "cache", str(clone.root / ".dvc" / "cache"))
    *_, done = [fresh.run(*command.split()) for command in commands.split(", ")]
    assert done.code == 0, done.text
    assert done.ran()[-1] == "register"
    assert fresh.client().get_model_version_by_alias("smoke", "champion").version == 1
    assert fresh.git("status", "--porcelain") == ""


def test_a_second_retraining_steps_back_while_one_runs(clone: Clone) -> None:
    with FileLock(clone.root / ".conveyor" / "retrain.lock"):
        done = clone.run("python", "-m", "pipeline.retrain")
    assert done.code == 12
    assert "another retraining is running" in done.text


def test_bad_configuration_exits_with_2_and_every_field(clone: Clone) -> None:
    before = (clone.root / "artifacts/config.yaml").read_bytes()
    clone.edit("params.yaml", "train: {}", "train: {epohs: 3, batch_size: none}")
    done = clone.run("python", "-m", "pipeline.retrain")
    assert done.code == 2
    assert "train.epohs: there is no such setting; did you mean 'epochs'?" in done.text
    assert "train.batch_size: expected 'auto' or an integer; got 'none'" in done.text
    assert (clone.root / "artifacts/config.yaml").read_bytes() == before
    clone.git("checkout", "params.yaml")


def test_a_defect_exits_with_1_and_the_champion_stays(clone: Clone) -> None:
    clone.edit("pipeline/prepare.py", "cache = paths.scratch", "cache = paths.scretch")
    done = clone.run("python", "-m", "pipeline.retrain")
    assert done.code == 1, done.text
    assert "has no attribute 'scretch'" in done.text
    assert clone.runs("retrain")[-1].info.status == "FAILED"
    assert clone.client().get_model_version_by_alias("smoke", "champion").version == 1
    clone.git("checkout", ".")
    clone.dvc("checkout")  # DVC takes a stage's outputs away before it runs


def test_an_edited_gate_reruns_the_registration_alone_and_makes_no_second_version(
    clone: Clone,
) -> None:
    receipt = (clone.root / "artifacts/receipt/receipt.json").read_bytes()
    clone.edit("conf/experiment/smoke.yaml", "{min: null, max: 1.0}", "{min: null, max: 0.99}")
    assert clone.dvc("repro").ran() == ["compose", "register"]
    assert (clone.root / "artifacts/receipt/receipt.json").read_bytes() == receipt
    assert len(clone.client().search_model_versions("name = 'smoke'")) == 1
    clone.git("checkout", ".")


def test_an_edited_evaluation_does_not_train_again(clone: Clone) -> None:
    clone.edit("conf/experiment/smoke.yaml", "bootstrap_samples: 100", "bootstrap_samples: 120")
    ran = clone.dvc("repro").ran()
    assert ran[:2] == ["compose", "evaluate"]
    assert set(ran) <= {"compose", "evaluate", "register"}
    clone.git("checkout", ".")
    clone.dvc("checkout")


def test_a_sweep_begins_with_what_the_champion_was_trained_with(clone: Clone) -> None:
    chosen = clone.read("artifacts/sweep/best.yaml")["params"]
    clone.edit("params.yaml", "train: {}", "sweep: {warm_start: {champion: true}}")
    done = clone.dvc("repro", "sweep")
    assert "warm start: 1 of 1 configurations are tried first" in done.text
    first = next(csv.DictReader((clone.root / "artifacts/sweep/trials.csv").open()))
    assert {key: float(first[key]) for key in chosen} == chosen
    clone.git("checkout", ".")
    clone.dvc("checkout")


def test_the_workspace_takes_overrides_and_shows_them(clone: Clone) -> None:
    done = clone.dvc("exp", "run", "-n", "slow", "-S", "+train.learning_rate=0.0005",
                     "-S", "+sweep.trials=1")  # fmt: skip
    assert done.ran() == ["compose", "sweep", "train", "evaluate", "register"]
    ran = clone.read("artifacts/model/config.yaml")
    assert ran["train"]["learning_rate"] == 0.0005
    assert "train.learning_rate" not in clone.read("artifacts/sweep/best.yaml")["params"]
    assert "train.learning_rate" in clone.dvc("params", "diff", "--md").text
    assert "accuracy" in clone.dvc("metrics", "diff", "HEAD", "slow", "--md").text
    shown = clone.dvc("exp", "show", "--csv").text
    header, *rows = csv.reader(line for line in shown.splitlines() if "," in line)
    slow = next(dict(zip(header, row, strict=True)) for row in rows if "slow" in row)
    assert slow["params.yaml:train.learning_rate" if "params.yaml:train.learning_rate" in slow
                else "train.learning_rate"] == "0.0005"  # fmt: skip
    assert float(slow["accuracy"]) == pytest.approx(clone.read("reports/metrics.json")["accuracy"])
    page = clone.dvc("plots", "diff", "HEAD", "slow", "-o", "page").text.strip()
    html = Path(page.splitlines()[-1].removeprefix("file://")).read_text()
    for title in ("loss by update", "confusion matrix", "ROC, all classes pooled",
                  "accuracy by confidence"):  # fmt: skip
        assert title in html
    clone.git("checkout", ".")
    clone.git("clean", "-qfd")
    clone.dvc("checkout")


@pytest.mark.slow
def test_another_data_set_from_the_queue_runs_in_a_temporary_copy_and_records_here(
    clone: Clone,
) -> None:
    small = ["+name=smoke", "+model.embedding=8", "+sweep.trials=1", "+train.epochs=1"]
    given = [part for one in ["choose.dataset=vader_tweets", *small] for part in ("-S", one)]
    clone.dvc("exp", "run", "--queue", "-n", "tweets", *given)
    done = clone.run("dvc", "exp", "run", "--run-all", "-j", "1")
    assert done.code == 0, done.text
    assert "tweets" in clone.dvc("exp", "list", "--name-only").text
    newest = clone.runs("train")[-1]
    assert newest.data.params["model.embedding"] == "8"
    assert newest.info.status == "FINISHED"
    assert "test_accuracy" in newest.data.metrics
    assert clone.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_a_temporary_experiment_leaves_the_workspace_alone_and_records_here(
    clone: Clone,
) -> None:
    before = len(clone.runs("train"))
    clone.dvc("exp", "run", "--temp", "-n", "apart", "-S", "+train.epochs=2", "-S",
              "choose.sweep=none")  # fmt: skip
    runs = clone.runs("train")
    assert len(runs) == before + 1
    assert runs[-1].data.params["train.epochs"] == "2"
    assert clone.git("status", "--porcelain") == ""


def test_everything_by_force_gives_the_same_bytes(clone: Clone) -> None:
    """Whatever is started meanwhile steps back, and says for whom."""
    before, log = (clone.root / "dvc.lock").read_bytes(), clone.root / ".conveyor" / "log"
    with log.open("wb") as output:
        first = clone.start("dvc", "repro", "--force", output=output)
    while "Running stage 'train'" not in log.read_text():
        assert first.poll() is None, log.read_text()
        time.sleep(0.05)
    second = clone.run("dvc", "repro")
    night = clone.run("python", "-m", "pipeline.retrain")
    assert first.poll() is None, "it ended before the others stepped back"
    assert (second.code, night.code) == (255, 12), second.text + night.text
    assert f"(PID {first.pid})" in second.text
    assert f"a DVC command is running: process {first.pid}, `" in night.text
    assert first.wait() == 0, log.read_text()
    assert Done(0, log.read_text()).ran() == ALL
    assert (clone.root / "dvc.lock").read_bytes() == before


# Seconds within which a command is killed: less than it takes.
KILLED_WITHIN = {"prepare": 4.0, "evaluate": 6.0, "register": 6.0, "retrain": 6.0, "promote": 4.0,
                 "repro by force": 8.0}  # fmt: skip


def test_some_kills_lose_nothing(clone: Clone) -> None:
    """`make chaos` kills two hundred times, also in the sweep and in the training."""
    lock = (clone.root / "dvc.lock").read_bytes()
    versions = len(clone.client().search_model_versions("name = 'smoke'"))
    draw, chaos = random.Random(5), Chaos(clone, clone.root / ".conveyor" / "log", KILLED_WITHIN)
    results = []
    for number in range(6):
        kill = Kill.draw(draw, dict.fromkeys(KILLED_WITHIN, 1.0))
        results.append(chaos.kill(replace(kill, stays=number % 3 == 0), draw))
    chaos.end_survivors()
    assert [result.problem for result in results if result.problem] == []
    last = clone.run(*COMMANDS["repro"])
    assert last.code == 0, last.text
    assert find_problems(clone, lock, "smoke", versions) == []


WITHOUT_TENSORFLOW = """
import runpy, sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
runpy.run_module("pipeline." + sys.argv.pop(1), run_name="__main__")
"""


@pytest.mark.parametrize("stage", ["compose", "prepare", "evaluate", "register"])
def test_stages_that_do_not_train_run_where_tensorflow_cannot(clone: Clone, stage: str) -> None:
    done = clone.run("python", "-c", WITHOUT_TENSORFLOW, stage, PYTHONPATH="src:.")
    assert done.code == 0, done.text


def test_a_night_without_news_writes_a_run_in_mlflow_alone(
    clone: Clone,
) -> None:
    def written() -> dict[str, int]:
        files = [p for p in clone.root.rglob("*") if p.is_file()]
        ours = [p for p in files if not set(p.parts) & {".git", ".conveyor", "tmp", "__pycache__"}]
        return {str(p): p.stat().st_mtime_ns for p in ours if p.name != "mlflow.db"}

    before = written()
    done = clone.run("python", "-m", "pipeline.retrain")
    assert done.code == 10, done.text
    assert "nothing to do" in done.text
    assert written() == before


def test_of_two_nights_one_works_and_a_poor_challenger_is_refused(clone: Clone) -> None:
    clone.edit("params.yaml", "seed: 17", "seed: 18")
    clone.edit("conf/experiment/smoke.yaml", "{min: null, max: 1.0}", "{min: null, max: 0.0}")
    code, text = run_two_nights(clone)
    assert code == 11, text
    assert "is above the bar of 0" in text
    aliases = clone.client().get_registered_model("smoke").aliases
    assert aliases["champion"] in (1, "1")
    assert aliases["challenger"] not in (1, "1")


def test_few_new_rows_are_no_reason_and_drift_is(clone: Clone) -> None:
    """With the sweep skipped and dvc.lock committed; params.yaml is nobody's but the person's."""
    clone.git("checkout", ".")
    table = clone.root / "data/raw/japanese_vowels/JapaneseVowels_TRAIN.ts"
    head, _, rows = table.read_text().partition("@data\n")
    lines = rows.splitlines()

    def arrive(few: list[str], by: float) -> None:
        moved = [re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]) + by:.6f}", one) for one in few]
        table.write_text("\n".join([f"{head}@data", *lines, *moved, ""]))
        clone.commit("new rows")

    clone.edit("params.yaml", "  retrain:\n", "  retrain: watchful\n")
    clone.edit("params.yaml", "train: {}", "train: {}\nretrain: {sweep: skip, commit: true}")
    arrive(lines[::13], 0.001)
    calm = clone.run("python", "-m", "pipeline.retrain")
    assert calm.code == 10, calm.text
    assert "not trained: no trigger fired" in calm.text
    assert calm.ran() == ["compose", "prepare"]
    assert clone.read("reports/retrain/report.json")["evidence"]["arrived"] == 21
    clone.commit("as prepared")

    params = (clone.root / "params.yaml").read_bytes()
    arrive(lines[::7], 0.6)
    done = clone.run("python", "-m", "pipeline.retrain")
    assert done.code in (0, 11), done.text
    assert done.ran() == ["prepare", "train", "evaluate", "register"]
    report = clone.read("reports/retrain/report.json")
    assert "level of channel 3" in report["evidence"]["drifting"]
    assert report["champion_on_new_rows"]["accuracy"] < 0.6
    assert (clone.root / "reports/retrain/effects.png").is_file()
    night = clone.runs("retrain")[-1]
    assert night.data.metrics["new_rows"] == 39
    scored = [r for r in clone.runs("train") if "new_rows_accuracy" in r.data.metrics]
    assert len(scored) == 1
    assert clone.git("status", "--porcelain") == ""
    assert clone.git("log", "-1", "--format=%s").startswith("Retrain: version")
    assert (clone.root / "params.yaml").read_bytes() == params
    assert clone.run("python", "-m", "pipeline.retrain").code == 10
