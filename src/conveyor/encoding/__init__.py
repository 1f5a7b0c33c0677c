"""Raw rows to the arrays that a network reads; fitted in `prepare`, carried into serving."""

from pathlib import Path

from conveyor import stored
from conveyor.encoding.encoder import Encoder
from conveyor.encoding.ragged import Ragged
from conveyor.encoding.row_error import RowError
from conveyor.encoding.series import SeriesEncoder
from conveyor.encoding.static import StaticEncoder
from conveyor.encoding.text import TextEncoder
from conveyor.encoding.tokens import TokenEncoder
from conveyor.encoding.window_encoder import WindowEncoder

ENCODERS: dict[str, type[Encoder]] = {
    "text": TextEncoder, "tokens": TokenEncoder, "series": SeriesEncoder, "windows": WindowEncoder,
}  # fmt: skip

__all__ = [
    "Encoder",
    "Ragged",
    "RowError",
    "SeriesEncoder",
    "StaticEncoder",
    "TextEncoder",
    "TokenEncoder",
    "WindowEncoder",
    "load_encoder",
]


def load_encoder(path: Path, remedy: str) -> Encoder:
    """Read an encoder that `Encoder.save` wrote.

    Args:
        remedy: sentence that says how to make the file anew.

    Raises:
        FormatError: it is missing or damaged, or another version of the program wrote it.
    """
    values = stored.read_object(path, remedy)
    kind = values.get("kind")
    if kind not in ENCODERS:
        *others, last = map(repr, ENCODERS)
        expected = f"{', '.join(others)} or {last}"
        raise stored.FormatError(path, f"kind: expected {expected}; got {kind!r}", remedy)
    try:
        encoder = ENCODERS[kind].from_json(values)
        if "static" in values:
            encoder.static = StaticEncoder.from_json(values["static"])
        return encoder
    except Exception as error:  # the tokenizers library raises nothing more specific
        problem = f"expected a {kind} encoder; got {type(error).__name__}: {error}"
        raise stored.FormatError(path, problem, remedy) from error
