"""What the stages have written into the project folder, as the page shows it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from conveyor import files
from conveyor.config.load import flatten
from conveyor.data.report import count_findings, say_files
from conveyor.metrics.table import write_score
from conveyor.paths import Paths
from conveyor.serving.card import read_card
from conveyor.tasks import Task
from conveyor.tasks.objectives import objectives

SPLITS = ("train", "validation", "test")


def read_request(paths: Paths) -> dict[str, Any] | None:
    """What was asked: the resolved configuration, and what params.yaml changes of conf/; None
    before `compose` has run."""
    if not paths.config.is_file():
        return None
    config = files.read_yaml(paths.config)
    dataset, source = config["dataset"], config["dataset"]["source"]
    rows = {
        "experiment": config["choose"].get("experiment") or "none",
        "task": dataset["target"]["task"],
        "data set": f"{dataset['name']} ({dataset['kind']}, {source['format']}): "
        f"{_name_places(source)}",
        "model": f"{config['model']['cell']}, units {config['model']['units']}",
        "sweep": _describe_sweep(config["sweep"]),
        "seed": config["seed"],
    }
    return {"name": config["name"], "config": config, "rows": rows, **_read_overrides(paths.params)}


def _name_places(source: Mapping[str, Any]) -> str:
    """Return the data set of the hub, or the paths of all parts."""
    parts = [[paths] if isinstance(paths, str) else paths for paths in source["files"].values()]
    return source["hub"] or ", ".join(path for paths in parts for path in paths)


def _describe_sweep(sweep: Mapping[str, Any]) -> str:
    if sweep["enabled"] is False:
        return "none: the configuration is used as it is"
    return f"{sweep['trials']} trials over {', '.join(_list_searched(sweep))}"


def _list_searched(sweep: Mapping[str, Any]) -> list[str]:
    return [key for key, values in sweep["space"].items() if values is not None]


def _read_overrides(path: Path) -> dict[str, Any]:
    """Return the choices and overrides of params.yaml, or why it cannot be read."""
    try:
        params = yaml.safe_load(path.read_text("utf-8")) or {}
        choices = params.pop("choose", None) or {}
        overrides = {f"choose.{group}": name for group, name in choices.items() if name is not None}
        overrides |= flatten(params)
    except (OSError, yaml.YAMLError, AttributeError) as error:
        return {"overrides": {}, "params_problem": f"{path}: {error}"}
    return {"overrides": overrides, "params_problem": None}


def read_data_card(paths: Paths) -> dict[str, Any] | None:
    """The prepared data: rows and lengths of each split, findings, warnings, plots."""
    if not paths.data_report.is_file():
        return None
    report = files.read_json(paths.data_report)
    lengths, rows = report["lengths"], report["rows"]
    findings = count_findings(report)
    return {
        "read": rows["read"],
        "splits": [{"name": name, "rows": rows[name], **lengths[name],
                    "truncated": report["truncated"][name]} for name in SPLITS],
        "files": say_files(report),
        "findings": {name: count for name, count in findings.items() if count},
        "checks": len(findings),
        "warnings": report["warnings"],
        "plots": sorted(paths.data_plots.glob("*.png")),
    }  # fmt: skip


def read_sweep(paths: Paths, config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The trials of the sweep, the importance of its parameters, and the best trial; None before
    `sweep` has run. `trials` is empty where no search ran."""
    best_file = paths.sweep / "best.yaml"
    if not best_file.is_file():
        return None
    importance_file = paths.sweep / "importance.csv"
    shares = read_csv(importance_file) if importance_file.is_file() else []
    objective = config["sweep"]["objectives"][0]
    return {
        "best": files.read_yaml(best_file),
        "trials": read_csv(paths.sweep / "trials.csv"),
        "importance": {row["parameter"]: float(row["share"]) for row in shares},
        "objective": objective,
        "better": objectives()[objective],
        "parameters": [
            key for key, values in config["sweep"]["space"].items() if values is not None
        ],
        "pages": sorted(paths.sweep_pages.glob("*.html")),
    }


def read_model(paths: Paths) -> dict[str, Any] | None:
    """The exported model: its digest, card, task and learning curves; None before `train` has run.

    Raises:
        FormatError: its card is damaged, or another version of the program wrote it.
    """
    if not (paths.model / "card.json").is_file():
        return None
    card = read_card(paths.model)
    history = [
        {name: float(value) for name, value in row.items()}
        for row in read_csv(paths.model / "history.csv")
    ]
    return {
        "digest": files.digest_tree(paths.model),
        "card": card,
        "task": Task(card.target),
        "written": (paths.model / "card.json").stat().st_mtime,
        "history": history,
    }


def read_evaluation(paths: Paths, task: Task) -> dict[str, Any] | None:
    """The evaluation on the test rows; None before `evaluate` has run."""
    report, page = paths.evaluation / "report.json", paths.evaluation / "report.md"
    if not report.is_file() or not page.is_file():
        return None
    content, metrics = files.read_json(report), task.metrics
    headline = metrics.headline
    titles = {name: metric.title for name, metric in metrics.metrics.items()}
    return {
        "title": metrics[headline].title,
        "value": content["scores"].get(headline),
        "interval": tuple(content["intervals"].get(headline, ())) or None,
        "baselines": {
            name: scores[headline]
            for name, scores in content["baselines"].items()
            if headline in scores
        },
        "better": metrics[headline].better,
        "slices": _tabulate_slices(content["slices"], titles),
        "slice_values": [scores.get(headline) for scores in content["slices"]],
        "markdown": page.read_text("utf-8"),
    }


def read_model_card(paths: Paths) -> str | None:
    """The model card without its front matter; None before `evaluate` has run."""
    if not paths.model_card.is_file():
        return None
    return paths.model_card.read_text("utf-8").split("---\n", 2)[-1]


def _tabulate_slices(
    slices: Sequence[Mapping[str, Any]], titles: Mapping[str, str]
) -> dict[str, Any]:
    """Return the table of slices by length: its columns and rows."""
    names = [name for name in titles if any(name in scores for scores in slices)]
    rows = [
        [f"{s['from']} to {s['to']}", s["rows"],
         *(write_score(s[name]) if name in s else "" for name in names)]
        for s in slices
    ]  # fmt: skip
    return {"columns": ["length", "rows", *(titles[name] for name in names)], "rows": rows}


def read_csv(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file, by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
