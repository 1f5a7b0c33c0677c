"""What is drawn of a model's rows: their states or those of their steps, and their tokens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Split
from conveyor.inspection.previews import (
    CHANNELS,
    first_number,
    has_several_numbers,
    name_row,
    preview_row,
    preview_step,
    write_answer,
)
from conveyor.inspection.projection import draw_rows, draw_sample
from conveyor.inspection.recurrent_layers import read_network
from conveyor.inspection.row_parts import say_count
from conveyor.inspection.states import States, read_embeddings, read_states
from conveyor.metrics import Targets
from conveyor.metrics.steps import count_steps, join_steps
from conveyor.serving import LoadedModel
from conveyor.tasks.values import ModelOutputs

FIRST_OF_SEVERAL = "The target is the first of the numbers of a row."
TOKEN_NOTE = (
    "The target of a token is the commonest one, or the mean number, of those that have it; its "
    "error is their mean."
)


@dataclass(frozen=True)
class Points:
    """Points to project, with what a page shows of each.

    Attributes:
        kind: of one of them, such as "row".
        meaning: of a vector, in words.
        vectors: (points, width).
        names: a short text each.
        previews: a text each, or a list of channels, as `preview_row` returns them.
        targets: what is true of each: a text, or a number.
        answers: of the model, as texts; of a token there is none.
        errors: how wrong the answer is, (points,); 0 is right.
        source: where they are from, such as "steps of 30 rows".
        total: points from which these were drawn.
        notes: sentences on them.
    """

    kind: str
    meaning: str
    vectors: NDArray[np.floating]
    names: list[str]
    previews: list[Any]
    targets: list[str | float]
    answers: list[str]
    errors: NDArray[np.floating]
    source: str
    total: int
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class _Rows:
    """A sample of the rows of a split.

    Attributes:
        targets: encoded, first axis (rows,).
        total: rows of the split.
    """

    raw: list[Any]
    ids: list[str]
    targets: Targets
    total: int

    def describe(self) -> str:
        count = f"{len(self.raw):,}"
        return f"{count} of {self.total:,} rows" if len(self.raw) < self.total else f"{count} rows"


def read_points(folder: Path, model: LoadedModel, split: Split, limit: int) -> list[Points]:
    """Return a sample of the rows of a split, or of their steps where these have targets of their
    own; and of the tokens in them, if there are tokens.

    Args:
        folder: of the model.
        limit: most points of a kind.

    Raises:
        InputError: the network has no recurrent layer of ONNX's operators.
    """
    network, per_step = read_network(folder), bool(model.task.spec.per_step)
    chosen = draw_rows(split.sequences.lengths, limit, per_step=per_step).tolist()
    rows = _Rows(
        [split.rows[row] for row in chosen],
        [split.ids[row] for row in chosen],
        split.targets[chosen],
        len(split.rows),
    )
    states, meaning = read_states(network, model.encoder, rows.raw, per_step=per_step)
    make = _make_step_points if per_step else _make_row_points
    points = make(model, rows, states, meaning)
    sample = _draw(points, limit)
    embeddings = read_embeddings(network)
    if embeddings is None or not model.encoder.tokens:
        return [sample]
    tokens = [model.encoder.token_numbers(split.sequences[row]) for row in chosen]
    source = f"tokens of {rows.describe()}"
    return [sample, _make_token_points(model, embeddings, tokens, points, limit, source)]


def _make_row_points(model: LoadedModel, rows: _Rows, states: States, meaning: str) -> Points:
    """Return a point for each row, by its state, (rows, width)."""
    task, predictions = model.task, model.predict(rows.raw)
    true, fields = task.answers.decode(rows.targets), task.answers.logged
    return Points(
        kind="row",
        meaning=meaning,
        vectors=states,
        names=[name_row(row, identity) for row, identity in zip(rows.raw, rows.ids, strict=True)],
        previews=[preview_row(row) for row in rows.raw],
        targets=[first_number(value) for value in true],
        answers=[write_answer(record, fields) for record in predictions.records()],
        errors=task.comparison.row_errors(
            rows.targets, ModelOutputs(task.spec, predictions.outputs)
        ),
        source="rows",
        total=rows.total,
        notes=_describe_row_points(model, rows.raw[0], true[0]),
    )


def _describe_row_points(model: LoadedModel, row: Any, target: Any) -> list[str]:
    """Return sentences on errors, targets and previews, by the first row and its target."""
    notes = [f"The error is {model.task.comparison.error_title}; 0 is right."]
    if has_several_numbers(target):
        notes.append(FIRST_OF_SEVERAL)
    if not isinstance(preview_row(row), str):
        which = f"first {CHANNELS} channels" if model.encoder.channels > CHANNELS else "channels"
        notes.append(
            f"A small plot has its {which}, each from its lowest to its highest value: blue, "
            "orange and green, in their order. A gap is a missing value."
        )
    return notes


def _make_step_points(model: LoadedModel, rows: _Rows, states: States, meaning: str) -> Points:
    """Return a point for each step of the rows, by its state, of each row (steps, width)."""
    [field, *_] = model.task.answers.logged
    answers = [record[field] for record in model.predict(rows.raw).records()]
    true: list[list[str]] = model.task.answers.decode(rows.targets)
    steps = [(row, step) for row, targets in enumerate(true) for step in range(len(targets))]
    texts = [preview_step(rows.raw[row], step) for row, step in steps]
    errors = [answers[row][step] != true[row][step] for row, step in steps]
    return Points(
        kind="step",
        meaning=meaning,
        vectors=join_steps(states),
        names=[name for name, _ in texts],
        previews=[preview for _, preview in texts],
        targets=[true[row][step] for row, step in steps],
        answers=[answers[row][step] for row, step in steps],
        errors=np.array(errors, float),
        source=f"steps of {rows.describe()}",
        total=len(steps),
        notes=["The error is 1 if the tag is wrong; 0 is right."],
    )


def _make_token_points(
    model: LoadedModel, embeddings: NDArray[np.float32], tokens: list[NDArray[Any]],
    points: Points, limit: int, source: str,
) -> Points:  # fmt: skip
    """Return a point for each of the most frequent tokens; see TOKEN_NOTE.

    Args:
        embeddings: of all tokens by number, (tokens, width).
        tokens: numbers of those in each row, (steps,) each.
        points: of all rows or steps that have the tokens.
        limit: most points.
        source: see `Points`.
    """
    numbers = np.concatenate(tokens)
    owners = np.arange(len(numbers)) if points.kind == "step" else np.repeat(
        np.arange(len(tokens)), count_steps(tokens)
    )  # fmt: skip
    pairs = np.unique(np.stack([numbers, owners]), axis=1)  # (2, different pairs)
    by_token: dict[int, list[int]] = {}
    for number, owner in pairs.T.tolist():
        by_token.setdefault(number, []).append(owner)
    ranked = sorted(by_token, key=lambda number: (-len(by_token[number]), number))[:limit]
    names = {number: name for name, number in model.encoder.tokens.items()}
    owners_of = [by_token[number] for number in ranked]
    return Points(
        kind="token",
        meaning="the embedding of the token",
        vectors=embeddings[ranked],
        names=[names[number] for number in ranked],
        previews=[f"in {say_count(len(own), points.kind)}" for own in owners_of],
        targets=[_summarise([points.targets[point] for point in own]) for own in owners_of],
        answers=[],
        errors=np.array([points.errors[own].mean() for own in owners_of]),
        source=source,
        total=len(by_token),
        notes=[TOKEN_NOTE],
    )


def _summarise(values: list[str | float]) -> str | float:
    """Return the commonest text, the first of several in the alphabet, or the mean number."""
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return float(np.mean([value for value in values if not isinstance(value, str)]))
    counts = Counter(texts)
    return min(counts, key=lambda text: (-counts[text], text))


def _draw(points: Points, limit: int) -> Points:
    """Draw at most `limit` of the points."""
    chosen = draw_sample(len(points.names), limit)

    def take(values: list[Any]) -> list[Any]:
        return [values[point] for point in chosen.tolist()]

    return replace(
        points,
        vectors=points.vectors[chosen],
        names=take(points.names),
        previews=take(points.previews),
        targets=take(points.targets),
        answers=take(points.answers),
        errors=points.errors[chosen],
    )
