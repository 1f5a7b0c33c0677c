"""Raw rows to the arrays that a network reads; fitted in `prepare`, carried into serving."""

from pathlib import Path

from conveyor import files
from conveyor.encoding.ragged import Ragged, pad
from conveyor.encoding.series import SeriesEncoder
from conveyor.encoding.text import TextEncoder

Encoder = TextEncoder | SeriesEncoder

__all__ = ["Encoder", "Ragged", "SeriesEncoder", "TextEncoder", "load_encoder", "pad"]


def load_encoder(path: Path) -> Encoder:
    """Read an encoder that `save` wrote, of either kind."""
    value = files.read_json(path)
    kinds = {kind.kind: kind for kind in (TextEncoder, SeriesEncoder)}
    return kinds[value["kind"]].restore(value)
