"""Raw rows to the arrays that a network reads; fitted in `prepare`, carried into serving."""

from pathlib import Path

from conveyor import files
from conveyor.encoding.encoder import Encoder, RowError
from conveyor.encoding.ragged import Ragged
from conveyor.encoding.series import SeriesEncoder
from conveyor.encoding.text import TextEncoder

ENCODERS: dict[str, type[Encoder]] = {"text": TextEncoder, "series": SeriesEncoder}

__all__ = [
    "Encoder",
    "Ragged",
    "RowError",
    "SeriesEncoder",
    "TextEncoder",
    "load_encoder",
]


def load_encoder(path: Path) -> Encoder:
    """Read an encoder that `Encoder.save` wrote."""
    value = files.read_json(path)
    return ENCODERS[value["kind"]].from_json(value)
