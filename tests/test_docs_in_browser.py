"""The documentation in a real Chromium: everybody can read each page, light and dark."""

from pathlib import Path
from typing import Any

import pytest
from browser import chromium, grave_violations
from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder)))
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_each_page(site: Path, scheme: Any) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    with chromium() as browser:
        tab = browser.new_page(color_scheme=scheme)
        found = {}
        for page in pages:
            tab.goto(page.as_uri())
            violations = grave_violations(tab)
            if violations:
                found[page.relative_to(site).as_posix()] = violations
    assert found == {}
