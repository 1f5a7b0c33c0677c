"""Two problems whose answer lies far back: the adding problem, and recall after a delay.

    python benchmarks/long_memory/problems.py [--problem adding | recall] [--steps 50] [--rows 4000]

writes data/raw/long_memory/rows.parquet, the data set of `choose: {experiment: long_memory}`; that
of the defaults is part of the project.

A row has two channels: a number between 0 and 1 at each step, and a mark that is 1 at the steps
that count and 0 elsewhere. In the adding problem (Hochreiter & Schmidhuber 1997, section 5.4; here
with the marks as in Le et al. 2015, arXiv:1504.00941) one step of each half is marked, and the
answer is the sum of the two numbers. In recall, one step is marked, anywhere, and the answer is its
number. All other numbers only distract.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

PATH = Path(__file__).parents[2] / "data/raw/long_memory/rows.parquet"
DIGITS = 2  # of a number in the file, which is small then
Integers = NDArray[np.int64]


def _mark_halves(draw: np.random.Generator, count: int, steps: int) -> Integers:
    """Return a step of the first half and one of the second for each row, (count, 2)."""
    half = steps // 2
    return np.stack([draw.integers(0, half, count), draw.integers(half, steps, count)], axis=1)


def _mark_anywhere(draw: np.random.Generator, count: int, steps: int) -> Integers:
    """Return one step for each row, (count, 1)."""
    return draw.integers(0, steps, (count, 1))


# For each problem, which steps of `count` rows of `steps` steps are marked.
PROBLEMS: dict[str, Callable[[np.random.Generator, int, int], Integers]] = {
    "adding": _mark_halves,
    "recall": _mark_anywhere,
}


def draw_rows(
    problem: str, draw: np.random.Generator, count: int, steps: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Draw rows with their answers.

    >>> rows, answers = draw_rows("adding", np.random.default_rng(0), count=3, steps=10)
    >>> rows.shape, answers.shape
    ((3, 10, 2), (3, 1))

    Returns:
        Numbers and marks, float32 (count, steps, 2), and the sums of the marked numbers, float64
        (count, 1), the type of a regression's targets.
    """
    rows = np.zeros((count, steps, 2), np.float32)
    rows[:, :, 0] = draw.random((count, steps))
    marked = PROBLEMS[problem](draw, count, steps)
    np.put_along_axis(rows[:, :, 1], marked, 1.0, axis=1)
    numbers = np.take_along_axis(rows[:, :, 0], marked, axis=1)  # (count, marks)
    return rows, numbers.sum(axis=1, keepdims=True, dtype=np.float64)


def moments(problem: str) -> tuple[float, float]:
    """Return mean and standard deviation of the answers: each number is uniform in [0, 1]."""
    numbers = PROBLEMS[problem](np.random.default_rng(0), 1, 2).shape[1]
    return numbers / 2, float(np.sqrt(numbers / 12))


def write_rows(path: Path, problem: str, count: int, steps: int) -> None:
    """Write rows as Parquet: lists of lists `series`, and the column `answer`."""
    rows, _ = draw_rows(problem, np.random.default_rng(7), count, steps)
    numbers = np.round(rows[:, :, 0].astype(np.float64), DIGITS)
    marks = rows[:, :, 1].astype(np.float64)
    series = np.stack([numbers, marks], axis=-1)
    answers = np.round((numbers * marks).sum(axis=1), DIGITS)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"series": series.tolist(), "answer": answers})
    pq.write_table(table, path, compression="zstd")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", choices=PROBLEMS, default="adding")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rows", type=int, default=4000)
    args = parser.parse_args()
    write_rows(PATH, args.problem, args.rows, args.steps)
