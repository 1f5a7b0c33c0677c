from collections.abc import Iterator

import pytest


@pytest.fixture
def without_graphs() -> Iterator[None]:
    """A graph takes longer to trace than such short rows to compute."""
    import tensorflow as tf  # slow, and most tests here do without

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
