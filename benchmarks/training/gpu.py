"""Compares training steps of an LSTM stack on an NVIDIA GPU: Conveyor's trainer and PyTorch.

    python benchmarks/training/gpu.py [--torch PYTHON] [--rounds 2]

Each round runs all programs once, in turns, each in a process of its own; numbers are medians.
PYTHON is an interpreter that has PyTorch with CUDA; without it only Conveyor runs. Writes gpu.json;
`--print` prints the stored results.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import stack
from run import Rates, describe_size, markdown, processor, start

from conveyor import files

RESULT = Path(__file__).with_suffix(".json")
MEASUREMENTS = 5  # of a program in a round
STEPS = [sys.executable, "conveyor_steps.py"]
CONTENDERS: dict[str, list[Any]] = {
    "Conveyor": [*STEPS, "float32"],
    "Conveyor, TF32": [*STEPS, "tf32"],
    "Conveyor on the processor": ["/usr/bin/env", "CUDA_VISIBLE_DEVICES=-1", *STEPS, "float32"],
}
PYTORCH = {"PyTorch": "cuda", "PyTorch, TF32": "tf32"}


def race(torch: str | None, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the results so far after each size."""
    contenders = dict(CONTENDERS)
    if torch:
        contenders |= {name: [torch, "torch_steps.py", how] for name, how in PYTORCH.items()}
    results: dict[str, Any] = {}
    for size in stack.SIZES:
        for number in range(rounds):
            print(f"{size}: round {number + 1}", file=sys.stderr, flush=True)
            rates = {name: measure(how, size) for name, how in contenders.items()}
            results.setdefault(size, []).append(rates)
        yield results


def measure(command: list[Any], size: str) -> Rates:
    """Run a program alone, and return the medians of its measurements."""
    with start(command, "lstm", size) as program:
        rates = [program.measure() for _ in range(MEASUREMENTS)]
    return [median(column) for column in zip(*rates, strict=True)]


def table(results: dict[str, Any]) -> str:
    names = list(next(iter(results.values()))[0])
    lines = [["size", *(f"{name}, seq/s" for name in names)], ["---"] * (len(names) + 1)]
    for size, rounds in results.items():
        rates = [
            f"{median(rates_of_round[name][0] for rates_of_round in rounds):,.0f}" for name in names
        ]
        lines.append([describe_size(size), *rates])
    return markdown(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--print", action="store_true", help="print gpu.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        from conveyor.models.devices import gpu_line

        for results in race(args.torch, args.rounds):
            files.write_json(
                RESULT, {"gpu": gpu_line(), "processor": processor(), "found": results}
            )
    saved = files.read_json(RESULT)
    print(f"{saved['gpu']}; {saved['processor']}; rounds: {len(saved['found']['small'])}\n")
    print(table(saved["found"]))
