"""What a command writes for its reader is no source, and git leaves it out."""

from pathlib import Path

import pytest

from conveyor.git import git
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]
PAGES = ("report", "inspection", "explanation", "states_page", "range_test", "sweep_pages",
         "promotion", "retraining")  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_git_leaves_a_page_out(name: str) -> None:
    page: Path = getattr(Paths(), name)
    assert git(ROOT, "check-ignore", "--no-index", str(page)).strip() == str(page)
