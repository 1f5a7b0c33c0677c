"""Training steps of a stacked LSTM on the processor: the fused kernel, stock Keras, PyTorch.

    benchmarks/training/setup.sh                 # once: PyTorch in an environment of its own
    python benchmarks/training/run.py [--rounds 3]

Each round runs every contender once, in turns and in a process of its own; figures are medians
over the rounds, ratios are formed inside a round. Writes results.json beside itself; `--print`
prints that again.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import stack

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
TORCH = ROOT / ".conveyor" / "peers" / "torch" / "bin" / "python"
CONTENDERS: dict[str, list[Any]] = {
    "fused": [sys.executable, "keras_steps.py", "fused"],
    "Keras": [sys.executable, "keras_steps.py", "keras"],
    "PyTorch, 1 thread": [TORCH, "torch_steps.py", "1"],
    "PyTorch, 2 threads": [TORCH, "torch_steps.py", "2"],
}


def measure(command: list[Any], size: str) -> list[float]:
    """[sequences a second, seconds to the first step]"""
    environment = {
        **os.environ, "PYTHONPATH": f"{HERE}:{ROOT / 'src'}", "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_WAIT_POLICY": "PASSIVE",
    }  # fmt: skip
    done = subprocess.run([*command, size], cwd=HERE, env=environment, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    return [float(word) for word in done.stdout.split()]


def table(found: dict[str, list[dict[str, list[float]]]]) -> str:
    """Sequences a second, and the fused kernel's ratio to each peer, as Markdown."""
    head = ["size", *(f"{name}, seq/s" for name in CONTENDERS), "fused / Keras",
            "fused / better PyTorch", "first step, fused / Keras"]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for size, rounds in found.items():
        rates = [f"{median(r[name][0] for r in rounds):.0f}" for name in CONTENDERS]
        keras = median(r["fused"][0] / r["Keras"][0] for r in rounds)
        torch = [name for name in CONTENDERS if name.startswith("PyTorch")]
        peer = median(r["fused"][0] / max(r[name][0] for name in torch) for r in rounds)
        first = median(r["fused"][1] / r["Keras"][1] for r in rounds)
        told = f"{size}: {' x '.join(map(str, stack.SIZES[size]))}"
        lines.append([told, *rates, f"{keras:.2f}", f"{peer:.2f}", f"{first:.2f}"])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--print", action="store_true", help="print results.json, run nothing")
    given = parser.parse_args()
    results = HERE / "results.json"
    if not given.print:
        if not TORCH.is_file():
            parser.error("PyTorch is not there; run benchmarks/training/setup.sh first")
        found: dict[str, list[Any]] = {size: [] for size in stack.SIZES}
        for number in range(given.rounds):
            for size in stack.SIZES:
                print(f"round {number + 1}: {size}", file=sys.stderr, flush=True)
                rows = {name: measure(command, size) for name, command in CONTENDERS.items()}
                found[size].append(rows)
        results.write_text(json.dumps(found, indent=1) + "\n")
    print(table(json.loads(results.read_text())))
