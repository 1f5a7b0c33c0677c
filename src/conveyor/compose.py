"""The whole configuration of a project folder, resolved and checked: the one way to get it."""

from collections.abc import Sequence

from conveyor.config import Config
from conveyor.config.resolve import resolve
from conveyor.data.sources import check_format
from conveyor.gates import check_gates
from conveyor.paths import Paths
from conveyor.sweep.check import check_objectives, check_sweep


def compose(paths: Paths, overrides: Sequence[str] = ()) -> Config:
    """Resolve conf/ and params.yaml, and refuse what a later stage could only refuse in its middle.

    Args:
        overrides: Hydra overrides that win over params.yaml, such as "model=gru" or
            "choose.model=gru" (a file of a group) or "train.epochs=3" (a value).

    Raises:
        ConfigError: a group, file, setting or value that is not allowed, a format of files without
            a reader, a search space that does not fit the limits, a missing package, a gate
            on a metric that does not exist.
    """
    config = resolve(paths, overrides)
    check_format(config.dataset.source)
    check_sweep(config)
    check_objectives(config.sweep, config.head)
    check_gates(config.gates, config.dataset.target.task)
    return config
