"""Prepare the toys, fit and export them in a process of its own; print what was written."""

import json
import sys
from pathlib import Path

from conveyor import files
from conveyor.config import PrepareConfig, TrainConfig, load
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.environment import check_environment
from conveyor.errors import InputError
from conveyor.training.fit import fit
from conveyor.training.model_folder import write_model
from conveyor.training.threads import set_threads


def main(config: Path, root: Path, output: Path) -> None:
    """Args: root: the folder of the source file. output: the folder of all that is written."""
    check_environment()
    prepare(load(PrepareConfig, config).dataset, root, output / "prepared", output / "cache")
    prepared, trained = Prepared(output / "prepared"), load(TrainConfig, config)
    set_threads(trained, 2)
    write_model(*fit(trained, prepared, progress=False), trained, prepared, output / "model")
    print(json.dumps({n: files.digest_files(output / n) for n in ("prepared", "model")}))


if __name__ == "__main__":
    try:
        main(*(Path(argument) for argument in sys.argv[1:]))
    except InputError as error:
        sys.exit(f"refused: {error}")
