"""Compares training steps of a recurrent stack on the processor: fused kernel, Keras, PyTorch.

    benchmarks/training/setup.sh                 # once: PyTorch in an environment of its own
    python benchmarks/training/run.py [--cell lstm | gru] [--front] [--rounds 3]

Each round runs all programs once, in turns, each in a process of its own. Numbers are medians over
the rounds; ratios are computed within a round. Writes the results of the cell and processor to
results.json, the newest last; `--print` prints them. Without PyTorch's environment Keras is the
only peer.
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

HERE = Path(__file__).parent
TORCH = stack.ROOT / ".conveyor" / "peers" / "torch" / "bin" / "python"
CONTENDERS: dict[str, list[Any]] = {
    "fused": [sys.executable, "keras_steps.py", "fused"],
    "Keras": [sys.executable, "keras_steps.py", "keras"],
    "PyTorch, 1 thread": [TORCH, "torch_steps.py", "1"],
    "PyTorch, 2 threads": [TORCH, "torch_steps.py", "2"],
}


def measure(command: list[Any], cell: str, size: str, front: bool = False) -> list[float]:
    """Measure [sequences a second, seconds to the end of the first step]."""
    arguments = [cell, size, *(["front"] if front else [])]
    environment = {
        **os.environ, "PYTHONPATH": f"{HERE}:{stack.ROOT / 'src'}", "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    done = subprocess.run([*command, *arguments], cwd=HERE, env=environment, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    return [float(word) for word in done.stdout.split()]


def table(results: dict[str, list[dict[str, list[float]]]]) -> str:
    """Format sequences a second, and the ratio of the fused kernel to each peer, as Markdown."""
    names = [name for name in CONTENDERS if name in next(iter(results.values()))[0]]
    torch = [name for name in names if name.startswith("PyTorch")]
    peer = ["fused / better PyTorch"] if torch else []
    head = ["size", *(f"{name}, seq/s" for name in names), "fused / Keras", *peer,
            "first step, fused / Keras"]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for size, rounds in results.items():
        rates = [f"{median(r[name][0] for r in rounds):.0f}" for name in names]
        ratios = [median(r["fused"][0] / r["Keras"][0] for r in rounds)]
        if torch:
            best = [max(r[name][0] for name in torch) for r in rounds]
            ratios.append(median(r["fused"][0] / b for r, b in zip(rounds, best, strict=True)))
        ratios.append(median(r["fused"][1] / r["Keras"][1] for r in rounds))
        lines.append([describe_size(size), *rates, *(f"{ratio:.2f}" for ratio in ratios)])
    return markdown(lines)


def describe_size(size: str) -> str:
    """Format a size: steps x features x units x batch."""
    return f"{size}: {' x '.join(map(str, stack.SIZES[size]))}"


def markdown(lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def processor() -> str:
    """Describe the processor: its name, number of cores, and widest vectors."""
    cpuinfo = dict(
        [part.strip() for part in line.split(":", 1)]
        for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )  # fmt: skip
    flags = cpuinfo.get("flags", "").split()
    widest = next((v for v in ("avx512f", "avx2") if v in flags), "no AVX2")
    return f"{cpuinfo.get('model name', 'unknown')}, {os.cpu_count()} cores, {widest.upper()}"


def race(cell: str, rounds: int, front: bool) -> dict[str, list[dict[str, list[float]]]]:
    """Measure all sizes in all rounds with all programs that are installed."""
    results: dict[str, list[Any]] = {size: [] for size in stack.SIZES}
    installed = {name: how for name, how in CONTENDERS.items() if Path(how[0]).is_file()}
    for number in range(rounds):
        for size in stack.SIZES:
            print(f"round {number + 1}: {size}", file=sys.stderr, flush=True)
            rows = {name: measure(how, cell, size, front) for name, how in installed.items()}
            results[size].append(rows)
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cell", choices=["lstm", "gru"], default="lstm")
    parser.add_argument("--front", action="store_true", help="convolutions before the stack")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--print", action="store_true", help="print results.json, run nothing")
    args = parser.parse_args()
    results = HERE / "results.json"
    cells = json.loads(results.read_text())
    kind = f"{args.cell} behind convolutions" if args.front else args.cell
    if not args.print:
        here = {"processor": processor(), "found": race(args.cell, args.rounds, args.front)}
        others = [k for k in cells.get(kind, []) if k["processor"] != here["processor"]]
        cells[kind] = [*others, here]
        results.write_text(json.dumps(cells, indent=1) + "\n")
    elif kind not in cells:
        parser.error(f"no results of {kind} are kept; run it without --print")
    for saved in cells[kind]:
        print(f"Processor: {saved['processor']}; {len(saved['found']['small'])} rounds\n")
        print(table(saved["found"]), end="\n\n")
