"""Compare recipes by their validation rows, over all data sets at hand. No test row is read.

    python benchmarks/defaults.py [RECIPE ...] [--data FOLDER] [--sets NAME ...] [--seeds 17]

The defaults of conf/model and conf/train may be chosen by this table. `--data` names a folder with
further data sets; see benchmarks/datasets_at_hand.py. Each fit is a process of its own. Its figure
is the task's headline metric of the validation rows at the chosen update, of all rows where these
are few (cross-validation). The figures go to benchmarks/defaults.json, beside those of earlier
runs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

from datasets_at_hand import find_datasets, make_project, run_stages

RESULTS = Path(__file__).with_name("defaults.json")
# What each recipe changes of the defaults of its kind of data.
RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    "series": {
        "default": {},
        "no front": {"model.front": "none"},
        "two layers": {"model.units": [64, 64]},
        "wide": {"model.wide": True},
        "attention": {"model.pooling": "attention"},
    },
    "text": {
        "default": {},
        "one vector: last state": {"model.pooling": "last"},
        "two layers": {"model.units": [64, 64]},
        "no wide branch": {"model.wide": False},
        "word dropout": {"model.word_dropout": 0.1},
        "128 units": {"model.units": [128]},
        "front": {"model.front": "convolution"},
    },
}


def fit_once(folder: Path, changes: dict[str, Any]) -> dict[str, float]:
    """Fit in this process, and return the validation metrics."""
    from conveyor.config import FitConfig, load, overlay
    from conveyor.data.store import Prepared
    from conveyor.training.fit import fit
    from conveyor.training.threads import set_threads

    config = overlay(load(FitConfig, folder / "artifacts" / "config.yaml"), changes)
    prepared = Prepared(folder / "data" / "prepared")
    set_threads(config, 2)
    _, history = fit(config, prepared, progress=False)
    headline = prepared.task.metrics.headline
    return {"score": history.best[f"val_{headline}"], "loss": history.best["val_loss"]}


def measure(name: str, folder: Path, recipe: str, seed: int) -> dict[str, Any]:
    """Fit one recipe on one prepared data set, in a fresh process."""
    kind = json.loads((folder / "data" / "prepared" / "meta.json").read_text())["kind"]
    report = json.loads((folder / "reports" / "data.json").read_text())
    size = {"rows": report["rows"]["train"] + report["rows"]["validation"],
            "length": report["lengths"]["train"]["median"]}  # fmt: skip
    changes = {**RECIPES[kind][recipe], "seed": seed, "train.refit": True}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, __file__, "--once", str(folder), json.dumps(changes)],
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    seconds = round(time.monotonic() - began)
    measured = json.loads(done.stdout.splitlines()[-1])
    return {"name": name, "kind": kind, "recipe": recipe, "seed": seed, "seconds": seconds,
            **size, **measured}  # fmt: skip


def table(results: list[dict[str, Any]], kind: str) -> str:
    """Return a row for each data set, those of few rows first, and the mean over the seeds of each
    recipe."""
    of_kind = sorted((r for r in results if r["kind"] == kind), key=lambda r: r["rows"])
    recipes = [recipe for recipe in RECIPES[kind] if any(r["recipe"] == recipe for r in of_kind)]
    lines = [
        f"| {kind} | rows | median length | {' | '.join(recipes)} |",
        f"|{' --- |' * (len(recipes) + 3)}",
    ]
    for name in dict.fromkeys(r["name"] for r in of_kind):
        first = next(r for r in of_kind if r["name"] == name)
        cells = [f"{first['rows']:,}", f"{first['length']:g}"]
        for recipe in recipes:
            scores = [r["score"] for r in of_kind if (r["name"], r["recipe"]) == (name, recipe)]
            cells.append(f"{mean(scores):.4f}" if scores else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="default: all of them")
    parser.add_argument("--data", type=Path, help="folder of the data sets that are not committed")
    parser.add_argument("--sets", nargs="+", metavar="NAME", help="default: all of them")
    parser.add_argument("--seeds", type=int, nargs="+", default=[17])
    parser.add_argument("--print", action="store_true", help="print the tables of earlier runs")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        print(json.dumps(fit_once(Path(args.once[0]), json.loads(args.once[1]))))
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    for name in [] if args.print else args.sets or find_datasets(args.data):
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder)
            make_project(name, args.data, project)
            run_stages(project, ["compose", "prepare"])
            meta = json.loads((project / "data" / "prepared" / "meta.json").read_text())
            for recipe in RECIPES[meta["kind"]]:
                if args.recipes and recipe not in args.recipes:
                    continue
                for seed in args.seeds:
                    result = measure(name, project, recipe, seed)
                    print(json.dumps(result), flush=True)
                    key = (name, recipe, seed)
                    others = [r for r in results if (r["name"], r["recipe"], r["seed"]) != key]
                    results = [*others, result]
                    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    print("\n\n".join(table(results, kind) for kind in RECIPES))


if __name__ == "__main__":
    main()
