"""What a network reads of encoded rows: arrays by the names of its inputs."""

from typing import Any

from numpy.typing import NDArray

from conveyor.encoding.ragged import Lengths, Values

NetworkInputs = dict[str, NDArray[Any]]


def name_inputs(values: Values, lengths: Lengths) -> NetworkInputs:
    """Return the inputs of a network for a batch of rows, padded on the right.

    Args:
        values: int32 (batch, longest) or float32 (batch, longest, features).
        lengths: int32 (batch,).
    """
    return {"values": values, "lengths": lengths}
