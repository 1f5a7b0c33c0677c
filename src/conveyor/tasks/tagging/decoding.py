"""The tags of rows, from the outputs of a network."""

import numpy as np
from numpy.typing import NDArray

from conveyor.metrics import Outputs
from conveyor.metrics.steps import as_rows, count_steps, join_steps, split_steps
from conveyor.tasks.tagging.options import TagSpec
from conveyor.tasks.tagging.spans import BEGIN, INSIDE, SpanScheme

ROWS = 256  # that are decoded together
LOWEST = 1e-12  # probability, whose logarithm is finite
FORBIDDEN = -1e9  # log probability


def decode(spec: TagSpec, outputs: Outputs) -> NDArray[np.object_]:
    """Return the tags of each row, (rows,) of int64 (steps,).

    Args:
        outputs: probabilities of the tags, (rows,) of (steps, tags).
    """
    if not len(outputs):
        return as_rows([])
    if spec.decoding == "constrained" and spec.scheme == "iob2":
        return _find_paths(spec, outputs)
    return split_steps(join_steps(outputs).argmax(axis=-1), count_steps(outputs))


def _find_paths(spec: TagSpec, outputs: Outputs) -> NDArray[np.object_]:
    """Return the most probable sequence of tags of each row that the scheme allows."""
    lengths, paths = count_steps(outputs), as_rows([np.zeros(0, np.int64)] * len(outputs))
    order = np.argsort(lengths, kind="stable")  # so that rows of a batch need little padding
    rules = _Rules(spec)
    for start in range(0, len(order), ROWS):
        rows = order[start : start + ROWS]
        batch = np.zeros((len(rows), max(1, lengths[rows].max()), len(spec.tags)))
        for position, row in enumerate(rows.tolist()):
            batch[position, : lengths[row]] = np.log(np.maximum(outputs[row], LOWEST))
        for row, path in zip(rows.tolist(), rules.find_paths(batch, lengths[rows]), strict=True):
            paths[row] = path[: lengths[row]]
    return paths


class _Rules:
    """Which tag may follow which: I-TYPE only B-TYPE and I-TYPE, any other tag every tag.

    Attributes:
        inside: the tags with I, (inside,).
        begin: of each of them the tag with B of its type, (inside,).
    """

    def __init__(self, spec: TagSpec) -> None:
        scheme = SpanScheme(spec)
        begins = {
            kind: tag for tag, kind in enumerate(scheme.type_of_tag.tolist())
            if scheme.prefixes[tag] == BEGIN
        }  # fmt: skip
        self.inside = np.flatnonzero(scheme.prefixes == INSIDE)
        # Training rows in which each span begins with B have a B of each type.
        self.begin = np.array([begins[scheme.type_of_tag[tag]] for tag in self.inside], np.int64)

    def find_paths(
        self, scores: NDArray[np.floating], lengths: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """Find the sequence of tags with the highest sum of scores (Viterbi 1967).

        Args:
            scores: log probabilities, (rows, steps, tags).
            lengths: steps of each row, (rows,).

        Returns:
            (rows, steps); what follows the last step of a row says nothing.
        """
        rows, steps, tags = scores.shape
        best = scores[:, 0].copy()  # of a sequence that ends with each tag, (rows, tags)
        best[:, self.inside] += FORBIDDEN
        before = np.empty((steps, rows, tags), np.int64)  # the tag before each tag
        for step in range(1, steps):
            previous = np.repeat(best.argmax(axis=1)[:, None], tags, axis=1)
            follows_begin = best[:, self.begin] >= best[:, self.inside]
            previous[:, self.inside] = np.where(follows_begin, self.begin, self.inside)
            new = np.take_along_axis(best, previous, axis=1) + scores[:, step]
            is_step = (step < lengths)[:, None]  # a row that has ended stays as it is
            best = np.where(is_step, new, best)
            before[step] = np.where(is_step, previous, np.arange(tags))
        paths = np.empty((rows, steps), np.int64)
        paths[:, -1] = best.argmax(axis=1)
        for step in range(steps - 1, 0, -1):
            paths[:, step - 1] = before[step][np.arange(rows), paths[:, step]]
        return paths
