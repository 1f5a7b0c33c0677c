"""The number of processor threads of a fit, set once, before TensorFlow initialises its devices."""

import logging
import os

import tensorflow as tf

from conveyor.config import FitConfig
from conveyor.models.build import wants_kernel

log = logging.getLogger(__name__)


def threads_of(config: FitConfig, cores: int) -> tuple[int, int]:
    """Resolve `train.intra_op` and `train.inter_op`, where auto depends on the number of cores.

    The compiled kernel splits long work over threads of its own, and TensorFlow's other operations
    are small: to split one of them over threads costs more than it gains. So intra_op is 1, and
    the two directions of a layer run in parallel. Results then do not depend on the number of
    cores. Keras's own operations get all cores for both, which is TensorFlow's default.
    """
    train = config.train
    intra_op = 1 if wants_kernel(config.model) else cores
    return (
        intra_op if train.intra_op == "auto" else train.intra_op,
        cores if train.inter_op == "auto" else train.inter_op,
    )


def set_threads(config: FitConfig, cores: int) -> None:
    """Limit this process to `cores`: all of the machine, or a trial's share of them.

    The kernel's own threads are at most `cores` for one layer, whatever `train` says.

    Raises:
        RuntimeError: TensorFlow has already initialised its devices with other threads.
    """
    intra_op, inter_op = threads_of(config, cores)
    tf.config.threading.set_intra_op_parallelism_threads(intra_op)
    tf.config.threading.set_inter_op_parallelism_threads(inter_op)
    os.environ["CONVEYOR_THREADS"] = str(cores)  # read by the kernel
    log.info("threads of %d cores: intra_op %d, inter_op %d", cores, intra_op, inter_op)
