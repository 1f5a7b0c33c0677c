"""The answers of a tagger: a tag for each token or step, and the spans that the tags mark."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.metrics import Outputs, Targets
from conveyor.metrics.steps import as_rows, count_steps, join_steps
from conveyor.tasks.options import TargetSpec
from conveyor.tasks.tagging.decoding import decode
from conveyor.tasks.tagging.options import TagSpec
from conveyor.tasks.tagging.spans import Spans, SpanScheme
from conveyor.tasks.values import Distributions, ModelOutputs
from conveyor.tokens import TokenText

Record = dict[str, Any]


class Answers:
    """`tags`, and of each its probability; and `spans`, each with `type`, `start` and `end`.

    Of a series, `start` and `end` count steps. Of a text they count its characters; each span has
    its `text` too, and beside `tags` are the `tokens`. A text that comes as a list of tokens is
    taken as these with a space between them. What is cut from a longer row has no tag.

    The rows of texts are `TokenText`s.

    Outputs are probabilities, float32 (rows,) of (steps, tags).
    """

    logged = ("tags", "spans")
    unit = 1.0

    def __init__(self, spec: TagSpec) -> None:
        self._spec, self._scheme = spec, SpanScheme(spec)
        span = {"type": pa.string(), "start": pa.int64(), "end": pa.int64()}
        if spec.of_text:
            span["text"] = pa.string()
        fields: dict[str, pa.DataType] = {
            "tags": pa.list_(pa.string()),
            "probabilities": pa.list_(pa.float32()),
            "spans": pa.list_(pa.struct(span)),
        }
        if spec.of_text:
            fields = {"tokens": pa.list_(pa.string()), **fields}
        self.schema = pa.schema(fields)

    def decode(self, targets: Targets) -> list[list[str]]:
        return [[self._spec.tags[code] for code in row.tolist()] for row in targets]

    def records(self, outputs: Outputs, rows: Sequence[Any] = ()) -> list[Record]:
        codes = decode(self._spec, outputs)
        records: list[Record] = []
        for tags, own in zip(codes, outputs, strict=True):
            probabilities = np.take_along_axis(own, tags[:, None], axis=1)[:, 0]
            names = [self._spec.tags[code] for code in tags.tolist()]
            records.append({"tags": names, "probabilities": probabilities.tolist(), "spans": []})
        if not len(codes):
            return records
        spans = self._scheme.find_spans(join_steps(codes), count_steps(codes))
        for row, start, end, kind in _as_tuples(spans):
            span = {"type": self._scheme.types[kind], "start": start, "end": end}
            records[row]["spans"].append(span)
        if not self._spec.of_text:
            return records
        return [_add_text(record, row) for record, row in zip(records, rows, strict=True)]

    def columns(
        self, outputs: Outputs, missing: NDArray[np.bool_], rows: Sequence[Any] = ()
    ) -> list[pa.Array]:
        present = np.flatnonzero(~missing).tolist()
        own = [rows[row] for row in present] if len(rows) else ()
        answers = dict(zip(present, self.records(outputs[present], own), strict=True))
        table = [answers.get(row, dict.fromkeys(self.schema.names)) for row in range(len(missing))]
        return [pa.array([row[f.name] for row in table], f.type) for f in self.schema]

    def tensors(
        self, outputs: Outputs, rows: Sequence[Any] = ()
    ) -> dict[str, tuple[str, list[int], list[Any]]]:
        """Tags and probabilities of (rows, longest), padded with empty texts and zeros. Spans have
        one more axis, for those of a row, and are padded with empty types and zeros."""
        records = self.records(outputs, rows)
        steps, spans = ("tokens", "tags", "probabilities"), ("type", "start", "end", "text")
        table = {name: [r[name] for r in records] for name in steps if name in self.schema.names}
        fields = [f.name for f in self.schema.field("spans").type.value_type]
        for name in (name for name in spans if name in fields):
            table[f"span_{name}"] = [[span[name] for span in r["spans"]] for r in records]
        return {name: _pad(name, lists) for name, lists in table.items()}

    def parameters(self) -> dict[str, Any]:
        return {"tags": self._spec.tags}

    def matches(self, other: TargetSpec) -> bool:
        """A tag that is new to the model makes spans that it cannot find."""
        return other.task == "tagging"

    def align(self, other: ModelOutputs) -> ModelOutputs | None:
        spec = other.spec
        if spec.task != "tagging" or sorted(spec.tags) != sorted(self._spec.tags):
            return None
        order = [spec.tags.index(name) for name in self._spec.tags]
        aligned = spec.model_copy(update={"tags": self._spec.tags})
        outputs = other.outputs.copy()
        for number, row in enumerate(outputs):
            outputs[number] = row[:, order]
        return ModelOutputs(aligned, outputs)

    def summarise(self, outputs: Outputs) -> Distributions:
        """The types of the spans, and the mean confidence of each row."""
        codes = decode(self._spec, outputs)
        counts = self._count_types(codes)
        confidence = np.array([row.max(axis=1).mean() for row in outputs], np.float32)
        return Distributions({"predicted type": counts}, {"confidence": confidence})

    def summarise_targets(self, values: Sequence[Sequence[str]]) -> Distributions:
        """The types of the spans; those of new tags too."""
        tags = sorted({tag for row in values for tag in row}.union(self._spec.tags))
        spec = self._spec.model_copy(update={"tags": tags})
        codes = {name: code for code, name in enumerate(tags)}
        rows = as_rows([np.array([codes[tag] for tag in row], np.int64) for row in values])
        return Distributions({"type": Answers(spec)._count_types(rows)}, {})

    def _count_types(self, rows: NDArray[Any]) -> dict[str, int]:
        if not len(rows):
            return {}
        spans = self._scheme.find_spans(join_steps(rows), count_steps(rows))
        return dict(Counter(self._scheme.types[kind] for kind in spans.types.tolist()))


def _add_text(record: Record, row: TokenText) -> Record:
    """Return the record with the tokens, and the spans in characters."""
    for span in record["spans"]:
        start, end = row.bounds[span["start"]][0], row.bounds[span["end"] - 1][1]
        span |= {"start": start, "end": end, "text": row.text[start:end]}
    return {"tokens": row.tokens[: len(record["tags"])], **record}


def _as_tuples(spans: Spans) -> list[tuple[int, int, int, int]]:
    parts = (spans.rows, spans.starts, spans.ends, spans.types)
    return [*zip(*(part.tolist() for part in parts), strict=True)]


def _pad(name: str, lists: list[list[Any]]) -> tuple[str, list[int], list[Any]]:
    """Return datatype, shape and data of a tensor of lists, padded to the longest."""
    datatype, filling = {
        "probabilities": ("FP32", 0.0), "span_start": ("INT64", 0), "span_end": ("INT64", 0),
    }.get(name, ("BYTES", ""))  # fmt: skip
    longest = max(map(len, lists), default=0)
    padded = [value for row in lists for value in row + [filling] * (longest - len(row))]
    return datatype, [len(lists), longest], padded
