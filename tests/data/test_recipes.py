"""Each line of the table of data sets in docs/extending.md, prepared from files that it fits."""

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from conveyor.compose import compose
from conveyor.data.prepare import prepare
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/extending.md").read_text()
SECTION = PAGE.partition("## A data set\n")[2].partition("\n## ")[0]
LINES = re.findall(r"^\| (?!your data|---)(.*?) \| (.*) \|$", SECTION, re.MULTILINE)
TEXT: dict[str, Any] = {
    "name": "mine",
    "source": {"format": "csv", "files": {"all": "data/raw/mine/*.csv"}},
    "columns": {"text": "message"},
    "target": {"task": "classification", "column": "team"},
    "split": {"test": {"by": "share", "share": 0.2}, "validation": {"by": "share", "share": 0.2}},
    "checks": {"min_rows": 1},
}
SERIES = TEXT | {
    "source": {"format": "jsonl", "files": {"all": "data/raw/mine/nested.jsonl"}},
    "columns": {"series": "signal"},
    "target": {"task": "classification", "column": "state"},
}
LONG = SERIES | {
    "source": {"format": "csv", "files": {"all": "data/raw/mine/long/*.csv"}},
    "columns": {"long": {"id": "machine", "order": "date", "channels": ["x"]}},
    "target": {"task": "classification", "column": "state"},
}
REPEATED = LONG | {"columns": {"long": {"id": "machine", "order": "time", "channels": ["x"]}}}
WIDE = SERIES | {
    "source": {"format": "csv", "files": {"all": "data/raw/mine/wide/rows.csv"}},
    "columns": {"wide": "t*"},
}
NO_HEADER = {"source": {"format": "csv", "files": {"all": "data/raw/mine/headless/*.csv"}}}
DATABASE = {"source": {"format": "parquet", "files": {"all": "data/raw/mine/rows.parquet"}}}
HOURS = {
    "name": "mine",
    "source": {"format": "csv", "files": {"all": "data/raw/mine/hours/*.csv"}},
    "split": {"test": {"by": "time", "column": "time", "share": 0.2},
              "validation": {"by": "time", "column": "time", "share": 0.2}},
}  # fmt: skip
LEVELS = {"target": {"task": "classification", "column": "level"}}
# What a line is added to, by a part of its first cell; else to TEXT.
BASES = {"row per time step": LONG, "times that": LONG, "same time": REPEATED,
         "nested": SERIES, "missing": SERIES, "forecast": HOURS,
         "for each time step": WIDE, "no header": TEXT | NO_HEADER,
         "database": TEXT | DATABASE}  # fmt: skip
# The parts of a line that a reader fills in.
FILL = {
    "{train: …, test: …}": "{train: data/raw/mine/a.csv, test: data/raw/mine/b.csv}",
    "patient, …}": "patient}",
    ", …}": ", validation: {by: share, share: 0.2}}",
}


def merge(base: Any, more: Any) -> Any:
    """Put `more` over `base`; a target, or what says how a split is made, is replaced whole."""
    whole = not isinstance(base, dict) or not isinstance(more, dict) or "all" in base
    if whole or "by" in more or "task" in more:
        return more
    return base | {key: merge(base.get(key), value) for key, value in more.items()}


def dataset_of(need: str, write: str) -> dict[str, Any]:
    """The file of the data set that a line describes."""
    for placeholder, value in FILL.items():
        write = write.replace(placeholder, value)
    dataset = next((base for part, base in BASES.items() if part in need), TEXT)
    dataset = merge(dataset, LEVELS if "numeric" in need else {})
    found = [yaml.safe_load(span) for span in re.findall(r"`([^`]+)`", write)]
    *spans, last = [span for span in found if "separator" not in span]
    if isinstance(last, str):  # "... under `source`"
        (span,) = spans
        spans = [{"source": {"source": span}, "long": {"columns": {"long": span}}}[last]]
    else:
        spans.append(last)
    for span in spans:
        dataset = merge(dataset, span)
    base = "text" if "text" in dataset.get("columns", {}) else "series"
    return {"defaults": [f"base/{base}@_here_", "_self_"], **dataset}


def write_csv(path: Path, rows: list[dict[str, Any]], *, header: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        if header:
            writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with files for every line of the table."""
    root = tmp_path_factory.mktemp("project")
    folder = root / "data/raw/mine"
    teams = ("billing", "network")
    texts = [
        {"team": teams[i % 2], "message": f"ticket {i}, please", "fold": i // 2 % 6,
         "patient": f"p{i // 4}", "level": i % 2 - 0.5,
         "topics": "news; sport" if i % 2 else "news", "age": 20 + i, "type": "xyz"[i % 3],
         "tags": "B-thing B-number O" if i % 2 else "O B-number O",
         "when": f"2024-01-{1 + i % 28:02}"}
        for i in range(120)
    ]  # fmt: skip
    for row in texts:
        row["subject"], row["body"] = row["message"].split(", ")
    write_csv(folder / "a.csv", texts[:80])
    write_csv(folder / "b.csv", texts[80:])
    headless = [{key: row[key] for key in ("team", "message")} for row in texts]
    write_csv(folder / "headless/rows.csv", headless, header=False)
    steps = [
        {"machine": f"m{m}", "time": step, "date": f"{step + 1:02}/01/2024 09:05",
         "x": m + step, "y": m * step, "state": "ab"[m % 2]}
        for m in range(60) for step in range(4)
    ]  # fmt: skip
    write_csv(folder / "long/steps.csv", steps)
    hours = [{"time": hour, "load": hour % 24 + hour % 7} for hour in range(1500)]
    write_csv(folder / "hours/rows.csv", hours)
    pd.DataFrame(texts).to_parquet(folder / "rows.parquet")
    with pd.ExcelWriter(folder / "mails.xlsx", engine="xlsxwriter") as book:
        pd.DataFrame(texts).to_excel(book, sheet_name="Mails", index=False)
    for number, row in enumerate(texts):
        path = folder / "mails" / row["team"] / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(row["message"])
    wide = [{"state": "ab"[i % 2], **{f"t{t}": i + t for t in range(4)}} for i in range(60)]
    write_csv(folder / "wide/rows.csv", wide)
    nested = [{"signal": [[i, 1.5, 2], [3, 4, i]], "state": "ab"[i % 2]} for i in range(60)]
    (folder / "nested.jsonl").write_text("".join(json.dumps(row) + "\n" for row in nested))
    return root


@pytest.mark.parametrize(("need", "write"), LINES, ids=[need for need, _ in LINES])
def test_a_data_set_of_the_page_is_prepared(
    project: Path, tmp_path: Path, need: str, write: str
) -> None:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "conf/dataset/mine.yaml").write_text(yaml.safe_dump(dataset_of(need, write)))
    (tmp_path / "params.yaml").write_text("choose: {dataset: mine}")
    dataset = compose(Paths(tmp_path)).dataset
    if dataset.source.format == "hub":
        return  # the rest needs a network
    report = prepare(dataset, project, tmp_path / "prepared", tmp_path / "cache")
    assert report["rows"]["test"] > 0
    assert report["rows"]["train"] > report["rows"]["validation"] > 0
