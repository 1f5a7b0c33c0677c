"""What is drawn of a model's rows: their states or those of their steps, and their tokens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor.data.store import Split
from conveyor.inspection.previews import (
    first_number,
    has_several_numbers,
    name_row,
    preview_row,
    preview_step,
    write_answer,
)
from conveyor.inspection.projection import draw_sample
from conveyor.inspection.states import read_embeddings, read_network, read_states
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
        previews: a text each, or a list of channels, each a list of numbers.
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


def read_points(folder: Path, model: LoadedModel, split: Split, limit: int) -> list[Points]:
    """Return a sample of the rows of a split, or of their steps where these have targets of their
    own; and of the tokens in them, if there are tokens.

    Args:
        folder: of the model.
        limit: most points of a kind.

    Raises:
        InputError: the network has no recurrent layer of ONNX's operators.
    """
    network, task = read_network(folder), model.task
    chosen = draw_sample(len(split.rows), limit)
    rows = [split.rows[row] for row in chosen.tolist()]
    per_step = bool(task.spec.per_step)
    source = (
        f"{len(rows):,} of {len(split.rows):,} rows"
        if len(rows) < len(split.rows)
        else (f"{len(rows):,} rows")
    )
    states, meaning = read_states(network, model.encoder, rows, per_step=per_step)
    predictions = model.predict(rows)
    outputs = predictions.outputs
    targets = split.targets[chosen]
    true = task.answers.decode(targets)
    records, fields = predictions.records(), task.answers.logged
    if per_step:
        answers = [record[fields[0]] for record in records]
        points = _of_steps(states, meaning, rows, true, answers, source)
    else:
        errors = task.comparison.row_errors(targets, ModelOutputs(task.spec, outputs))
        names = [name_row(row, split.ids[i]) for row, i in zip(rows, chosen.tolist(), strict=True)]
        points = Points(
            "row", meaning, states, names, [preview_row(row) for row in rows],
            [first_number(value) for value in true],
            [write_answer(record, fields) for record in records], errors, "rows", len(split.rows),
            [FIRST_OF_SEVERAL] if has_several_numbers(true[0]) else (),
        )  # fmt: skip
    embeddings = read_embeddings(network)
    sample = _draw(points, limit)
    if embeddings is None or not model.encoder.tokens:
        return [sample]
    tokens = [model.encoder.token_numbers(split.sequences[row]) for row in chosen.tolist()]
    return [sample, _of_tokens(model, embeddings, tokens, points, limit, source)]


def _of_steps(
    states: NDArray[Any], meaning: str, rows: Sequence[Any], true: list[list[str]],
    answers: list[list[str]], source: str,
) -> Points:  # fmt: skip
    """All steps of the rows."""
    pairs = [(row, step) for row, steps in enumerate(true) for step in range(len(steps))]
    texts = [preview_step(rows[row], step) for row, step in pairs]
    errors = [answers[row][step] != true[row][step] for row, step in pairs]
    return Points(
        "step", meaning, join_steps(states), [name for name, _ in texts],
        [preview for _, preview in texts], [true[row][step] for row, step in pairs],
        [answers[row][step] for row, step in pairs], np.array(errors, float),
        f"steps of {source}", len(pairs),
    )  # fmt: skip


def _of_tokens(
    model: LoadedModel, embeddings: NDArray[np.float32], tokens: list[NDArray[Any]],
    points: Points, limit: int, source: str,
) -> Points:  # fmt: skip
    """The most frequent tokens of the rows; see TOKEN_NOTE."""
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
    owned = [by_token[number] for number in ranked]
    texts = [f"in {len(own):,} {points.kind}{'s' * (len(own) > 1)}" for own in owned]
    return Points(
        "token", "the embedding of the token", embeddings[ranked],
        [names[number] for number in ranked], texts,
        [_summarise([points.targets[point] for point in own]) for own in owned],
        [], np.array([points.errors[own].mean() for own in owned]),
        f"tokens of {source}", len(by_token), [TOKEN_NOTE],
    )  # fmt: skip


def _summarise(values: list[str | float]) -> str | float:
    """The commonest text, the first of several in the alphabet, or the mean number."""
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

    return Points(
        points.kind, points.meaning, points.vectors[chosen], take(points.names),
        take(points.previews), take(points.targets), take(points.answers), points.errors[chosen],
        points.source, points.total, points.notes,
    )  # fmt: skip
