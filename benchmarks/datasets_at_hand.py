"""Project folders for the data sets of the benchmarks, committed ones and those of a folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
COMMITTED = ("japanese_vowels", "vader_tweets", "vader_rating")
FORECASTS = ("shop_visits",)  # committed too; the other benchmarks read rows, and no windows
FOLDERS = {"snips_slots": "snips"}  # of data sets that have no folder of their name
# Series of the UCR archive in two files, FOLDER/NAME/*_TRAIN.ts and *_TEST.ts. Nothing but this is
# said of them.
SERIES = """\
defaults: [base/series@_here_, _self_]
source:
  format: ts
  files: {{train: "data/raw/{name}/*_TRAIN.ts", test: "data/raw/{name}/*_TEST.ts"}}
columns: {{series: series}}
target: {{task: classification, column: label}}
split: {{test: {{by: given}}, validation: {{by: share, share: 0.3}}}}
name: {name}
"""


def find_datasets(data: Path | None) -> list[str]:
    """Return the names of the data sets that can be used, with those of the folder `data`."""
    folders = sorted(data.iterdir()) if data else []
    others = [f.name for f in folders if f.name in ("sms_spam", "snips") or _is_archive(f)]
    return [*COMMITTED, *(name for name in others if name not in COMMITTED)]


def make_project(
    name: str, data: Path | None, project: Path, settings: dict[str, Any] | None = None
) -> None:
    """Fill a folder with conf/, raw data and params.yaml, so that stages run in it; no search.

    Args:
        data: folder of the data sets that are not committed.
        settings: further values of params.yaml.

    Raises:
        FileNotFoundError: `data` does not hold the data set.
    """
    shutil.copytree(ROOT / "conf", project / "conf")
    shutil.copytree(ROOT / "data" / "raw", project / "data" / "raw")
    params: dict[str, Any] = {"choose": {"experiment": name, "sweep": "none"}}
    if name not in (*COMMITTED, *FORECASTS):
        source_name = FOLDERS.get(name, name)
        if data is None or not (data / source_name).is_dir():
            raise FileNotFoundError(name)
        raw = project / "data" / "raw" / source_name
        raw.mkdir(parents=True)
        if _is_archive(data / name):
            for file in (data / name).glob("*.ts"):
                shutil.copy(file, raw)
            (project / "conf" / "dataset" / f"{name}.yaml").write_text(SERIES.format(name=name))
            params = {"choose": {"dataset": name, "sweep": "none"}}
        elif name == "sms_spam":
            shutil.copy(data / name / "sms.tsv", raw)
            source = {"format": "tsv", "files": {"all": f"data/raw/{name}/sms.tsv"}, "hub": None,
                      "revision": None, "header": ["label", "sms"], "quote": None}  # fmt: skip
            params["dataset"] = {"source": source}
        elif name == "etth1":
            shutil.copy(data / name / "ETTh1.csv", raw)
        elif name == "snips_slots":
            for file in (data / source_name).glob("*.seq.*"):
                shutil.copy(file, raw)
        else:
            _write_snips(data / name, raw)
    (project / "params.yaml").write_text(yaml.safe_dump(params | (settings or {})))


def run_stages(project: Path, stages: Sequence[str]) -> None:
    """Run stages in a project folder, with the code beside this file."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    for stage in stages:
        command = [sys.executable, "-m", f"pipeline.{stage}"]
        subprocess.run(command, cwd=project, env=environment, check=True)


def _is_archive(folder: Path) -> bool:
    return any(folder.glob("*_TRAIN.ts")) and any(folder.glob("*_TEST.ts"))


def _write_snips(folder: Path, raw: Path) -> None:
    for part, to in (("train", "train"), ("valid", "validation"), ("test", "test")):
        texts = (folder / f"{part}.seq.in").read_text().splitlines()
        intents = (folder / f"{part}.label").read_text().splitlines()
        rows = "".join(
            f"{intent.strip()}\t{text}\n" for intent, text in zip(intents, texts, strict=True)
        )
        (raw / f"{to}.tsv").write_text(rows)
