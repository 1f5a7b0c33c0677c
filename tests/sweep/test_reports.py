"""Slots, memory, the status of a running sweep, its interactive page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from labels import NASTY_LABELS
from sweeping import HERE, label_search, rows, search, settings

from conveyor.config import SweepConfig
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


def test_the_drivers_memory_stays_flat_over_a_thousand_trials(tmp_path: Path) -> None:
    script = [sys.executable, HERE / "memory_process.py", str(tmp_path), "1000"]
    output = subprocess.run(script, stdout=subprocess.PIPE, check=True, text=True).stdout
    sizes = [float(line) for line in output.splitlines()]  # MiB after every hundredth trial
    assert len(sizes) == 10
    assert sizes[-1] - sizes[1] < 12  # what a trial leaves in the study: about 10 KiB


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


def test_the_interactive_page_escapes_texts(tmp_path: Path) -> None:
    """Plotly draws tags in any text; test_browser.py looks at what it draws."""
    search(tmp_path, label_search(NASTY_LABELS), "instant")
    page = (tmp_path / "pages" / "study.html").read_text()
    assert "&lt;b&gt;bold" in page
    assert "\\u003cb\\u003ebold" not in page  # Plotly writes "<" so


def test_the_interactive_page_needs_no_network(tmp_path: Path) -> None:
    search(tmp_path, settings(trials=6), "bowl")
    page = (tmp_path / "pages" / "study.html").read_text()
    for title in ("History", "Importance", "Parallel coordinates", "Slices",
                  "Empirical distribution", "Intermediate values", "Timeline"):  # fmt: skip
        assert f'"text":"{title}"' in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert (tmp_path / "pages" / "timeline.png").stat().st_size > 5000
