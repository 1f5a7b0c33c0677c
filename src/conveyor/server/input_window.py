"""How the latest requests differ from the rows that the model was trained with."""

import random
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.raw_row import sequence_of
from conveyor.server.live_model import LiveModel

ROWS = 1000  # of the latest requests
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class InputShift:
    """The distance of the latest rows from the training rows.

    Attributes:
        rows: that were compared.
        unknown_share: of the tokens, those without a token of their own; None for series.
        channels: (channels,), how far the mean of each channel is from that of the training rows,
            in the encoder's scale: with `scaling: standard` in standard deviations.
    """

    rows: int
    unknown_share: float | None
    channels: Floats


class InputWindow:
    """Keeps figures of a row of each of the latest requests to one model.

    A row of a request stands for all of them: a large request would take long, and outweigh others.
    """

    def __init__(self) -> None:
        self._live: LiveModel | None = None
        self._lock = threading.Lock()
        self._start()

    def add(self, live: LiveModel, rows: Sequence[Any]) -> None:
        """Add a row of an answered request; another model begins a new window."""
        encoder = live.model.encoder
        sequence = encoder.check_sequence(sequence_of(random.choice(rows)))
        units, has_tokens = encoder.encode_one(sequence), encoder.unknown_token is not None
        hits = int(encoder.find_unknown(units).sum()) if has_tokens else None
        with self._lock:
            if self._live is not live:
                self._live = live
                self._start()
            self._tokens.append((hits, len(units)))
            self._channels.append(encoder.shift_of(sequence))

    def measure(self) -> InputShift | None:
        """Return what the window holds; None before the first request."""
        with self._lock:
            tokens, channels = list(self._tokens), list(self._channels)
        if not tokens:
            return None
        hits, totals = zip(*tokens, strict=True)
        share = None if hits[0] is None else sum(hits) / max(1, sum(totals))
        return InputShift(len(tokens), share, _mean(np.array(channels)))

    def _start(self) -> None:
        self._tokens = deque[tuple[int | None, int]](maxlen=ROWS)
        self._channels = deque[Floats](maxlen=ROWS)


def _mean(values: Floats) -> Floats:
    """Mean of each column, (columns,); NaN where no value is there."""
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=0)
    return np.where(present.any(axis=0), total / np.maximum(present.sum(axis=0), 1), np.nan)
