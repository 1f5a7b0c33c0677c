"""The documentation as a site: it builds, dead links fail, its reference is that of the code."""

import html
import json
import logging
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from browser import chromium, grave_violations
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from mkdocs.structure.files import get_files

from conveyor.cli.project import find_scripts
from conveyor.compose import compose
from conveyor.metrics import Metric
from conveyor.paths import Paths

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from reference import configuration, metrics, schema  # noqa: E402

SITE = str(ROOT / "mkdocs.yml")
CONF = [ROOT / "params.yaml", *sorted((ROOT / "conf").rglob("*.yaml"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    build(load_config(SITE, site_dir=str(folder)))
    return folder


class Loaded(HTMLParser):
    """Collects what a page makes the browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = "href" if tag == "link" else "src"
        if tag != "a":
            self.addresses += [value for name, value in attrs if name == source and value]


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        reader = Loaded()
        reader.feed(page.read_text())
        assert reader.addresses
        assert not [each for each in reader.addresses if re.match(r"\w+:|//", each)], page
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\W*(?:https?:)?//[^)]*", sheet.read_text()), sheet


SAMPLE = ("tutorial.html", "benchmarks.html", "notebooks/lstm.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("names", [SAMPLE, pytest.param("*.html", marks=pytest.mark.slow)],
                         ids=["sample", "all"])  # fmt: skip
def test_everybody_can_read_the_pages(site: Path, scheme: Any, names: Sequence[str]) -> None:
    pages = sorted(site.rglob(names)) if isinstance(names, str) else [site / n for n in names]
    found = {}
    with chromium() as browser:
        tab = browser.new_page(color_scheme=scheme)
        for page in pages:
            tab.goto(page.as_uri())
            if violations := grave_violations(tab):
                found[page.relative_to(site).as_posix()] = violations
    assert found == {}


DEAD = {  # what is added to a file: the warning that it gives
    "docs/data.md": ("[a](gone.md)", "'gone.md', but the target is not found"),
    "docs/sweeps.md": ("[a](data.md#gone)", "does not contain an anchor '#gone'"),
    "README.md": ("[a](docs/gone.md)", "README.md: docs/gone.md does not exist"),
    "SECURITY.md": ("[a](docs/data.md#gone)", "SECURITY.md: docs/data.md has no heading #gone"),
    "docs/lost.md": ("Text", 'not included in the "nav" configuration:\n  - lost.md'),
}


def test_a_dead_link_fails_the_build(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ignored = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=ignored)
    for name, (text, _) in DEAD.items():
        page = (ROOT / name).read_text() if (ROOT / name).is_file() else ""
        (tmp_path / name).write_text(f"{page}\n{text}\n")
    config = load_config(SITE, docs_dir=str(tmp_path / "docs"), site_dir=str(tmp_path / "site"))
    with caplog.at_level(logging.WARNING, "mkdocs"), pytest.raises(Abort):
        build(config)
    for _, warning in DEAD.values():
        assert warning in caplog.text
    assert len(caplog.records) == len(DEAD)


def test_the_page_of_the_configuration_has_each_setting(site: Path) -> None:
    page = (site / "reference/configuration.html").read_text()
    settings = compose(Paths(ROOT)).model_dump(mode="json")
    missing = [key for key in leaves(settings) if f"<code>{key}</code>" not in page]
    # Free names, and a part that is chosen in the same words as another one.
    free = ("choose.", "sweep.space.", "dataset.split.validation.")
    assert not [key for key in missing if not key.startswith(free)]
    row = "<td><code>dataset.encoding.max_length</code></td>\n<td>{}</td>\n<td><code>{}</code></td>"
    assert row.format("whole number, above 0", "64") in page
    assert row.format("whole number, above 0, or null", "null") in page


def test_each_setting_has_a_meaning() -> None:
    rows = [line for line in configuration.write().splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    assert not [row for row in rows if row.endswith("|  |")]


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict) and value and "bars" not in name and name != "files":
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_the_page_of_the_commands_has_each_script(site: Path) -> None:
    page = (site / "reference/commands.html").read_text()
    for script in find_scripts(ROOT):
        assert f'<h3 id="{script}">' in page
        assert f"usage: python -m pipeline.{script} " in page


def test_the_page_of_python_says_what_a_model_can_be_asked(site: Path) -> None:
    page = (site / "reference/python.html").read_text()
    for name in ("predict", "gates", "explain", "evaluate", "history", "frame", "example"):
        assert f'<h3 id="{name}">' in page
    assert "<p><code>evaluate(file, *, samples=1000, confidence=0.95, seed=17)</code></p>" in page


def test_each_notebook_has_a_page_and_lies_beside_it(site: Path) -> None:
    notebooks = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
    assert len(notebooks) == 2
    for notebook in notebooks:
        page = (site / "notebooks" / notebook.name).with_suffix(".html").read_text()
        assert f'<a href="{notebook.name}" download>' in page
        assert "import conveyor" in page
        (other,) = {path.stem for path in notebooks} - {notebook.stem}
        assert f'href="{other}.html"' in page
        assert (site / "notebooks" / notebook.name).read_bytes() == notebook.read_bytes()


def test_the_page_of_a_notebook_shows_what_its_cells_give(site: Path) -> None:
    for path, pictures in (("lstm", 5), ("own-data", 1)):
        page = (site / f"notebooks/{path}.html").read_text()
        images = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', page)
        assert len(images) == page.count("<img ") == pictures
        for address, _ in images:
            assert (site / "notebooks" / address).read_bytes().startswith(b"\x89PNG")
        cells = json.loads((ROOT / f"docs/notebooks/{path}.ipynb").read_text())["cells"]
        for cell in cells:
            for output in cell.get("outputs", []):
                printed = html.escape("".join(output.get("text", ""))).rstrip()
                assert printed in page
        assert page.count('<div class="output">') == sum(bool(c.get("outputs")) for c in cells)


def change_code(notebook: dict[str, Any]) -> None:
    notebook["cells"][1]["source"].append("\n# changed")


def remove_picture(notebook: dict[str, Any]) -> None:
    [drawing] = [cell for cell in notebook["cells"] if cell["id"] == "lstm-14"]
    drawing["outputs"].clear()


def remove_description(notebook: dict[str, Any]) -> None:
    [drawing] = [cell for cell in notebook["cells"] if cell["id"] == "lstm-14"]
    del drawing["metadata"]["alt"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (change_code, "Run `make notebooks`"),
        (remove_picture, "Run `make notebooks`"),
        (remove_description, "cell lstm-14: expected 'alt' in its metadata"),
    ],
)
def test_a_page_that_lacks_what_its_cells_give_fails_the_build(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: Any, problem: str
) -> None:
    stored = json.loads((ROOT / "docs/notebooks/lstm.ipynb").read_text())
    change(stored)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/lstm.ipynb").write_text(json.dumps(stored))
    config = load_config(SITE, docs_dir=str(tmp_path / "docs"), site_dir=str(tmp_path / "site"))
    config.plugins.on_startup(command="build", dirty=False)
    with caplog.at_level(logging.WARNING, "mkdocs.hooks"):
        config.plugins.on_files(get_files(config), config=config)
    [record] = caplog.records
    assert problem in record.getMessage()


def test_the_page_of_a_notebook_fits_a_phone(site: Path) -> None:
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 390, "height": 800})
        for name in ("lstm", "own-data"):
            tab.goto((site / f"notebooks/{name}.html").as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") == 390
            images = tab.locator("[role=main] img").all()
            assert images
            for image in images:
                box = image.bounding_box()
                assert box is not None
                assert 200 < box["width"] < 390
                shape = image.evaluate("image => image.naturalWidth / image.naturalHeight")
                assert box["width"] / box["height"] == pytest.approx(shape, rel=0.05)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 2}]},
         "null, or whole number, at least 2"),
        ({"enum": ["a", "b"], "type": "string"}, "`a`, `b`"),
        ({"type": "array", "items": {"type": "number", "exclusiveMinimum": 0.0}},
         "list of: number, above 0"),
        ({"type": "integer", "minimum": 0, "exclusiveMaximum": 2**32}, "whole number, at least 0"),
        ({}, "any value"),
    ],
)  # fmt: skip
def test_the_values_of_a_setting_are_described(value: dict[str, Any], text: str) -> None:
    assert configuration.describe_type(value) == text


def test_a_metric_without_a_formula_is_refused() -> None:
    def share(predictions: object) -> float:
        """Share of the rows."""
        return 0.0

    with pytest.raises(ValueError, match=r"share: expected a docstring with the lines `Formula"):
        metrics.read_description(Metric("share", share))


def test_the_schemas_are_those_of_the_code() -> None:
    stored = {path.name: path.read_text() for path in schema.FOLDER.glob("*")}
    assert stored == schema.texts(), "run: make schema"


def schema_of(path: Path) -> dict[str, Any]:
    """The schema that a file names in its first line, or after the package that Hydra reads."""
    line = r"(?:# @package _global_\n)?# yaml-language-server: \$schema=(\S+)\n"
    match = re.match(line, path.read_text())
    assert match is not None, path
    file = (path.parent / match[1]).resolve()
    group = path.relative_to(ROOT / "conf").parts[0] if path.is_relative_to(ROOT / "conf") else ""
    expected = {"": "params", "config.yaml": "experiment"}.get(group, group)
    assert file == ROOT / f"schema/{expected}.json"
    return json.loads(file.read_text())


@pytest.mark.parametrize("path", CONF, ids=name_of)
def test_a_file_names_its_schema_and_fits_it(path: Path) -> None:
    values = yaml.safe_load(path.read_text()) or {}
    jsonschema.validate(values, schema_of(path), jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("train: {learning_rate: 0.1}", True),
        ("train: {learning_rate: '${model.dropout}'}", True),
        ("train: {learning_rate: 11}", False),
        ("train: {learning_rte: 0.1}", False),
        ("trian: {}", False),
        ("choose: {sweep: none, model: null}", True),
        ("choose: {swep: none}", False),
        ("dataset: {target: {task: classification, column: team}}", True),
        ("dataset: {target: {task: classification, columns: [team]}}", False),
        ("dataset: {split: {test: {by: time, column: when, share: 0.2}}}", True),
        ("dataset: {split: {test: {by: share, share: 2}}}", False),
        ("gates: {bars: {accuracy: {min: 0.9, max: null}}}", True),
        ("gates: {must_beat_baselines: false}", False),
        ("sweep: {space: {model.units: 'choice([8], [16])'}}", True),
    ],
)
def test_an_editor_marks_what_is_not_allowed(text: str, is_valid: bool) -> None:
    described = json.loads((ROOT / "schema/params.json").read_text())
    validator = jsonschema.Draft7Validator(described)
    assert validator.is_valid(yaml.safe_load(text)) == is_valid
