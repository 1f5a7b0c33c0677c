"""All benchmarks of the bars, one table and one plot.

    python benchmarks/bench.py [--quick] [NAME ...]    # runs, writes bench.json and docs/bench.svg
    python benchmarks/bench.py --collect               # the same from what each measured last
    python benchmarks/bench.py --print                 # prints bench.json

Each benchmark is a command of its own that writes its results as JSON; a row here reads one number
from there. The row says so if a benchmark cannot run or has not run. To add a benchmark, add a row
to COMMANDS; to add a bar, add a row to BARS. Needs a belt that is up to date (`make`), and PyTorch
from `benchmarks/training/setup.sh`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[1]
RESULT, PLOT = HERE / "bench.json", ROOT / "docs" / "bench.svg"
Row = dict[str, Any]  # what, bar, better, unit, measured: a number, or why there is none
# name -> (arguments, arguments of --quick, results)
COMMANDS: dict[str, tuple[list[str], list[str], str]] = {
    "training": (["training/run.py"], ["--rounds", "3"], "training/results.json"),
    "tagging": (
        ["training/run.py", "--task", "tagging"],
        ["--rounds", "3"],
        "training/results.json",
    ),
    "forecasting": (
        ["training/run.py", "--task", "forecasting"],
        ["--rounds", "3"],
        "training/results.json",
    ),
    "text": (["text.py"], ["--seeds", "2", "--epochs", "3"], "text.json"),
    "serving": (["serving.py"], [], "serving.json"),
    "prepare": (["prepare.py"], ["--rows", "10000", "--rounds", "1"], "prepare.json"),
    "belt": (["belt.py"], [], "belt.json"),
    "fitting": (["fitting/run.py"], ["--rounds", "1"], "fitting/results.json"),
}


@dataclass(frozen=True)
class Bar:
    """One row: `figure` reads it from the results of `source`; met where it is `better`."""

    what: str
    source: str
    figure: Callable[[Any], float]
    bar: float
    better: str = "higher"
    unit: str = "x"


def against(size: str, peer: str) -> Callable[[Any], float]:
    """The kernel's sequences a second over the better of the peers whose names begin so, on the
    processor that was measured last."""

    def figure(results: Any) -> float:
        return median(
            r["fused"][0] / max(v[0] for name, v in r.items() if name.startswith(peer))
            for r in results["lstm"][-1]["found"][size]
        )

    return figure


def with_one_thread(task: str, size: str) -> Callable[[Any], float]:
    """The trainer's sequences of a processor second over PyTorch's, both with one thread, on the
    processor that was measured last."""

    def figure(results: Any) -> float:
        return median(
            r["Conveyor, 1 thread"][2] / r["PyTorch, 1 thread"][2]
            for r in results[f"lstm {task}"][-1]["found"][size]
        )

    return figure


def text_speed(results: Any) -> float:
    return median(r["keras"]["epoch_s"] / r["conveyor"]["epoch_s"] for r in results["seeds"])


def http(how: str) -> Callable[[Any], float]:
    return lambda f: f["http"][how]["mlflow"]["p50_ms"] / f["http"][how]["conveyor"]["p50_ms"]


def start(results: Any) -> float:
    return results["http"]["start_s"]["conveyor"] / results["http"]["start_s"]["mlflow"]


def prepare_speed(results: Any) -> float:
    """The slowest case of those that both can do."""
    return min(
        median(t["seconds"] / o["seconds"]
               for o, t in zip(case["Conveyor"], case["datasets"], strict=True))
        for case in results
        if case.get("datasets")
    )  # fmt: skip


def prepare_memory(results: Any) -> float:
    """Peak of the stage at the most rows over that at the fewest, the worse of the formats."""
    peaks: dict[str, list[float]] = {}
    for case in sorted(results, key=lambda case: case["rows"]):
        if case["what"].startswith("stage"):
            peak = median(r["MiB"] for r in case["Conveyor"])
            peaks.setdefault(case["what"], []).append(peak)
    return max(values[-1] / values[0] for values in peaks.values())


def overhead(results: Any) -> float:
    return sum(part["seconds"] - part["training"] for part in results["stages"].values())


BARS = (
    *(Bar(f"training, {size}, against PyTorch, the better of 1 and 2 threads", "training",
          against(size, "PyTorch"), bar)
      for size, bar in (("small", 0.85), ("medium", 1.2), ("large", 1.35))),
    *(Bar(f"training, {size}, against stock Keras", "training", against(size, "Keras"), bar)
      for size, bar in (("small", 3.0), ("medium", 2.0), ("large", 1.5))),
    *(Bar(f"{task}, {size}, against PyTorch, one thread, by processor time", task,
          with_one_thread(task, size), bar)
      for task in ("tagging", "forecasting")
      for size, bar in (("small", 0.85), ("medium", 1.2), ("large", 1.35))),
    Bar("training on text, against Keras padded to the longest", "text", text_speed, 4.0),
    Bar("one request in process, p50, against ONNX Runtime alone", "serving",
        lambda f: f["call"]["predictor"]["p50_ms"] / f["call"]["session"]["p50_ms"], 1.5, "lower"),
    Bar("one request over HTTP, p50, against MLflow's Keras flavour", "serving",
        http("alone"), 10.0),
    Bar("50 requests/s over HTTP, p50, against MLflow's Keras flavour", "serving",
        http("offered"), 10.0),
    Bar("batch prediction, rows/s, against keras predict", "serving",
        lambda f: f["batch"]["conveyor_rows_s"] / f["batch"]["keras_rows_s"], 3.0),
    Bar("start to first answer, against MLflow's Keras flavour", "serving", start, 0.35, "lower"),
    Bar("prepare, rows/s, against datasets and tokenizers, the worst case", "prepare",
        prepare_speed, 1.0),
    Bar("prepare, peak memory, most rows over fewest (flat)", "prepare", prepare_memory, 1.25,
        "lower"),
    Bar("the whole belt without its training", "belt", overhead, 50.0, "lower", "s"),
)  # fmt: skip


def run(name: str, quick: bool) -> str:
    """Run one benchmark. Returns the last line of its error, or an empty text."""
    script, fewer, _ = COMMANDS[name]
    if not (HERE / script[0]).is_file():
        return f"benchmarks/{script[0]} is not there"
    command = [sys.executable, str(HERE / script[0]), *script[1:], *(fewer if quick else [])]
    process = subprocess.run(command, cwd=ROOT, text=True, stderr=subprocess.PIPE, check=False)
    return process.stderr.strip().splitlines()[-1] if process.returncode else ""


def measured(bar: Bar, failed: dict[str, str]) -> float | str:
    """The measured value, or the reason why there is none."""
    if bar.source in failed:
        return failed[bar.source]
    path = HERE / COMMANDS[bar.source][2]
    if not path.is_file():
        return "not measured"
    try:
        return bar.figure(json.loads(path.read_text()))
    except (KeyError, ValueError, TypeError) as error:
        return f"not in the results ({type(error).__name__}: {error})"


def rows(failed: dict[str, str]) -> list[Row]:
    return [
        {"what": bar.what, "bar": bar.bar, "better": bar.better, "unit": bar.unit,
         "measured": measured(bar, failed)}
        for bar in BARS
    ]  # fmt: skip


def share(row: Row) -> float:
    """How far beyond its bar: 1 is on it, more is better."""
    value, bar = row["measured"], row["bar"]
    return value / bar if row["better"] == "higher" else bar / value


def table(rows: list[Row]) -> str:
    lines = ["| what | bar | measured | met |", "| --- | --- | --- | --- |"]
    for row in rows:
        sign, unit, value = "≥" if row["better"] == "higher" else "≤", row["unit"], row["measured"]
        text, met = value, "-"
        if not isinstance(value, str):
            text, met = f"{value:.3g} {unit}", "yes" if share(row) >= 1 else "no"
        lines.append(f"| {row['what']} | {sign} {row['bar']:g} {unit} | {text} | {met} |")
    return "\n".join(lines)


def plot(rows: list[Row]) -> None:
    """Each figure relative to its bar, on a logarithmic axis; right of 1 the bar is met."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "conveyor"
    from matplotlib import pyplot as plt

    measured_rows = [row for row in rows if not isinstance(row["measured"], str)]
    shares = [share(row) for row in measured_rows]
    figure, axes = plt.subplots(figsize=(10, 0.4 * len(measured_rows) + 1), layout="constrained")
    axes.barh(
        [row["what"] for row in measured_rows], [value - 1 for value in shares], left=1.0,
        color=["tab:green" if value >= 1 else "tab:red" for value in shares],
    )  # fmt: skip
    axes.set_xscale("log")
    ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlim(min(0.5, 0.9 * min(shares, default=1.0)), max(2.0, 1.1 * max(shares, default=1)))
    axes.axvline(1.0, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlabel("measured, relative to its bar (right of 1: met)")
    figure.savefig(PLOT, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(COMMANDS)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    parser.add_argument("--collect", action="store_true", help="run nothing, read the results anew")
    parser.add_argument("--print", action="store_true", help="print bench.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        failed: dict[str, str] = {}
        for name in [] if args.collect else args.names or COMMANDS:
            print(f"== {name}", file=sys.stderr, flush=True)
            if error := run(name, args.quick):
                failed[name] = error
        results = rows(failed)
        RESULT.write_text(json.dumps(results, indent=1) + "\n")
        plot(results)
    print(table(json.loads(RESULT.read_text())))
