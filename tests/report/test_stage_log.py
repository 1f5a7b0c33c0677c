"""What each stage records of its last run."""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.stage_log import STAGES, read_stage_runs, record_stage

ROOT = Path(__file__).parents[2]


def test_the_stages_are_those_of_dvc() -> None:
    assert list(STAGES) == list(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (None, None),
        (InputError("x.csv: expected a; got b"), "x.csv: expected a; got b"),
        (InputError("http://me:secret@host is down"), "http://me:***@host is down"),
        (KeyError("missing"), "KeyError: 'missing'"),
        (SystemExit(143), "it was stopped"),
        (OSError(28, "No space left on device", "f"), "f: No space left on device"),
    ],
)
def test_a_stage_records_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    error: BaseException | None, message: str | None,
) -> None:  # fmt: skip
    monkeypatch.setenv("DVC_STAGE", "train")
    paths = Paths(tmp_path)
    with suppress(BaseException), record_stage(paths, "train"):
        assert read_stage_runs(paths)["train"].seconds is None, "it still runs"
        if error is not None:
            raise error
    run = read_stage_runs(paths)["train"]
    assert run.seconds is not None
    assert (run.error or "").startswith(message or "")
    assert (run.error is None) is (error is None)


@pytest.mark.parametrize(("stage", "script"), [(None, "sweep"), ("train", "report")])
def test_what_dvc_does_not_run_as_a_stage_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str | None, script: str
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage is not None:
        monkeypatch.setenv("DVC_STAGE", stage)
    with record_stage(Paths(tmp_path), script):
        pass
    assert read_stage_runs(Paths(tmp_path)) == {}
