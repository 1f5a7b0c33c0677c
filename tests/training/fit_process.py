"""Fit the toys in a process of its own; print a hash of the weights. Killed on request."""

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

from conveyor.config import FitConfig, load
from conveyor.data.store import Prepared
from conveyor.training.fit import fit


def main(config: str, prepared: str, scratch: str, kill_after: int) -> None:
    def kill(number: int, row: dict[str, float]) -> None:
        if number == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = load(FitConfig, Path(config))
    model, history = fit(
        settings, Prepared(Path(prepared)), on_validation=kill, progress=False,
        scratch=Path(scratch) if scratch else None,
    )  # fmt: skip
    weights = b"".join(w.tobytes() for w in model.get_weights())
    print(json.dumps({"weights": hashlib.sha256(weights).hexdigest(), "rows": history.validations,
                      "best": history.best_validation}))  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:4], kill_after=int(sys.argv[4]))
