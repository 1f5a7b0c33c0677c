"""Measures time and memory of preparing and reading ten million short rows.

    python benchmarks/memory.py [--rows 1000000 10000000]

One process prepares generated texts of 1 to 8 words from one Parquet file, another reads the
batches of one training epoch from the store. Memory is the peak of the process, imports included:
`anonymous` counts its own pages, `resident` also those of mapped files, which the kernel can
reclaim. Then, on the default data and on texts like SNIPS's, it measures batches a second of the
input pipeline alone, and training steps a second of the default model on the same batches. Writes
memory.json; `--print` prints the stored results.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from generate import write_sentences
from prepare import dataset

HERE = Path(__file__).parent
RESULTS, ROOT = HERE / "memory.json", HERE.parent
BATCHES = {"batch_size": 64, "bucket_batches": 16, "seed": 1, "epoch": 0}
SECONDS = 4.0  # of training steps that are timed


class Peak:
    """The most that this process held while the block ran, in MiB."""

    def __enter__(self) -> "Peak":
        self.most = {"RssAnon": 0.0, "VmRSS": 0.0}
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            for line in Path("/proc/self/status").read_text().splitlines():
                name, value = line.split(":", 1)
                if name in self.most:
                    self.most[name] = max(self.most[name], int(value.split()[0]) / 1024)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()


def prepared(file: Path, folder: Path) -> None:
    from conveyor.data.prepare import prepare

    prepare(dataset(file), file.parent, folder, folder.parent / "cache")


def epoch(folder: Path) -> int:
    """Read all batches of one epoch, and return their number."""
    from conveyor.training.batches import BatchReader, plan_batches

    rows = BatchReader(training_split(folder))
    return sum(1 for _ in rows.read(plan_batches(rows.lengths, **BATCHES)))


def training_split(folder: Path) -> list[Any]:
    from conveyor.data.store import Prepared

    return [Prepared(folder).split("train")]


def steps(folder: Path) -> dict[str, float]:
    """Measure batches a second of the pipeline alone, and steps a second of the default model."""
    from conveyor.config import FitConfig, load
    from conveyor.config.budget import plan_budget
    from conveyor.data.store import Prepared
    from conveyor.training.batches import BatchReader, plan_batches
    from conveyor.training.compile import compile_model
    from conveyor.training.steps import Steps
    from conveyor.training.threads import set_threads

    config = load(FitConfig)
    rows, train = BatchReader(training_split(folder)), config.train
    budget = plan_budget(train, len(rows.targets))
    set_threads(config, os.cpu_count() or 1)

    def batches() -> Iterator[Any]:
        size, pools = budget.batch_size, train.bucket_batches
        plan = plan_batches(rows.lengths, size, pools, config.seed, epoch=0)
        return rows.read(plan)

    drawn = rate(lambda: sum(1 for _ in batches()))
    prepared = Prepared(folder)
    head = prepared.task.head(config.head)
    model = compile_model(config, prepared, head, budget.updates)
    step, first = Steps(model, head, rows.targets), [*batches()][:200]
    step.train(first[0])  # builds the graph
    trained = rate(lambda: sum(1 for batch in first if step.train(batch)))
    return {"drawn": drawn, "trained": trained, "rows": float(len(rows.targets))}


def rate(work: Callable[[], int]) -> float:
    """Call `work` for some seconds, and return the sum of its counts a second."""
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS:
        count += work()
    return count / spent


def prepare_default(folder: Path) -> None:
    from conveyor.config import PrepareConfig, load
    from conveyor.data.prepare import prepare

    prepare(load(PrepareConfig).dataset, ROOT, folder, folder.parent / "cache")


def run_task(task: str, file: Path, folder: Path) -> dict[str, float]:
    """Run one task in this process: its seconds without imports, and its peak memory with them."""
    if task == "steps":
        return steps(folder)
    if task == "epoch":
        import conveyor.training.batches
    else:
        import conveyor.data.prepare  # noqa: F401
    tasks: dict[str, Callable[[], Any]] = {
        "prepare": lambda: prepared(file, folder), "epoch": lambda: epoch(folder),
        "default": lambda: prepare_default(folder),
    }  # fmt: skip
    began = time.perf_counter()
    with Peak() as peak:
        tasks[task]()
    return {"seconds": time.perf_counter() - began, **peak.most}


def measure(task: str, file: Path, folder: Path) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, __file__, "--task", task, str(file), str(folder)]
    done = subprocess.run(command, env=environment, cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def run(counts: list[int]) -> dict[str, Any]:
    results: dict[str, Any] = {"rows": [], "steps": []}
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            print(f"{count} rows", file=sys.stderr, flush=True)
            folder = Path(name) / str(count)
            folder.mkdir()
            file, store = folder / "rows.parquet", folder / "prepared"
            write_sentences(file, count, length=(1, 3, 8))
            case = {task: measure(task, file, store) for task in ("prepare", "epoch")}
            results["rows"].append({"rows": count, **case})
            shutil.rmtree(folder)
        file = write_sentences(Path(name) / "snips.parquet", 13_084)
        for what, task in (("default data", "default"), ("texts like SNIPS's", "prepare")):
            store = Path(name) / task
            measure(task, file, store)
            results["steps"].append({"what": what, **measure("steps", file, store)})
    return results


def tables(results: dict[str, Any]) -> str:
    """Both results as Markdown."""
    lines = [
        ["rows", "prepare, rows/s", "anonymous MiB", "resident MiB", "one epoch, rows/s",
         "anonymous MiB", "resident MiB"],
        ["---"] * 7,
    ]  # fmt: skip
    for case in results["rows"]:
        cells = [f"{case['rows']:,}"]
        for task, share in (("prepare", 1.0), ("epoch", 0.8)):  # a tenth validates, a tenth tests
            costs = case[task]
            rows = share * case["rows"] / costs["seconds"]
            cells += [f"{rows:,.0f}", f"{costs['RssAnon']:.0f}", f"{costs['VmRSS']:.0f}"]
        lines.append(cells)
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    lines = [["data", "training rows", "batches/s alone", "training steps/s", "ratio"],
             ["---"] * 5]  # fmt: skip
    for case in results["steps"]:
        ratio = case["drawn"] / case["trained"]
        lines.append([case["what"], f"{case['rows']:,.0f}", f"{case['drawn']:.0f}",
                      f"{case['trained']:.0f}", f"{ratio:.1f}"])  # fmt: skip
    return text + "\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        print(json.dumps(run_task(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
        raise SystemExit
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[10**6, 10**7])
    parser.add_argument("--print", action="store_true", help="print memory.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        RESULTS.write_text(json.dumps(run(args.rows), indent=1) + "\n")
    print(tables(json.loads(RESULTS.read_text())))
