"""Run the belt on each data set's published split and print the tables of the README.

    python benchmarks/results.py [NAME ...] [--data FOLDER] [--seeds 17 18 19]

Each run is a project folder of its own with its own tracking store; nothing here is touched.
`--data` names the folder that holds the data sets which are not part of the project
(sms_spam/sms.tsv, snips/*.seq.in and *.label, etth1/ETTh1.csv, and series of the UCR archive as
NAME/*_TRAIN.ts and *_TEST.ts); those are left out without it. The figures go to
benchmarks/results.json, beside those of earlier runs.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

from datasets_at_hand import make_project, run_stages

RESULTS = Path(__file__).with_name("results.json")
STAGES = ("compose", "prepare", "sweep", "train", "evaluate", "register")
# What is predicted, and which rows are for training and validation, and for the test.
CLASSES = {
    "gunpoint": "GunPoint, 2 motions | 50 rows / 150 rows",
    "pickup_gesture": "PickupGesture, 10 gestures | 50 rows / 50 rows",
    "japanese_vowels": "Japanese Vowels, 9 speakers | 270 rows / 370 rows",
    "vader_tweets": "VADER tweets, sign of the rating | 80 % / 20 %, at random",
    "sms_spam": "SMS spam | first 30 % / other 70 %",
    "snips": "SNIPS, 7 intents | 13,784 rows / 700 rows",
}
NUMBERS = {"vader_rating": "VADER tweets, mean rating | 80 % / 20 %, at random"}
FORECASTS = {
    "shop_visits": "visitors of four shops, a day of 8 steps | 80 % / 20 % of the time",
    "etth1": "ETTh1, oil temperature, a day of 24 steps | 16 months / 4 months",
}
TAGS = {"snips_slots": "SNIPS, 39 types of slots | 13,784 rows / 700 rows"}
ALL = CLASSES | NUMBERS | FORECASTS | TAGS
CLASS_COLUMNS = {
    "test accuracy": "accuracy",
    "macro F1": "macro_f1",
    "MCC": "mcc",
    "accuracy of the best baseline": "baseline_accuracy",
}
NUMBER_COLUMNS = {
    "Pearson correlation": "pearson",
    "mean absolute error": "mae",
    "R²": "r2",
    "rows within the 80 % interval": "coverage",
    "scaled error": "scaled_mae",
    "scaled error of the best baseline": "baseline_scaled_mae",
}
FORECAST_COLUMNS = {
    "mean squared error, in variances": "scaled_mse",
    "scaled error": "scaled_mae",
    "scaled error of the best baseline": "baseline_scaled_mae",
    "values within the 80 % interval": "coverage",
    "MASE": "mase",
}
TAG_COLUMNS = {
    "F1 of spans": "span_f1",
    "accuracy of tags": "tag_accuracy",
    "rows with all tags right": "row_accuracy",
    "F1 of the best baseline": "baseline_span_f1",
}


def run(name: str, seed: int, data: Path | None) -> dict[str, Any]:
    """One belt, from the source to its figures on the test rows."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        make_project(name, data, project, {"seed": seed})
        began = time.monotonic()
        run_stages(project, STAGES)
        metrics = json.loads((project / "reports" / "metrics.json").read_text())
        rows = json.loads((project / "reports" / "data.json").read_text())["rows"]
        verdict = json.loads((project / "reports" / "promotion" / "verdict.json").read_text())
        minutes = round((time.monotonic() - began) / 60, 1)
        return {"name": name, "seed": seed, "rows": rows, "minutes": minutes,
                "promoted": verdict["promote"], **metrics}  # fmt: skip


def table(results: list[dict[str, Any]], titles: dict[str, str], columns: dict[str, str]) -> str:
    """Return the rows of some data sets, and the mean over the seeds of each metric.

    Args:
        titles: by data set.
        columns: the metric that each column shows.
    """
    head = ["data set", "training and validation / test", *columns, "promoted by the gates"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for name, title in titles.items():
        if runs := [r for r in results if r["name"] == name]:
            cells = [_describe([r[metric] for r in runs]) for metric in columns.values()]
            promoted = [r["promoted"] for r in runs if "promoted" in r]
            cells.append(f"{sum(promoted)} of {len(promoted)}" if promoted else "")
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _describe(values: list[float]) -> str:
    if min(values) == max(values):
        return f"{values[0]:.4f}"
    return f"{mean(values):.4f} ({min(values):.4f} to {max(values):.4f}, {len(values)} seeds)"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; default all"
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets that are not committed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[17])
    parser.add_argument("--print", action="store_true", help="print the table of earlier runs")
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    for name in [] if args.print else args.names or ALL:
        for seed in args.seeds:
            try:
                result = run(name, seed, args.data)
            except FileNotFoundError:
                print(f"{name} is left out: --data names no folder that holds it", file=sys.stderr)
                break
            results = [r for r in results if (r["name"], r["seed"]) != (name, seed)] + [result]
            RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    print(table(results, CLASSES, CLASS_COLUMNS))
    print()
    print(table(results, NUMBERS, NUMBER_COLUMNS))
    print()
    print(table(results, FORECASTS, FORECAST_COLUMNS))
    print()
    print(table(results, TAGS, TAG_COLUMNS))


if __name__ == "__main__":
    main()
