"""A sweep in MLflow: a parent, a child a trial, each with the status it earned."""

import shutil
import subprocess
import time
from pathlib import Path
from statistics import stdev

import pytest
from mlflow.entities import Run
from tracked import artifact, curve, family, runs_of, start_sweep, table

from conveyor import files
from conveyor.paths import Paths
from conveyor.tracking.find_run import find_training_run


@pytest.fixture
def paths(tmp_path: Path, empty_store: Path) -> Paths:
    shutil.copy(empty_store, tmp_path)
    return Paths(tmp_path)


def drawn(trial: Run) -> dict[str, str]:
    """The parameters that a trial was given, without what its network costs."""
    return {k: v for k, v in trial.data.params.items() if not k.startswith("cost.")}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """After a sweep of four trials, store and all; only to be looked at."""
    paths = Paths(tmp_path_factory.mktemp("swept"))
    assert start_sweep(paths, "bowl", 4).wait() == 0
    return paths


def test_children_end_as_their_trials_did(paths: Paths) -> None:
    assert start_sweep(paths, "moody", 6).wait() == 0
    parent, children = family(paths)
    assert parent.info.status == "FINISHED"
    statuses = [child.info.status for child in children]
    assert statuses == ["FINISHED", *["FAILED"] * 5, *["FINISHED"] * 5]
    reason = artifact(paths, children[1].info.run_id, "reason.txt").read_text()
    assert "does not like its parameters" in reason
    assert "Traceback" in reason
    assert "SIGKILL" in children[2].data.tags["reason"]
    assert parent.data.metrics["trials_complete"] == 6
    assert parent.data.metrics["trials_failed"] == 5


def test_the_parent_holds_the_best_and_the_outputs(swept: Paths) -> None:
    parent, children = family(swept)
    rows = table(swept.sweep / "trials.csv")
    best = min(rows, key=lambda row: float(row["objective"]))
    assert parent.data.metrics["objective"] == pytest.approx(float(best["objective"]))
    chosen = children[int(best["trial"])]
    for name, value in drawn(chosen).items():
        assert parent.data.tags[f"best.{name}"] == value
    assert len(curve(swept, chosen.info.run_id, "val_loss")) == 3
    assert "parameters" not in chosen.data.metrics
    assert float(chosen.data.params["cost.parameters"]) > 0
    (data,) = parent.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("toys", "digest")
    held = artifact(swept, parent.info.run_id, "sweep")
    assert files.digest_tree(held) == files.digest_tree(swept.sweep)


def test_pruned_trials_are_killed_runs_with_the_validations_they_had(paths: Paths) -> None:
    assert start_sweep(paths, "rising", 4).wait() == 0
    parent, children = family(paths)
    assert [child.info.status for child in children] == ["FINISHED", "KILLED"] * 2
    assert parent.data.metrics["trials_pruned"] == 2
    values = curve(paths, children[1].info.run_id, "val_loss")
    assert [step for step, _ in values] == [1, 2]
    assert [child.data.tags["state"] for child in children] == ["complete", "pruned"] * 2
    assert children[1].info.run_name == "trial-001 (pruned)"
    assert children[1].data.metrics["objective"] == values[-1][1]


def test_a_killed_sweep_goes_on_under_the_same_parent_and_leaves_nothing_running(
    paths: Paths,
) -> None:
    driver = start_sweep(paths, "unhurried", 6)
    while len(runs_of(paths)) < 4:
        assert driver.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    before = family(paths)[0].info.run_id
    assert start_sweep(paths, "bowl", 6).wait() == 0
    parent, children = family(paths)
    assert parent.info.run_id == before
    assert "RUNNING" not in {run.info.status for run in [parent, *children]}
    assert parent.data.metrics["trials_complete"] == 6
    finished = {int(c.data.tags["trial"]): c for c in children if c.info.status == "FINISHED"}
    for row in table(paths.sweep / "trials.csv"):
        run = finished.pop(int(row["trial"]))
        assert run.data.metrics["objective"] == pytest.approx(float(row["objective"]))
        assert run.info.run_name.startswith(f"trial-{int(row['trial']):03d}")
    assert not finished
    best = files.read_yaml(paths.sweep / "best.yaml")["trial"]
    assert f"in trial {best}:" in parent.data.tags["mlflow.note.content"]
    names = [child.info.run_name for child in children]
    assert len(set(names)) == len(names)


def test_each_attempt_at_a_trial_has_its_own_run_under_the_trial_s_number(paths: Paths) -> None:
    assert start_sweep(paths, "flaky", 3, retries=1).wait() == 0
    _, children = family(paths)
    by_name = {child.info.run_name: child for child in children}
    assert {name: run.info.status for name, run in by_name.items()} == {
        "trial-000": "FINISHED",
        "trial-001 (failed)": "FAILED",
        "trial-001-attempt-2": "FINISHED",
        "trial-002": "FINISHED",
    }
    assert drawn(by_name["trial-001 (failed)"]) == drawn(by_name["trial-001-attempt-2"])
    assert by_name["trial-001-attempt-2"].data.tags["attempt"] == "2"


def test_a_failed_sweep_is_failed_with_its_reason(paths: Paths) -> None:
    assert start_sweep(paths, "broken", 3).wait() != 0
    parent, children = family(paths)
    assert parent.info.status == "FAILED"
    assert "nothing works today" in parent.data.tags["error"]
    assert {child.info.status for child in children} == {"FAILED"}


def test_a_training_run_links_the_sweep_whose_outputs_it_used(
    toy_project: Paths,
) -> None:
    assert start_sweep(toy_project, "bowl", 2).wait() == 0
    parent, _ = family(toy_project)
    run = find_training_run("toys", toy_project, files.digest_tree(toy_project.model))
    tags = run.tracking.client.get_run(run.id).data.tags
    assert tags["sweep_run"] == parent.info.run_id
    (toy_project.sweep / "best.yaml").write_text("params: {}\nobjective: null\n")
    (toy_project.model / "note.txt").touch()  # another model
    other = find_training_run("toys", toy_project, files.digest_tree(toy_project.model))
    assert "sweep_run" not in other.tracking.client.get_run(other.id).data.tags


def test_a_configuration_is_one_row_and_its_repeats_are_its_children(paths: Paths) -> None:
    assert start_sweep(paths, "bowl", 2, repeats={"count": 3}).wait() == 0
    runs = runs_of(paths)
    (parent,) = [run for run in runs if run.data.tags["stage"] == "sweep"]
    trials = [run for run in runs if run.data.tags["stage"] == "trial"]
    repeats = [run for run in runs if run.data.tags["stage"] == "repeat"]
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}
    assert {run.info.status for run in runs} == {"FINISHED"}
    for trial in trials:
        own = [r for r in repeats if r.data.tags["mlflow.parentRunId"] == trial.info.run_id]
        values = [run.data.metrics["objective"] for run in own]
        assert len(values) == 3
        assert trial.data.metrics["objective"] == pytest.approx(sum(values) / 3)
        assert trial.data.metrics["objective_std"] == pytest.approx(stdev(values))
        assert [step for step, _ in curve(paths, own[0].info.run_id, "val_loss")] == [1, 2, 3]


def wait_for_a_trial_of(driver: subprocess.Popen[bytes], paths: Paths) -> None:
    """Until MLflow has a trial that this process runs."""
    query = f"tags.stage = 'trial' and tags.`process.pid` = '{driver.pid}'"
    while not runs_of(paths, query):
        assert driver.poll() is None, "it ended before it began a trial"
        time.sleep(0.02)


def test_drivers_write_under_one_parent_and_a_dead_one_s_trial_is_failed(paths: Paths) -> None:
    lead = start_sweep(paths, "waiting", 12)
    while not list((paths.root / ".conveyor" / "sweep").glob("*/journal.log")):
        time.sleep(0.02)
    helper, dying = (start_sweep(paths, "waiting", 12, "join") for _ in range(2))
    for driver in (lead, helper, dying):
        wait_for_a_trial_of(driver, paths)
    dying.kill()
    (paths.root / "go").touch()
    assert lead.wait() == helper.wait() == 0
    parent, children = family(paths)
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["trials_complete"] == 12
    statuses = [child.info.status for child in children]
    assert statuses.count("FINISHED") == 12
    assert "RUNNING" not in statuses
    assert len({child.data.tags["process.pid"] for child in children}) == 3


def test_a_helper_does_not_take_the_sweep_of_a_dead_leader_for_failed(paths: Paths) -> None:
    lead = start_sweep(paths, "waiting", 4)
    wait_for_a_trial_of(lead, paths)
    lead.kill()
    lead.wait()
    helper = start_sweep(paths, "waiting", 4, "join")
    wait_for_a_trial_of(helper, paths)
    assert family(paths)[0].info.status == "RUNNING"
    (paths.root / "go").touch()
    assert helper.wait() == 0


def test_the_interactive_page_and_the_timeline_are_with_the_sweep(swept: Paths) -> None:
    parent, _ = family(swept)
    names = {path.name for path in artifact(swept, parent.info.run_id, "pages").iterdir()}
    assert names == {"study.html", "timeline.png"}
    names = {path.name for path in artifact(swept, parent.info.run_id, "sweep").iterdir()}
    assert {"edf.png", "intermediate.png", "history.png", "importance.png"} <= names
