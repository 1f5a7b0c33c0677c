"""What a champion learnt from, small enough to keep beside it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.split import SPLITS
from conveyor.data.store import Prepared, Split
from conveyor.retraining.drift import Floats, Rate, Summary
from conveyor.serving import LoadedModel, Predictions

SAMPLE = 2000  # rows of a sample; KS sees shifts of a few hundredths with so many
PROFILE = "profile.npz"
Digests = NDArray[np.uint64]


@dataclass(frozen=True)
class ProfiledRows:
    """Labelled rows, raw.

    Attributes:
        inputs: 8 bytes of each row's input; equal input, equal digest.
        pairs: the same of input and label together.
    """

    raw: list[Any]
    labels: list[str]
    inputs: Digests
    pairs: Digests

    def where(self, chosen: NDArray[np.bool_]) -> "ProfiledRows":
        at = np.flatnonzero(chosen)
        return ProfiledRows([self.raw[i] for i in at], [self.labels[i] for i in at],
                    self.inputs[chosen], self.pairs[chosen])  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """Which rows a model was prepared with, and what they were like.

    Labels, lengths and channels are those of the training and validation rows. Unknown tokens and
    the model's answers are those of the test rows: on rows it learnt from, both look too good.
    """

    inputs: Digests
    pairs: Digests
    summary: Summary

    def save(self, path: Path) -> None:
        """One .npz of plain arrays; nothing is pickled."""
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
        with np.load(path, allow_pickle=False) as read:
            text = json.loads(str(read["text"]))
            samples = {name.removeprefix("sample "): read[name]
                       for name in read.files if name.startswith("sample ")}  # fmt: skip
            rates = {name: Rate(**rate) for name, rate in text["rates"].items()}
            return cls(read["inputs"], read["pairs"], Summary(text["counts"], samples, rates))


def profile(prepared: Prepared, model: LoadedModel) -> Profile:
    """Of a model, from the data it was trained with."""
    splits = {name: rows_of(prepared, [name]) for name in SPLITS}
    test = splits.pop("test")
    learnt = join(splits.values())
    seen, held_out = learnt_summary(learnt, model), answer_summary(test, model)
    every = join([learnt, test])
    summary = Summary(
        seen.counts | held_out.counts, seen.samples | held_out.samples, held_out.rates
    )
    return Profile(np.unique(every.inputs), np.unique(every.pairs), summary)


def rows_of(prepared: Prepared, splits: Iterable[str]) -> ProfiledRows:
    """All rows of some splits, in memory."""
    return join([_rows(prepared.split(name), prepared.meta.classes) for name in splits])


def _rows(split: Split, classes: list[str]) -> ProfiledRows:
    raw = list(split.rows)
    labels = [classes[int(code)] for code in split.labels]
    inputs = [_content(row) for row in raw]
    both = zip(inputs, labels, strict=True)
    pairs = [content + b"\0" + label.encode() for content, label in both]
    return ProfiledRows(raw, labels, _digests(inputs), _digests(pairs))


def join(parts: Iterable[ProfiledRows]) -> ProfiledRows:
    every = list(parts)
    return ProfiledRows(
        [row for part in every for row in part.raw],
        [label for part in every for label in part.labels],
        np.concatenate([part.inputs for part in every]),
        np.concatenate([part.pairs for part in every]),
    )


def learnt_summary(rows: ProfiledRows, model: LoadedModel) -> Summary:
    """Labels, and what can be seen of the inputs without the model's answers."""
    samples = {"length": model.encoder.read_rows(rows.raw).lengths.astype(np.float32)}
    # One value a row: the steps of a series resemble each other, and KS wants independent ones.
    for channel in range(model.encoder.size.get("features", 0)):
        values = [row[:, channel] if row.size else np.zeros(1) for row in rows.raw]
        samples[f"level of channel {channel}"] = np.array([v.mean() for v in values], np.float32)
        samples[f"spread of channel {channel}"] = np.array([v.std() for v in values], np.float32)
    kept = {name: _sample(values) for name, values in samples.items()}
    return Summary(counts={"label": dict(Counter(rows.labels))}, samples=kept)


def answer_summary(
    rows: ProfiledRows, model: LoadedModel, answers: Predictions | None = None
) -> Summary:
    """The model's answers, and the tokens it does not know."""
    answers = model.predict(rows.raw) if answers is None else answers
    sure = _sample(answers.probabilities.max(axis=1))
    rates = {}
    unknown = model.encoder.unknown_token
    if unknown is not None:
        tokens = model.encoder.read_rows(rows.raw)
        hits = np.concatenate([[0], np.cumsum(tokens.values == unknown)])[tokens.offsets]
        rates["unknown tokens"] = Rate.of(np.diff(hits).tolist(), tokens.lengths.tolist())
    counts = {"predicted label": dict(Counter(answers.labels))}
    return Summary(counts=counts, samples={"confidence": sure}, rates=rates)


def _sample(values: Floats) -> Floats:
    if len(values) <= SAMPLE:
        return values
    return np.random.default_rng(0).choice(values, SAMPLE, replace=False)


def _content(row: Any) -> bytes:
    return row.encode() if isinstance(row, str) else np.ascontiguousarray(row).tobytes()


def _digests(contents: list[bytes]) -> Digests:
    joined = b"".join(hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(joined, np.uint64)
