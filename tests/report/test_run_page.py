"""The page of a run: it shows each part, and says what is missing."""

import html.parser
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from mlflow import MlflowClient

from conveyor import files
from conveyor.paths import Paths
from conveyor.registry.model_version import RegisteredModel
from conveyor.registry.snapshot import write_snapshot
from conveyor.report import page
from conveyor.report.belt import BeltRun
from conveyor.retraining import dvc
from conveyor.stage_log import StageRun

LARGEST = 5_000_000  # bytes
LOADING = {"src", "href", "srcset", "data", "action", "poster"}  # attributes that name an address


class Elements(html.parser.HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(paths: Paths, belt: BeltRun | None = None) -> Elements:
    """Write the page and parse it."""
    path = page.write(paths, belt or BeltRun())
    elements = Elements()
    elements.feed(path.read_text())
    return elements


def test_the_page_shows_each_part_of_the_run(project: Paths) -> None:
    text = read(project).text
    digest = files.digest_tree(project.model)
    for part in (
        "version 1 is the champion", digest[:12], "classification", "90 rows were read",
        "dropped: missing target", "4 trials ended: 2 complete, 1 failed, 1 pruned",
        "Best: trial 2, val_loss 0.4", "best validation after", "Most confident errors",
        "gates refuse the model", "forced", "pipeline.promote rebuild 1",
    ):  # fmt: skip
        assert part in text, part
    plots = [attrs["aria-label"] for _, attrs in read(project).tags if "aria-label" in attrs]
    assert "Trials of the sweep" in plots
    assert "loss by update" in plots


def test_the_page_is_one_small_file_whose_labels_stay_text(project: Paths) -> None:
    elements = read(project)
    assert project.report.stat().st_size < LARGEST
    names = {tag for tag, _ in elements.tags}
    assert not names & {"b", "i", "u", "s", "iframe", "object", "link", "base"}
    addresses = [
        (tag, value)
        for tag, attrs in elements.tags
        for name, value in attrs.items()
        if name in LOADING
    ]
    images = [value for tag, value in addresses if tag == "img"]
    assert images
    assert all(value.startswith("data:image/png;base64,") for value in images)
    links = [value for tag, value in addresses if tag != "img"]
    assert all(re.match(r"#|http://127\.0\.0\.1:5000/#/", value) for value in links)
    scripts = [attrs for tag, attrs in elements.tags if tag == "script"]
    runnable = [attrs for attrs in scripts if "type" not in attrs]
    assert len(runnable) == 1
    assert not any(name.startswith("on") for _, attrs in elements.tags for name in attrs)
    assert "<script>window.hacked = true</script>" in elements.text


def test_pages_beside_the_report_of_the_evaluation_are_linked_from_here(project: Paths) -> None:
    report = project.evaluation / "report.md"
    report.write_text(report.read_text() + "\n[page](inspect.html) [web](https://example.org)\n")
    files.write_text(project.evaluation / "inspect.html", "a page")
    links = [attrs["href"] for tag, attrs in read(project).tags if tag == "a" and "href" in attrs]
    assert {"evaluation/inspect.html", "https://example.org"} <= set(links)


MISSING: dict[str, tuple[Callable[[Paths], Any], str]] = {
    "compose": (lambda p: p.config.unlink(), "compose has not run"),
    "prepare": (lambda p: p.data_report.unlink(), "prepare has not run"),
    "sweep": (lambda p: shutil.rmtree(p.sweep), "sweep has not run"),
    "no search": (lambda p: files.write_csv(p.sweep / "trials.csv", [], []), "No search ran"),
    "train": (lambda p: shutil.rmtree(p.model), "train has not run"),
    "evaluate": (lambda p: shutil.rmtree(p.evaluation), "evaluate has not run"),
    "registry": (lambda p: (p.root / "mlflow.db").unlink(), "there is no MLflow store"),
    "version": (lambda p: files.write_text(p.model / "more", ""), "This model is not registered"),
    "card": (lambda p: files.write_text(p.model / "card.json", "{"), "card.json"),
    "params": (lambda p: files.write_text(p.params, "choose: ["), "params.yaml: while parsing"),
    "all": (lambda p: shutil.rmtree(p.root / "artifacts"), "No model is trained yet"),
}


@pytest.mark.parametrize("part", MISSING)
def test_the_page_says_what_is_missing(project: Paths, part: str) -> None:
    remove, sentence = MISSING[part]
    remove(project)
    assert sentence in re.sub(r"\s+", " ", read(project).text)


def test_a_failed_stage_heads_the_page_with_its_error(project: Paths) -> None:
    record(project, "prepare", StageRun(100.0, 2.0, None, 1))
    record(project, "train", StageRun(102.0, 3.0, "column 'text' not found", 1))
    elements = read(project)
    assert re.search(r"toys: the stage train\s+failed", elements.text)
    assert "column 'text' not found" in elements.text
    assert states(elements)["evaluate"] == "not-reached"


def test_a_later_run_that_did_nothing_shows_no_stage_as_run(project: Paths) -> None:
    record(project, "prepare", StageRun(100.0, 2.0, None, 1))
    assert states(read(project))["prepare"] == "ran"
    assert states(read(project, BeltRun(since=200.0)))["prepare"] != "ran"


def test_a_belt_that_failed_before_a_stage_could_say_so_is_not_called_a_success(
    project: Paths,
) -> None:
    elements = read(project, BeltRun(since=200.0, failed=True))
    assert "the output of the belt says why" in elements.text


def record(paths: Paths, stage: str, run: StageRun) -> None:
    files.write_json(paths.stage_runs / f"{stage}.json", run.__dict__)


def states(elements: Elements) -> dict[str, str]:
    """The outcome of each stage, in the class of its box."""
    classes = [attrs["class"] for tag, attrs in elements.tags if tag == "li" and "class" in attrs]
    stages = ("compose", "prepare", "sweep", "train", "evaluate", "register")
    return dict(zip(stages, classes, strict=True))


def test_a_page_that_cannot_be_written_hides_no_outcome(project: Paths) -> None:
    project.report.mkdir()
    with pytest.raises(ZeroDivisionError):
        with page.page_after(project):
            _ = 1 / 0
    with page.page_after(project):
        pass


def test_after_a_belt_that_ended_well_the_page_takes_what_the_belt_has_left(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = BeltRun(since=0.0, settled=True)
    url = files.sqlite_url(project.root / "mlflow.db")
    model, digest = (
        RegisteredModel(MlflowClient(url, url), "toys"),
        files.digest_tree(project.model),
    )
    write_snapshot(model, digest, project)
    expected = read(project).text
    monkeypatch.setattr(dvc, "read_status", None)
    (project.root / "mlflow.db").unlink()
    assert part(read(project, settled).text) == part(expected)
    files.write_text(project.model / "more", "another model than the snapshot's")
    assert "there is no MLflow store" in read(project, settled).text


def part(text: str) -> str:
    """From the verdict to the lineage."""
    return text[text.index("Verdict", text.index("By length of the row")) : text.index("Written")]


def test_what_has_changed_since_is_said(project: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"changed deps": {"data/raw": "modified"}}
    params = {"changed deps": {"artifacts/config.yaml": {"dataset": "new"}}}
    changed = {"prepare": [data, "changed command", params]}
    monkeypatch.setattr("conveyor.retraining.dvc.read_status", lambda paths: changed)
    text = re.sub(r"\s+", " ", read(project).text)
    assert "Something newer is in the workspace: prepare would run again" in text
    assert "data/raw modified, changed command, artifacts/config.yaml: dataset new" in text
