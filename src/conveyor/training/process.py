"""What a process does before it trains: check its environment, set its threads, log its devices."""

import logging
import os

from conveyor.config import FitConfig
from conveyor.environment import check_environment
from conveyor.models.devices import gpu_line
from conveyor.training.threads import set_threads

log = logging.getLogger(__name__)


def prepare_process(config: FitConfig) -> None:
    """Prepare a process that trains on all cores of the machine.

    Raises:
        InputError: the environment demands what the belt cannot do.
        RuntimeError: TensorFlow has already initialised its devices with other threads.
    """
    check_environment()
    set_threads(config, os.cpu_count() or 1)
    log.info("%s", gpu_line())
