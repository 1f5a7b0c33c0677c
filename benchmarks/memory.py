"""Ten million short rows: what preparing them and going through them takes, and in which memory.

    python benchmarks/memory.py [--rows 1000000 10000000]

Made-up texts of 1 to 8 words in one Parquet file are prepared, and the batches of one training
epoch are drawn from the store, each in a process of its own. Memory is the process's peak, imports
included: `anonymous` pages are its own, `resident` ones count those of mapped files too, which are
the kernel's to take back. Then, on the default data and on texts like SNIPS's: batches a second of
the input pipeline alone, and training steps a second of the default model on the same batches.
Writes memory.json; `--print` prints that again.
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

from generate import sentences
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
    """Read every batch of one epoch, and count them."""
    from conveyor.training.batches import BatchReader

    rows = BatchReader(training_split(folder))
    return sum(1 for _ in rows.shuffled(**BATCHES))


def training_split(folder: Path) -> list[Any]:
    from conveyor.data.store import Prepared

    return [Prepared(folder).split("train")]


def steps(folder: Path) -> dict[str, float]:
    """Batches a second of the pipeline alone, and steps a second of the default model on them."""
    from conveyor.config import FitConfig, load
    from conveyor.data.store import Prepared
    from conveyor.training.batches import BatchReader
    from conveyor.training.compile import compile_model
    from conveyor.training.steps import Steps
    from conveyor.training.threads import set_threads

    config = load(FitConfig)
    rows, train = BatchReader(training_split(folder)), config.train
    set_threads(config, os.cpu_count() or 1)

    def batches() -> Iterator[Any]:
        return rows.shuffled(train.batch_size, train.bucket_batches, config.seed, epoch=0)

    drawn = rate(lambda: sum(1 for _ in batches()))
    model = compile_model(config, Prepared(folder), len(rows.labels))
    step, held = Steps(model, smoothing=0.0, weights=None), [*batches()][:200]
    step.train(held[0])  # builds the graph
    trained = rate(lambda: sum(1 for batch in held if step.train(batch)))
    return {"drawn": drawn, "trained": trained, "rows": float(len(rows.labels))}


def rate(work: Callable[[], int]) -> float:
    """Of what `work` counts, each second, for some seconds."""
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS:
        count += work()
    return count / spent


def prepare_default(folder: Path) -> None:
    from conveyor.config import PrepareConfig, load
    from conveyor.data.prepare import prepare

    prepare(load(PrepareConfig).dataset, ROOT, folder, folder.parent / "cache")


def one(task: str, file: Path, folder: Path) -> dict[str, float]:
    """Run one task here; seconds without imports, and memory with them."""
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
    command = [sys.executable, __file__, "--one", task, str(file), str(folder)]
    done = subprocess.run(command, env=environment, cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def run(counts: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": [], "steps": []}
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            print(f"{count} rows", file=sys.stderr, flush=True)
            folder = Path(name) / str(count)
            folder.mkdir()
            file, store = folder / "rows.parquet", folder / "prepared"
            sentences(file, count, words=(1, 3, 8))
            case = {task: measure(task, file, store) for task in ("prepare", "epoch")}
            found["rows"].append({"rows": count, **case})
            shutil.rmtree(folder)
        file = sentences(Path(name) / "snips.parquet", 13_084)
        for what, task in (("default data", "default"), ("texts like SNIPS's", "prepare")):
            store = Path(name) / task
            measure(task, file, store)
            found["steps"].append({"what": what, **measure("steps", file, store)})
    return found


def tables(found: dict[str, Any]) -> str:
    """Both results as Markdown."""
    lines = [
        ["rows", "prepare, rows/s", "anonymous MiB", "resident MiB", "one epoch, rows/s",
         "anonymous MiB", "resident MiB"],
        ["---"] * 7,
    ]  # fmt: skip
    for case in found["rows"]:
        cells = [f"{case['rows']:,}"]
        for task, share in (("prepare", 1.0), ("epoch", 0.8)):  # a tenth validates, a tenth tests
            one = case[task]
            rows = share * case["rows"] / one["seconds"]
            cells += [f"{rows:,.0f}", f"{one['RssAnon']:.0f}", f"{one['VmRSS']:.0f}"]
        lines.append(cells)
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    lines = [["data", "training rows", "batches/s alone", "training steps/s", "ratio"],
             ["---"] * 5]  # fmt: skip
    for one in found["steps"]:
        ratio = one["drawn"] / one["trained"]
        lines.append([one["what"], f"{one['rows']:,.0f}", f"{one['drawn']:.0f}",
                      f"{one['trained']:.0f}", f"{ratio:.1f}"])  # fmt: skip
    return text + "\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
        raise SystemExit
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[10**6, 10**7])
    parser.add_argument("--print", action="store_true", help="print memory.json, run nothing")
    given = parser.parse_args()
    if not given.print:
        RESULTS.write_text(json.dumps(run(given.rows), indent=1) + "\n")
    print(tables(json.loads(RESULTS.read_text())))
