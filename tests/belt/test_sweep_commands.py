"""What people type around a sweep: join, status, storage. In this order."""

from pathlib import Path

import pytest
from clone import Clone

pytestmark = pytest.mark.belt


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    made = Clone.make(tmp_path_factory.mktemp("clone"))
    made.dvc("repro", "prepare")
    return made


def test_before_a_sweep_there_is_none_to_tell_of(clone: Clone) -> None:
    for what in ("--status", "--storage"):
        done = clone.run("python", "-m", "pipeline.sweep", what)
        assert done.code == 2
        assert "no sweep of this configuration on these data has begun" in done.text


@pytest.mark.slow
def test_a_driver_of_the_slurm_manifest_works_and_the_stage_writes_the_outputs(
    clone: Clone,
) -> None:
    done = clone.run("bash", "deploy/slurm.sbatch", SLURM_SUBMIT_DIR=str(clone.root))
    assert done.code == 0, done.text
    assert "the study has its 2 trials" in done.text
    assert not (clone.root / "artifacts/sweep").exists()
    told = clone.run("python", "-m", "pipeline.sweep", "--status").text
    assert "2 of 2 trials" in told
    assert "without a leader" in told

    done = clone.dvc("repro", "sweep")
    assert "/2 trials" not in done.text  # none was left to run
    assert clone.read("artifacts/sweep/best.yaml")["params"]
    (parent,) = clone.runs("sweep")
    assert parent.info.status == "FINISHED"
    assert len(clone.runs("trial")) == 2
    assert "ended: finished" in clone.run("python", "-m", "pipeline.sweep", "--status").text


@pytest.mark.slow  # it needs the sweep that the test above ends
def test_a_sweep_that_has_ended_cannot_be_joined(clone: Clone) -> None:
    done = clone.run("python", "-m", "pipeline.sweep", "--join")
    assert done.code == 2
    assert "there is no sweep to join" in done.text
    storage = clone.run("python", "-m", "pipeline.sweep", "--storage").text.strip()
    assert (clone.root / storage).is_file()


def test_help_says_what_there_is(clone: Clone) -> None:
    told = clone.run("python", "-m", "pipeline.sweep", "--help").text
    for option in ("--join", "--status", "--storage"):
        assert option in told


def test_every_file_of_the_sweep_group_can_be_chosen(clone: Clone) -> None:
    for path in sorted(Path(clone.root / "conf/sweep").glob("*.yaml")):
        done = clone.run("python", "-m", "pipeline.compose", "--print", f"sweep={path.stem}")
        assert done.code == 0, done.text
