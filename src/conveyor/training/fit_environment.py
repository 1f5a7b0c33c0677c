"""What the weights of a fit depend on, beside its configuration and data."""

import json

import keras
import tensorflow as tf

from conveyor.environment import library_versions
from conveyor.models.devices import gpus


def fit_environment() -> str:
    """Describe this process as JSON: a fit resumes to the weights of an uninterrupted one only
    where the description is equal.

    Eigen splits the sum of one operation over the threads of intra_op, and their number decides
    where; other threads decide only when something is computed.
    """
    environment = {
        "versions": library_versions(),
        "float_type": keras.config.floatx(),
        "device": "GPU" if gpus() else "CPU",
        "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
    }
    return json.dumps(environment, sort_keys=True)
