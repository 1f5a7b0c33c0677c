"""Slots, memory, the status of a running sweep, its interactive page."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from labels import NASTY_LABELS
from sweeping import HERE, label_search, rows, search, settings

from conveyor.config import SweepConfig, overlay
from conveyor.sweep.plan import describe_size, resolve_trials
from conveyor.sweep.report.status import describe
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy


def status(config: SweepConfig, scratch: Path) -> str:
    """The status as another process reads it."""
    with SweepStudy(scratch, config, "digest", "read") as study:
        return describe(study)


def test_each_slot_has_its_gpu(tmp_path: Path) -> None:
    config = settings(trials=2, workers=2, gpus=[3, 5], sampler={"name": "random"})
    search(tmp_path, config, "where")
    assert {row["device"] for row in rows(tmp_path)} == {"3.0", "5.0"}


def test_slots_are_refilled_at_once(tmp_path: Path) -> None:
    """Each fit sleeps 60 ms; the driver's own work between two is the idle time."""
    config = settings(trials=40, workers=2, sampler={"name": "random"})
    _, listener = search(tmp_path, config, "bowl")
    assert 0 < listener.idle_share < 0.5


@pytest.mark.parametrize(
    ("trials", "growth"), [(400, 6), pytest.param(1000, 12, marks=pytest.mark.slow)]
)
def test_the_drivers_memory_stays_flat_over_many_trials(
    tmp_path: Path, trials: int, growth: float
) -> None:
    script = [sys.executable, HERE / "memory_process.py", str(tmp_path), str(trials)]
    output = subprocess.run(script, stdout=subprocess.PIPE, check=True, text=True).stdout
    sizes = [float(line) for line in output.splitlines()]  # MiB after every hundredth trial
    assert len(sizes) == trials // 100
    assert sizes[-1] - sizes[1] < growth  # what a trial leaves in the study: about 10 KiB


def test_status_tells_of_a_sweep_from_outside(tmp_path: Path) -> None:
    config = settings(trials=5)
    with pytest.raises(SweepError, match="no sweep of this configuration"):
        status(config, tmp_path)
    with SweepStudy(tmp_path, config, "digest") as study:
        _, trial = study.start_trial()
        assert trial is not None
        study.should_prune(trial, 3, 0.25)
        text = status(config, tmp_path)
        assert f"led by process {os.getpid()}" in text
        assert "0 of 5 trials, 0 pruned, 0 failed, none complete yet" in text
        assert "trial 0 for 0:00:0" in text
        assert "validation 3, val_loss 0.25" in text
    assert "is dead" in status(config, tmp_path)
    search(tmp_path / "done", settings(trials=5), "bowl")
    text = status(config, tmp_path / "done" / "scratch")
    assert "ended: finished" in text
    assert "5 of 5 trials" in text


@pytest.mark.parametrize(
    ("changes", "duration"),
    [
        ({"trials": 3, "repeats": {"count": 2}}, "6.0 h"),
        ({"trials": 4, "workers": 2}, "2.0 h"),
        ({"trials": 1, "workers": 4}, "60 min"),
    ],
)
def test_the_duration_is_estimated_from_the_pace_of_the_first_trial(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], duration: str
) -> None:
    caplog.set_level("INFO")
    search(tmp_path, settings(**changes), "paced")
    [line] = [text for text in caplog.messages if "takes about" in text]
    bound = "; sweep.trials and sweep.time_limit bound it" if duration.endswith(" h") else ""
    assert line == f"the sweep takes about {duration}, if no trial is pruned{bound}"


@pytest.mark.parametrize(
    ("changes", "rows", "size"),
    [
        ({}, (270, 30), "10 trials x 1 fit x 600 updates of 16 rows, which are 35.3 epochs of 270"),
        ({"repeats": {"count": 3, "by": "folds"}}, (270, 30), "10 trials x 3 fits x 600 updates of "
         "16 rows, which are 46.2 epochs of 200 rows"),
        ({}, (90_000, 10_000), "6 trials x 1 fit x 10,000 updates of 64 rows"),
        ({}, (900_000, 100_000), "4 trials x 1 fit x 10,000 updates of 128 rows"),
        ({"trials": 7}, (900_000, 100_000), "7 trials x 1 fit x 10,000 updates"),
        ({"space": {"train.batch_size": "choice(16, 32)"}}, (270, 30), "; the space varies "
         "train.batch_size"),
    ],
)  # fmt: skip
def test_a_sweep_follows_the_rows_and_says_what_it_fits(
    changes: dict[str, Any], rows: tuple[int, int], size: str
) -> None:
    counts = dict(zip(("train", "validation"), rows, strict=True))
    config = settings(**{"trials": "auto", **changes})
    budget = {"train.epochs": None, "train.batch_size": "auto"}
    config = resolve_trials(overlay(config, budget), counts)
    assert size in describe_size(config, counts, config.sweep.wanted)


def test_the_interactive_page_escapes_texts(tmp_path: Path) -> None:
    """Plotly draws tags in any text; test_browser.py looks at what it draws."""
    search(tmp_path, label_search(NASTY_LABELS), "instant")
    page = (tmp_path / "pages" / "study.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "\\u003cb\\u003ebold" not in page  # Plotly writes "<" so


def test_the_interactive_page_needs_no_network(tmp_path: Path) -> None:
    search(tmp_path, settings(trials=6), "bowl")
    page = (tmp_path / "pages" / "study.html").read_text()
    title = (
        r"<title>\S+, [\d: -]+ UTC, sweep [0-9a-f]{16} of data \w+, 6 trials: best trial \d+, \w+ "
    )
    assert re.search(title, page)
    for title in ("History", "Importance", "Parallel coordinates", "Slices",
                  "Empirical distribution", "Intermediate values", "Timeline"):  # fmt: skip
        assert f'"text":"{title}"' in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert (tmp_path / "pages" / "timeline.png").stat().st_size > 5000
