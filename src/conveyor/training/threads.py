"""How many threads a fit takes of the processor, set once, before TensorFlow makes its devices."""

import logging

import tensorflow as tf

from conveyor.config import Config
from conveyor.models.build import wants_kernel
from conveyor.models.kernels.library import limit_threads

log = logging.getLogger(__name__)


def threads_of(config: Config, cores: int) -> tuple[int, int]:
    """(`train.intra_op`, `train.inter_op`), with what auto means for a share of `cores`.

    The compiled kernel deals long work to threads of its own, and what TensorFlow computes beside
    it is small: shared out inside an operation, it costs more than it gains, so that intra_op is 1,
    and the two directions of a layer run beside one another. That makes results independent of
    the number of cores too. Keras's operations get all cores for both, as TensorFlow has it.
    """
    train = config.train
    inside = 1 if wants_kernel(config.model) else cores
    return (
        inside if train.intra_op == "auto" else train.intra_op,
        cores if train.inter_op == "auto" else train.inter_op,
    )


def set_threads(config: Config, cores: int) -> None:
    """Let this process train on so many cores: the machine's, or a trial's share of them.

    The kernel's own threads are at most `cores` for one layer, whatever `train` says.

    Raises:
        RuntimeError: TensorFlow has made its devices already, with other threads.
    """
    intra, inter = threads_of(config, cores)
    tf.config.threading.set_intra_op_parallelism_threads(intra)
    tf.config.threading.set_inter_op_parallelism_threads(inter)
    limit_threads(cores)
    log.info("threads of %d cores: intra_op %d, inter_op %d", cores, intra, inter)
