"""Compares training steps of a recurrent stack on the processor: fused kernel, Keras, PyTorch.

    benchmarks/training/setup.sh                 # once: PyTorch in an environment of its own
    python benchmarks/training/run.py [--cell lstm | gru] [--front] [--rounds 15]
    python benchmarks/training/run.py --task tagging | forecasting

All programs run beside each other, each in a process of its own, and measure in turns: each round
asks each of them for one measurement. Numbers are medians over the rounds; ratios are computed
within a round. Writes the results of the stack and processor to results.json, the newest last;
`--print` prints them. Without PyTorch's environment Keras is the only peer.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import stack

HERE = Path(__file__).parent
TORCH = stack.ROOT / ".conveyor" / "peers" / "torch" / "bin" / "python"
PEERS: dict[str, list[Any]] = {
    "Keras": [sys.executable, "keras_steps.py", "keras"],
    "PyTorch, 1 thread": [TORCH, "torch_steps.py", "1"],
    "PyTorch, 2 threads": [TORCH, "torch_steps.py", "2"],
}
KERNEL = {"fused": [sys.executable, "keras_steps.py", "fused"]}
TRAINER = {"Conveyor": [sys.executable, "conveyor_steps.py", "float32"]}
# With one thread each, which are compared by processor time: on the task, and on one output a row.
ONE_THREAD = ("Conveyor, 1 thread", "PyTorch, 1 thread")
ONE_OUTPUT = ("Conveyor, 1 thread, one output", "PyTorch, 1 thread, one output")
Rates = list[float]  # sequences a second, seconds of the first step, sequences a processor second


class Program:
    """A running program of the comparison, after its first step."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._questions, self._answers = process.stdin, process.stdout
        self._first = float(self._answers.readline())

    def measure(self) -> Rates:
        print(file=self._questions, flush=True)
        wall, processor = map(float, self._answers.readline().split())
        return [wall, self._first, processor]


@contextmanager
def start(command: list[Any], *arguments: str) -> Iterator[Program]:
    """Start a program, which ends with the block."""
    environment = {
        **os.environ, "PYTHONPATH": f"{HERE}:{stack.ROOT / 'src'}", "TF_CPP_MIN_LOG_LEVEL": "3",
        # PyTorch's second thread would else keep a core busy while it waits, its own and others'.
        "OMP_WAIT_POLICY": "PASSIVE",
    }  # fmt: skip
    with subprocess.Popen(
        [*command, *arguments], cwd=HERE, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        yield Program(process)
        process.communicate()


def commands_of(option: str) -> dict[str, tuple[list[Any], list[str]]]:
    """Return what to run: by name, a command, and its arguments after cell and size."""
    is_task = option in ("tagging", "forecasting")
    options = [option] if option else []
    commands = {name: (how, options) for name, how in (TRAINER if is_task else KERNEL).items()}
    commands |= {name: (how, options) for name, how in PEERS.items()}
    if is_task:
        ours, peers = ONE_OUTPUT
        trainer = TRAINER["Conveyor"]
        commands[ONE_THREAD[0]] = trainer, [option, "1"]
        commands[ours] = trainer, ["value", "1"]
        commands[peers] = PEERS[ONE_THREAD[1]], ["value"]
    return {name: command for name, command in commands.items() if Path(command[0][0]).is_file()}


def race(cell: str, rounds: int, option: str) -> dict[str, list[dict[str, Rates]]]:
    """Measure all sizes in all rounds with all programs that are installed.

    Args:
        option: "front", or a task other than that of one value a row; else "".
    """
    commands = commands_of(option)
    results = {}
    for size in stack.SIZES:
        print(size, file=sys.stderr, flush=True)
        with ExitStack() as running:
            programs = {
                name: running.enter_context(start(how, cell, size, *options))
                for name, (how, options) in commands.items()
            }
            results[size] = [
                {name: program.measure() for name, program in programs.items()}
                for _ in range(rounds)
            ]
    return results


def table(results: dict[str, list[dict[str, Rates]]]) -> str:
    """Format sequences a second, and the ratio of Conveyor to each peer, as Markdown."""
    first = next(iter(results.values()))[0]
    own = next(iter(first))  # the kernel, or the trainer
    torch = [name for name in PEERS if name.startswith("PyTorch") and name in first]
    names = [own, "Keras", *torch]
    head = ["size", *(f"{name}, seq/s" for name in names), f"{own} / Keras"]
    head += [f"{own} / better PyTorch"] if torch else []
    head.append(f"first step, {own} / Keras")
    by_processor = bool(torch) and ONE_THREAD[0] in first
    if by_processor:
        head += ["of a processor second, 1 thread: Conveyor / PyTorch", "the same of one output"]
    lines = [head, ["---"] * len(head)]
    for size, rounds in results.items():
        rates = [f"{median(r[name][0] for r in rounds):.0f}" for name in names]
        ratios = [median(r[own][0] / r["Keras"][0] for r in rounds)]
        if torch:
            ratios.append(median(r[own][0] / max(r[name][0] for name in torch) for r in rounds))
        ratios.append(median(r[own][1] / r["Keras"][1] for r in rounds))
        if by_processor:
            ratios += [processor_ratio(rounds, names) for names in (ONE_THREAD, ONE_OUTPUT)]
        lines.append([describe_size(size), *rates, *(f"{ratio:.2f}" for ratio in ratios)])
    return markdown(lines)


def processor_ratio(rounds: list[dict[str, Rates]], names: tuple[str, str]) -> float:
    """Compare the sequences of a processor second of two programs."""
    own, peer = names
    return median(r[own][2] / r[peer][2] for r in rounds)


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cell", choices=["lstm", "gru"], default="lstm")
    stacks = parser.add_mutually_exclusive_group()
    stacks.add_argument("--front", action="store_true", help="convolutions before the stack")
    stacks.add_argument("--task", choices=["tagging", "forecasting"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--print", action="store_true", help="print results.json, run nothing")
    args = parser.parse_args()
    results = HERE / "results.json"
    cells = json.loads(results.read_text())
    option = "front" if args.front else args.task or ""
    kind = " ".join([args.cell, *{"": [], "front": ["behind convolutions"]}.get(option, [option])])
    if not args.print:
        here = {"processor": processor(), "found": race(args.cell, args.rounds, option)}
        others = [k for k in cells.get(kind, []) if k["processor"] != here["processor"]]
        cells[kind] = [*others, here]
        results.write_text(json.dumps(cells, indent=1) + "\n")
    elif kind not in cells:
        parser.error(f"no results of {kind} are kept; run it without --print")
    for saved in cells[kind]:
        print(f"Processor: {saved['processor']}; {len(saved['found']['small'])} rounds\n")
        print(table(saved["found"]), end="\n\n")
