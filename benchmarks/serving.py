"""What an answer costs: in process, over HTTP, from the start of a server, by the file, in int8.

    python benchmarks/serving.py            # measures, writes serving.json, prints
    python benchmarks/serving.py --only int8 call    # these parts of it
    python benchmarks/serving.py --print    # prints serving.json

Needs a belt that is up to date (`make`). The peer is the same network, same weights, as MLflow's
own Keras flavour (`serving_http.py`).
"""

import argparse
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from serving_http import ROOT, Times, figures, over_http

from conveyor import files
from conveyor.batch.predict import predict_file
from conveyor.config import NamedConfig, load
from conveyor.data.store import Prepared
from conveyor.models.quantise import quantise
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests
from conveyor.serving.latency import measure_latencies
from conveyor.serving.measurements import compare_with_float, padding_difference

RESULT = Path(__file__).with_suffix(".json")
PARTS = ("call", "http", "batch", "int8")
CALLS, ROUNDS, BATCH_ROWS = 3000, 5, 20_000


def one_call(model: LoadedModel, rows: list[Any]) -> dict[str, Any]:
    """`LoadedModel.predict([row])` and the session alone on the encoded row, in turns."""
    encoded = [model.encoder.encode([row]) for row in rows]
    feeds = cycle([{"values": e.values[None], "lengths": e.lengths} for e in encoded])
    raw = cycle(rows)
    session, ours = measure_latencies([
        lambda: model.session.run(["probabilities"], next(feeds)),
        lambda: model.predict([next(raw)]),
    ], repeats=CALLS)  # fmt: skip
    return {"predictor": figures(ours), "session": figures(session)}


def in_int8(paths: Paths, rows: list[Any], targets: Any, folder: Path) -> dict[str, Any]:
    """The float graph and its int8 form: bytes, one row's latency, accuracy on the test rows."""
    small = folder / "int8"
    shutil.copytree(paths.model, small)
    quantise(small)
    write_digests(small)
    models = {"float": LoadedModel.load(paths.model), "int8": LoadedModel.load(small)}
    # Each its own rows in turn, since one iterator would give them to the two alternately.
    turns = [(model, cycle(rows[:100])) for model in models.values()]
    calls = [lambda m=model, r=raw: m.predict([next(r)]) for model, raw in turns]
    times = dict(zip(models, measure_latencies(calls, repeats=CALLS), strict=True))
    cost = compare_with_float(small, rows, targets, models["int8"].predict(rows).outputs)
    assert cost is not None
    return {
        "bytes": {k: (f / "model.onnx").stat().st_size
                  for k, f in (("float", paths.model), ("int8", small))},
        "call": {k: figures(values) for k, values in times.items()},
        "accuracy": {"float": cost["float_accuracy"], "int8": cost["accuracy"]},
        "largest_difference": cost["largest_difference"],
        "beside_others": {k: padding_difference(m, rows[:32]) for k, m in models.items()},
    }  # fmt: skip


def by_the_file(model: LoadedModel, paths: Paths, rows: list[Any], folder: Path) -> Times:
    """Rows a second: a Parquet file to a Parquet file, and `keras.Model.predict` in memory."""
    import keras

    many = (rows * (BATCH_ROWS // len(rows) + 1))[:BATCH_ROWS]
    source, target = folder / "in.parquet", folder / "out.parquet"
    pq.write_table(pa.table({model.encoder.column: many}), source)
    values, lengths = model.encoder.encode(many).pad_rows(np.arange(len(many)))
    network: Any = keras.models.load_model(paths.model / "model.keras")
    feed = {"values": values, "lengths": lengths}

    def by_file() -> None:
        predict_file(model, source, target, column=None, skip_bad=False)

    def by_keras() -> None:
        network.predict(feed, batch_size=256, verbose=0)

    by_keras()  # traces its graph once
    times = [(*seconds(by_file), *seconds(by_keras)) for _ in range(ROUNDS)]
    names = ("conveyor_rows_s", "conveyor_rows_cpu_s", "keras_rows_s", "keras_rows_cpu_s")
    middle = (median(column) for column in zip(*times, strict=True))
    return {name: BATCH_ROWS / took for name, took in zip(names, middle, strict=True)}


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """Of the clock, and of all cores together."""
    began, busy = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - began, time.process_time() - busy


def measure(parts: list[str]) -> dict[str, Any]:
    """The last results, with these parts measured again."""
    paths = Paths(ROOT)
    model = LoadedModel.load(paths.model)
    test = Prepared(paths.prepared).split("test")
    rows = [row if isinstance(row, str) else np.asarray(row).tolist() for row in test.rows]
    results: dict[str, Any] = files.read_json(RESULT) if RESULT.is_file() else {}
    results |= {"name": load(NamedConfig, paths.config).name, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        work: dict[str, Callable[[], Any]] = {
            "call": lambda: one_call(model, rows[:100]),
            "http": lambda: over_http(model, paths, rows[0], Path(name)),
            "batch": lambda: by_the_file(model, paths, rows, Path(name)),
            "int8": lambda: in_int8(paths, rows, np.asarray(test.targets), Path(name)),
        }
        return results | {part: work[part]() for part in parts}


def line(what: str, ours: float, theirs: float, unit: str, other: str) -> str:
    return (f"| {what} | {ours:.3g} {unit} | {theirs:.3g} {unit} | {other} | "
            f"{ours / theirs:.3g} |")  # fmt: skip


def table(results: dict[str, Any]) -> str:
    call, http_, batch = results["call"], results["http"], results["batch"]
    flavour = "MLflow's Keras flavour"
    lines = [
        f"{results['name']}, {results['cores']} cores; the servers' answers differ by "
        f"{http_['apart']:.0e} at most",
        "",
        "| what | Conveyor | other | the other is | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    for p in ("p50_ms", "p99_ms"):
        ours, theirs = call["predictor"][p], call["session"][p]
        lines.append(line(f"one row in process, {p[:3]}", ours, theirs, "ms", "ONNX Runtime alone"))
    for how, title in (("alone", "one client, at most 50 a second"), ("offered", "50 a second")):
        for p in ("p50_ms", "p99_ms"):
            ours, theirs = (http_[how][who][p] for who in ("conveyor", "mlflow"))
            lines.append(line(f"one row over HTTP, {title}, {p[:3]}", ours, theirs, "ms", flavour))
    start = http_["start_s"]
    lines.append(line("start to first answer", start["conveyor"], start["mlflow"], "s", flavour))
    for key, unit in (("rows_s", "rows/s"), ("rows_cpu_s", "rows/CPU-s")):
        ours, theirs = batch[f"conveyor_{key}"], batch[f"keras_{key}"]
        lines.append(line("a file of rows", ours, theirs, unit, "keras predict in memory"))
    lines += ["", *int8_table(results["int8"])]
    return re.sub(r"e([+-])0*(\d)", r"e\1\2", "\n".join(lines))


def int8_table(results: dict[str, Any]) -> list[str]:
    kinds = ("float", "int8")
    values = {
        "the graph, kB": [f"{results['bytes'][k] / 1e3:.0f}" for k in kinds],
        "one row in process, p50, ms": [f"{results['call'][k]['p50_ms']:.3g}" for k in kinds],
        "accuracy on the test rows": [f"{results['accuracy'][k]:.4f}" for k in kinds],
        "a probability alone and beside other rows differs by at most": [
            f"{results['beside_others'][k]:.0e}" for k in kinds
        ],
        "a probability differs from the float graph's by at most": [
            "", f"{results['largest_difference']:.0e}"
        ],
    }  # fmt: skip
    rows = [f"| {what} | {' | '.join(cells)} |" for what, cells in values.items()]
    return ["|  | float | int8 |", "| --- | --- | --- |", *rows]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="what was measured last")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help=f"measure these anew, keep the rest: {', '.join(PARTS)}")  # fmt: skip
    args = parser.parse_args()
    if not args.print:
        files.write_json(RESULT, measure(args.only))
    print(table(files.read_json(RESULT)))
