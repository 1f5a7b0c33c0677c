"""Profiles the data that a champion learnt from, small enough to save with the model."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Prepared, Split
from conveyor.raw_row import sequences_of, static_of, to_bytes
from conveyor.retraining.drift import Floats, Rate, Summary
from conveyor.serving import LoadedModel, Predictions

SAMPLE_ROWS = 2000  # enough for the Kolmogorov-Smirnov test to detect shifts of a few hundredths
PROFILE = "profile.npz"
Digests = NDArray[np.uint64]


@dataclass(frozen=True)
class ProfiledRows:
    """Raw rows with their targets, and with digests that identify them.

    Attributes:
        raw: for each row a text, an array (steps, features), or a `raw_row.Row` of either.
        targets: as they are in the data.
        inputs: a digest of 8 bytes of each row's input.
        pairs: a digest of 8 bytes of each row's input and target.
    """

    raw: list[Any]
    targets: list[Any]
    inputs: Digests
    pairs: Digests

    def where(self, mask: NDArray[np.bool_]) -> "ProfiledRows":
        """The rows at which the mask, one value per row, is true."""
        raw, targets = list(compress(self.raw, mask)), list(compress(self.targets, mask))
        return ProfiledRows(raw, targets, self.inputs[mask], self.pairs[mask])


@dataclass(frozen=True)
class Profile:
    """The rows that a model was prepared with, as digests, and a summary of them.

    Targets, lengths and channels are those of the training and validation rows. Unknown tokens and
    the model's predictions are those of the test rows, since both are too good on training rows.
    """

    inputs: Digests
    pairs: Digests
    summary: Summary

    def save(self, path: Path) -> None:
        """Write one .npz file of plain arrays, without pickles."""
        summary = self.summary
        rates = {name: asdict(rate) for name, rate in summary.rates.items()}
        text = json.dumps({"counts": summary.counts, "rates": rates})
        arrays: dict[str, Any] = {
            f"sample {name}": values for name, values in summary.samples.items()
        }
        with path.open("wb") as file:
            np.savez_compressed(
                file, inputs=self.inputs, pairs=self.pairs, text=np.array(text), **arrays
            )

    @classmethod
    def load(cls, path: Path) -> "Profile":
        """Read a file that `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            text = json.loads(str(arrays["text"]))
            samples = {name.removeprefix("sample "): arrays[name]
                       for name in arrays.files if name.startswith("sample ")}  # fmt: skip
            rates = {name: Rate(**rate) for name, rate in text["rates"].items()}
            return cls(arrays["inputs"], arrays["pairs"], Summary(text["counts"], samples, rates))


def compute_profile(prepared: Prepared, model: LoadedModel) -> Profile:
    """The profile of a model and the prepared data that it was trained with."""
    training, test = read_rows(prepared, ["train", "validation"]), read_rows(prepared, ["test"])
    between = read_rows_between(prepared)
    parts = training, test, between
    inputs = np.unique(np.concatenate([part.inputs for part in parts]))
    pairs = np.unique(np.concatenate([part.pairs for part in parts]))
    outputs = summarise_predictions(test.raw, model, model.predict(test.raw))
    return Profile(inputs, pairs, summarise_inputs(training, model).merge(outputs))


def read_rows(prepared: Prepared, splits: Iterable[str]) -> ProfiledRows:
    """Read the rows of the splits into memory; see `Prepared.independent_rows`."""
    return _read_splits(prepared, prepared.independent_rows(splits))


def read_rows_between(prepared: Prepared) -> ProfiledRows:
    """Read the rows that are in no split; see `Prepared.rows_between`."""
    return _read_splits(prepared, prepared.rows_between())


def _read_splits(prepared: Prepared, splits: Iterable[Split]) -> ProfiledRows:
    raw: list[Any] = []
    targets: list[Any] = []
    for split in splits:
        raw += split.rows
        targets += prepared.task.answers.decode(np.asarray(split.targets))
    inputs = [to_bytes(row) for row in raw]
    pairs = [
        content + b"\0" + str(target).encode()
        for content, target in zip(inputs, targets, strict=True)
    ]
    return ProfiledRows(raw, targets, _digests(inputs), _digests(pairs))


def summarise_inputs(rows: ProfiledRows, model: LoadedModel) -> Summary:
    """Summarise the targets of the rows, and what `summarise_raw` does."""
    targets = model.task.answers.summarise_targets(rows.targets)
    samples = {name: _sample(values) for name, values in targets.samples.items()}
    return Summary(dict(targets.counts), samples).merge(summarise_raw(rows.raw, model))


def summarise_raw(rows: Sequence[Any], model: LoadedModel) -> Summary:
    """Summarise the lengths, the level and spread of each channel, and the static columns.

    Args:
        rows: raw rows, as in `ProfiledRows`.
    """
    sequences = sequences_of(rows)
    samples = {"length": model.encoder.read_sequences(sequences).lengths.astype(np.float32)}
    # One value per row, since the Kolmogorov-Smirnov test assumes independent values.
    for channel in range(model.encoder.channels):
        values = [_present_values(row[:, channel]) for row in sequences]
        samples[f"level of channel {channel}"] = np.array([v.mean() for v in values], np.float32)
        samples[f"spread of channel {channel}"] = np.array([v.std() for v in values], np.float32)
    for name in model.static.numbers:
        samples[f"column {name}"] = _present_values(_static_column(rows, name, np.float32))
    counts = {
        f"column {name}": dict(Counter(v or "" for v in _static_column(rows, name, object)))
        for name in model.static.categories
    }
    return Summary(counts, {name: _sample(values) for name, values in samples.items()})


def _static_column(rows: Sequence[Any], name: str, dtype: Any) -> NDArray[Any]:
    return np.array([static_of(row)[name] for row in rows], dtype)


def _present_values(channel: Floats) -> Floats:
    """The values that are not missing, or else a zero."""
    present = channel[~np.isnan(channel)]
    return present if present.size else np.zeros(1, channel.dtype)


def summarise_predictions(
    rows: Sequence[Any], model: LoadedModel, predictions: Predictions
) -> Summary:
    """Summarise the model's predictions of raw rows, and the share of tokens unknown to it."""
    rates = {}
    if model.encoder.unknown_token is not None:
        tokens = model.encoder.read_sequences(sequences_of(rows))
        unknown = model.encoder.find_unknown(tokens.values)
        hits = np.concatenate([[0], np.cumsum(unknown)])[tokens.offsets]
        rates["unknown tokens"] = Rate.of(np.diff(hits).tolist(), tokens.lengths.tolist())
    answers = predictions.task.answers.summarise(predictions.outputs)
    samples = {name: _sample(values) for name, values in answers.samples.items()}
    return Summary(answers.counts, samples, rates)


def _sample(values: Floats) -> Floats:
    if len(values) <= SAMPLE_ROWS:
        return values
    return np.random.default_rng(0).choice(values, SAMPLE_ROWS, replace=False)


def _digests(contents: list[bytes]) -> Digests:
    joined = b"".join(hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(joined, np.uint64)
