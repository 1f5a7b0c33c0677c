"""Predicts rows in a fresh process, which gets nothing but the model's files and the rows.

python -m conveyor.serving.predict_process FOLDER < rows.json
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

from conveyor.metrics.steps import as_rows
from conveyor.raw_row import from_plain, to_plain
from conveyor.serving.loaded_model import LoadedModel

SOURCES = Path(__file__).parents[2]


def predict_in_fresh_process(folder: Path, rows: Sequence[Any]) -> NDArray[np.float64]:
    """Outputs (rows, width) of raw rows, from a fresh process that loads the folder.

    Raises:
        RuntimeError: the process failed; the message holds the end of its error output.
    """
    body = json.dumps(list(map(to_plain, rows)))
    path = os.pathsep.join(filter(None, [str(SOURCES), os.environ.get("PYTHONPATH")]))
    process = subprocess.run(
        [sys.executable, "-m", "conveyor.serving.predict_process", str(folder)],
        input=body, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
        check=False,
    )  # fmt: skip
    if process.returncode != 0:
        raise RuntimeError(
            f"the model in {folder} cannot predict in a fresh process:\n{process.stderr[-2000:]}"
        )
    outputs = [np.array(row, dtype=np.float64) for row in json.loads(process.stdout)]
    return np.array(outputs) if outputs[0].ndim == 1 else as_rows(outputs)


def main() -> None:
    rows = list(map(from_plain, json.load(sys.stdin)))
    outputs = LoadedModel.load(Path(sys.argv[1])).predict(rows).outputs
    json.dump([row.astype(float).tolist() for row in outputs], sys.stdout)


if __name__ == "__main__":
    main()
