import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _trials_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trial processes find `trial_functions` where the tests do."""
    here = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]))
