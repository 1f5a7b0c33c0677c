"""Predicts rows in a fresh process.

    python -m conveyor.registry.predict_process FOLDER < rows.json

Nothing of the caller's process reaches it but the model's files and the rows.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.serving import LoadedModel

SOURCES = Path(__file__).parents[2]


def answer_afresh(folder: Path, rows: Sequence[Any]) -> NDArray[np.float64]:
    """Probabilities (rows, classes) of raw rows, from a fresh process that opens the folder.

    Raises:
        RuntimeError: the process failed; the end of what it said is in the message.
    """
    given = json.dumps([row if isinstance(row, str) else np.asarray(row).tolist() for row in rows])
    path = os.pathsep.join(filter(None, [str(SOURCES), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "conveyor.registry.predict_process", str(folder)],
        input=given, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the model in {folder} does not answer in a fresh process:\n"
                           f"{done.stderr[-2000:]}")  # fmt: skip
    return np.array(json.loads(done.stdout), dtype=np.float64)


def main() -> None:
    rows = json.load(sys.stdin)
    answers = LoadedModel.load(Path(sys.argv[1])).predict(rows).probabilities
    json.dump(answers.astype(float).tolist(), sys.stdout)


if __name__ == "__main__":
    main()
