"""Measures memory and time of training on very long rows, in chunks.

    python benchmarks/long_rows.py [--steps 2000 100000] [--chunk 500]

For each number of steps, one process prepares 32 generated series of 4 channels, and another does
what the stage `train` does with them: it fits one LSTM layer of 32 units for eight updates, exports
it, and compares the export with Keras. Memory is the peak resident set of that second process,
imports included. Writes long_rows.json; `--print` prints the stored results.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS, ROOT = HERE / "long_rows.json", HERE.parent
ROWS, CHANNELS, BAR = 32, 4, 1.5  # the bar: peak memory of the longest rows over the shortest
OVERRIDES = [
    "name=long_rows", "choose.dataset=japanese_vowels", "choose.model=lstm",
    "dataset.source.format=parquet",
    "dataset.source.files.all=rows.parquet",
    "~dataset.source.files.train", "~dataset.source.files.test",
    "dataset.columns.series=series", "dataset.target.column=label",
    "dataset.split={test: {by: share, share: 0.25}, validation: {by: share, share: 0.25}}",
    "dataset.encoding.max_length=null", "dataset.checks.min_rows=2",
    "model.units=[32]", "model.pooling=mean", "sweep.enabled=false", "train.batch_size=8",
    "train.updates=8", "train.validate_every=4", "train.folds=null", "train.refit=false",
]  # fmt: skip


def write_rows(path: Path, steps: int) -> None:
    """Write noise whose mean says the class."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw = np.random.default_rng(0)
    levels = ["low", "high"] * (ROWS // 2)
    series = [draw.normal(0.3 * (level == "high"), 1.0, (steps, CHANNELS)) for level in levels]
    numbers = pa.array(np.concatenate(series).astype(np.float32).reshape(-1))
    each_step = pa.ListArray.from_arrays(
        pa.array(np.arange(0, len(numbers) + 1, CHANNELS, dtype=np.int32)), numbers
    )
    each_row = pa.array(np.arange(0, ROWS * steps + 1, steps, dtype=np.int32))
    rows = pa.ListArray.from_arrays(each_row, each_step)
    pq.write_table(pa.table({"series": rows, "label": levels}), path)


def configure(chunk: int) -> Any:
    from conveyor.compose import compose
    from conveyor.paths import Paths

    return compose(Paths(ROOT), [*OVERRIDES, f"train.chunk={chunk}"])


def prepare_rows(folder: Path, steps: int, chunk: int) -> None:
    from conveyor.data.prepare import prepare

    write_rows(folder / "rows.parquet", steps)
    prepare(configure(chunk).dataset, folder, folder / "prepared", folder / "cache")


def train(folder: Path, steps: int, chunk: int) -> None:
    """Train, export and check, and print seconds and peak memory as JSON."""
    from conveyor.config import TrainConfig, narrow
    from conveyor.data.store import Prepared
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model
    from conveyor.training.threads import set_threads

    config, prepared = narrow(configure(chunk), TrainConfig), Prepared(folder / "prepared")
    set_threads(config, os.cpu_count() or 1)
    began = time.perf_counter()
    model, history = fit(config, prepared, progress=False)
    fitted = time.perf_counter()
    write_model(model, history, config, prepared, folder / "model")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    print(json.dumps({"steps": steps, "chunk": chunk, "fit": fitted - began,
                      "export": time.perf_counter() - fitted, "peak": peak}))  # fmt: skip


TASKS = {"prepare": prepare_rows, "train": train}


def start(task: str, folder: Path, steps: int, chunk: int) -> str:
    """Run a task in a process of its own, and return the last line that it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--task", task, str(folder), str(steps), str(chunk)]
    done = subprocess.run(command, env=environment, cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE)  # fmt: skip
    return (done.stdout.splitlines() or [""])[-1]


def measure(lengths: list[int], chunk: int) -> list[dict[str, Any]]:
    results = []
    for steps in lengths:
        with tempfile.TemporaryDirectory() as name:
            start("prepare", Path(name), steps, chunk)
            results.append(json.loads(start("train", Path(name), steps, chunk)))
    return results


def describe(results: list[dict[str, Any]]) -> str:
    """Return a table in Markdown, and whether the bar is met."""
    lines = ["| steps | chunk | fit, s | export and check, s | peak memory, MiB |",
             "| --- | --- | --- | --- | --- |"]  # fmt: skip
    lines += [
        f"| {r['steps']:,} | {r['chunk']} | {r['fit']:.1f} | {r['export']:.1f} | {r['peak']:.0f} |"
        for r in results
    ]
    peaks = {r["steps"]: r["peak"] for r in results}
    ratio = peaks[max(peaks)] / peaks[min(peaks)]
    met = "met" if ratio <= BAR else "not met"
    lines += ["", f"The longest rows need {ratio:.2f} of the memory of the shortest: the bar of "
              f"{BAR} is {met}."]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        task, folder, steps, chunk = sys.argv[2:]
        TASKS[task](Path(folder), int(steps), int(chunk))
        raise SystemExit
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, nargs="+", default=[2000, 100_000])
    parser.add_argument("--chunk", type=int, default=500)
    parser.add_argument("--print", action="store_true", help="print long_rows.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        RESULTS.write_text(json.dumps(measure(args.steps, args.chunk), indent=1) + "\n")
    print(describe(json.loads(RESULTS.read_text())))
