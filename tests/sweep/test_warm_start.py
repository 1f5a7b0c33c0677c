"""What a sweep tries before the sampler proposes anything."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from sweeping import search, settings

from conveyor.sweep.storage import SweepError


def champion(**changes: Any) -> dict[str, Any]:
    values = {"model.dropout": 0.31, "model.units": [4, 4], "train.learning_rate": 0.001}
    return {**values, **changes}


def test_a_warm_start_tries_what_is_known_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listed = tmp_path / "known.yaml"
    listed.write_text(yaml.safe_dump([champion(), champion(**{"model.dropout": 0.95})]))
    warm = {"champion": True, "file": str(listed)}
    with caplog.at_level(logging.INFO):
        _, listener = search(tmp_path, settings(warm_start=warm), "bowl", champion())
    assert [s == champion() for s in listener.started] == [True, *[False] * 5]
    assert listener.started[1]["model.units"] == [4, 4]
    assert "model.dropout=0.95 is not in the space" in caplog.text
    assert "2 of 3 configurations are tried first" in caplog.text


def test_a_warm_start_from_a_study_tries_its_best(tmp_path: Path) -> None:
    _, first = search(tmp_path, settings(), "bowl")
    [folder] = (tmp_path / "scratch" / "sweep").glob("*/journal.log")
    warm = {"study": folder.parent.name, "best": 2}
    best, listener = search(tmp_path, settings(trials=4, warm_start=warm), "bowl")
    order = sorted(first.outcomes, key=lambda trial: first.outcomes[trial].values)
    assert listener.started[:2] == [first.started[trial.number] for trial in order[:2]]
    assert best["objectives"]["val_loss"] <= min(first.outcomes[order[0]].values)


@pytest.mark.parametrize(
    ("warm", "reason"),
    [
        ({"file": "missing.yaml"}, "got missing.yaml, which does not exist"),
        ({"study": "0123"}, "there is no study '0123'"),
    ],
)
def test_a_warm_start_from_nowhere_is_refused(
    tmp_path: Path, warm: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SweepError, match=re.escape(reason)):
        search(tmp_path, settings(warm_start=warm), "bowl")
    search(tmp_path, settings(), "bowl")
