"""The target of a tagger, from the cells of a column to the codes of tags."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from conveyor.errors import DataError, quote, quote_names
from conveyor.metrics.steps import split_steps
from conveyor.tasks.few_rows import FEW_TEST_ROWS
from conveyor.tasks.tagging.options import TagSpec, TagTarget
from conveyor.tasks.tagging.spans import BEGIN, INSIDE, NO_TYPE, SpanScheme, is_iob

Codes = NDArray[np.int32]  # of the tags of several rows, one row after another, (steps,)
Lengths = NDArray[np.int64]  # (rows,)
UNKNOWN = -1  # code of a tag that the target does not have
MAX_NAMED = 8  # types in a warning


class Target:
    """See `conveyor.tasks.facets.Target`. A key is the list of the row's tags."""

    key_type = pa.list_(pa.string())
    number_columns: Sequence[str] = ()
    notes: Sequence[str] = ()
    per_step = True

    def __init__(
        self, options: TagTarget, stored_names: Mapping[str, list[str]], kind: str
    ) -> None:
        self._options, self._of_text = options, kind == "text"
        self._stored_names = stored_names.get(options.column)
        self.columns = [options.column]

    def read(self, cells: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
        """A row without tags, or with an empty one, has the problem of a missing target."""
        [column] = cells
        lists = self._read_lists(column)
        tags = lists.flatten()
        is_blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(tags), ""), True)
        lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
        blanks = np.concatenate([[0], np.cumsum(is_blank.to_numpy(zero_copy_only=False))])
        ends = np.cumsum(lengths)
        missing = (lengths == 0) | (blanks[ends] > blanks[ends - lengths])  # (rows,)
        problems = pc.if_else(pa.array(missing), "missing_target", pa.scalar(None, pa.string()))
        return pc.if_else(pa.array(missing), pa.scalar(None, self.key_type), lists), problems

    def _read_lists(self, column: pa.Array) -> pa.Array:
        """Return the tags of each row as a list of texts, or null."""
        if isinstance(column, pa.DictionaryArray):
            column = column.dictionary_decode()
        kind, types = column.type, pa.types
        if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
            trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
            pieces = pc.utf8_split_whitespace(trimmed)
            return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pieces.type), pieces)
        if not (types.is_list(kind) or types.is_large_list(kind)):
            raise DataError(
                f"column {self._options.column!r}: expected a list of tags in each row, or text "
                f"with white space between them; got {kind}. Change dataset.target.column."
            )
        column = column.cast(pa.list_(kind.value_type))
        tags = column.flatten()
        if types.is_nested(tags.type):
            raise DataError(
                f"column {self._options.column!r}: expected a list of tags in each row; got "
                f"{kind}. Change dataset.target.column."
            )
        names = pa.array([self._name(tag) for tag in tags.to_pylist()], pa.string())
        lengths = pc.list_value_length(column)
        ends = pa.array(np.concatenate([[0], np.cumsum(lengths.fill_null(0))]), pa.int32())
        return pa.ListArray.from_arrays(ends, names, mask=column.is_null())

    def _name(self, tag: Any) -> str | None:
        if self._stored_names is not None and isinstance(tag, int):
            return self._stored_names[tag] if tag >= 0 else None
        if isinstance(tag, float) and tag.is_integer():
            return str(int(tag))
        return None if tag is None or tag != tag else str(tag).strip()

    def stratify(self, keys: pa.Array, rows: NDArray[np.integer]) -> NDArray[np.int32]:
        return assign_strata(*_code(keys, _list_tags(keys)), rows)

    def learn(self, keys: pa.Array, rows: NDArray[np.integer]) -> TagSpec:
        tags, outside = _list_tags(keys), self._options.outside
        others = [tag for tag in tags if not is_iob(tag, outside)]
        scheme: Any = self._options.scheme
        if scheme == "auto":
            scheme = "runs" if others or tags == [outside] else "iob"
        elif scheme == "iob" and others:
            raise DataError(
                f"column {self._options.column!r}: expected tags such as {outside}, B-TYPE and "
                f"I-TYPE, since dataset.target.scheme is iob; got {quote_names(others)}. Set "
                "dataset.target.scheme to runs, or dataset.target.outside to the tag of what is "
                "in no span."
            )
        spec = TagSpec(tags=tags, scheme=scheme, outside=outside, of_text=self._of_text)
        if scheme == "iob" and _is_iob2(spec, *_code(keys, tags)):
            spec = spec.model_copy(update={"scheme": "iob2"})
        return spec

    def without_rare(
        self, keys: pa.Array, rows: NDArray[np.integer], spec: TagSpec, min_rows: int
    ) -> TagSpec:
        return spec

    def accepts(self, keys: pa.Array, spec: TagSpec) -> NDArray[np.bool_]:
        """A tag that is in no training row cannot be learned."""
        codes, lengths = _code(keys, spec.tags)
        accepted = np.ones(len(keys), np.bool_)
        accepted[np.repeat(np.arange(len(keys)), lengths)[codes == UNKNOWN]] = False
        return accepted

    def encode(self, keys: pa.Array, spec: TagSpec) -> NDArray[Any]:
        """The codes of the tags of each key, (keys,) of int32 (steps,)."""
        return split_steps(*_code(keys, spec.tags))

    def check(
        self,
        keys: pa.Array,
        rows: Mapping[str, NDArray[np.integer]],
        spec: TagSpec,
        min_rows: int,
    ) -> dict[str, Any]:
        """The report has the steps of each tag and the spans of each type, by split."""
        if rows["train"].sum() < min_rows:
            raise DataError(
                f"dataset.checks.min_rows: expected at least {min_rows} training rows; got "
                f"{rows['train'].sum()}. Add rows, change dataset.split, or lower the limit."
            )
        if len(spec.tags) < 2:
            raise DataError(
                f"the training rows: expected at least two tags; got {quote_names(spec.tags)} in "
                "all steps. Change dataset.target.column or dataset.split."
            )
        used = np.sum([*rows.values()], axis=0) > 0  # (keys,)
        codes, lengths = _code(keys.filter(pa.array(used)), spec.tags)
        scheme = SpanScheme(spec)
        spans = scheme.find_spans(codes, lengths)
        key_of_step = np.repeat(np.arange(len(lengths)), lengths)
        tags, types = {}, {}
        for split, counts in rows.items():
            weights = counts[used]
            tags[split] = _count(spec.tags, codes, weights[key_of_step])
            types[split] = _count(scheme.types, spans.types, weights[spans.rows])
        return {"warnings": _warn_of_types(types, min_rows), "tags": tags, "types": types}


def assign_strata(codes: Codes, lengths: Lengths, rows: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return a stratum for each list of tags, (lists,): its rarest tag, so that splits and folds
    share the rows of a rare one. Lists of one step of one tag only need none of their own.

    Args:
        codes: of all lists, from 0.
        rows: of each list, (lists,).
    """
    if not len(codes):
        return np.zeros(len(lengths), np.int32)
    list_of_step = np.repeat(np.arange(len(lengths)), lengths)
    pairs = np.unique(np.column_stack([list_of_step, codes]), axis=0)  # each tag once a list
    frequency = np.bincount(pairs[:, 1], rows[pairs[:, 0]])  # rows that have the tag, (tags,)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    rarest = np.full(len(lengths), len(frequency), np.int64)
    np.minimum.at(rarest, pairs[:, 0], rank[pairs[:, 1]])
    sizes = np.bincount(rarest, rows)
    rarest[sizes[rarest] < 2] = len(frequency)  # alone in its stratum, a row would never be drawn
    return rarest.astype(np.int32)


def _list_tags(keys: pa.Array) -> list[str]:
    """Return all tags, sorted."""
    return sorted(pc.unique(keys.flatten()).to_pylist())


def _code(keys: pa.Array, tags: Sequence[str]) -> tuple[Codes, Lengths]:
    codes = pc.index_in(keys.flatten(), pa.array(tags, pa.string())).fill_null(UNKNOWN)
    lengths = pc.list_value_length(keys).fill_null(0).to_numpy()
    return codes.to_numpy(), lengths.astype(np.int64)


def _is_iob2(spec: TagSpec, codes: Codes, lengths: Lengths) -> bool:
    """Return whether each span begins with B and goes on with I."""
    scheme = SpanScheme(spec)
    if not np.isin(scheme.prefixes, [BEGIN, INSIDE, "O"]).all():
        return False
    is_first = np.zeros(len(codes), np.bool_)
    is_first[(np.cumsum(lengths) - lengths)[lengths > 0]] = True
    kinds = scheme.type_of_tag[codes]
    before = np.where(is_first, NO_TYPE, np.roll(kinds, 1))
    return bool((before == kinds)[scheme.prefixes[codes] == INSIDE].all())


def _count(
    names: Sequence[str], positions: NDArray[np.integer], weights: NDArray[np.integer]
) -> dict[str, int]:
    counts = np.bincount(positions, weights, len(names)).astype(int).tolist()
    return dict(zip(names, counts, strict=True))


def _warn_of_types(types: Mapping[str, Mapping[str, int]], min_rows: int) -> list[str]:
    """Return a sentence on the types of few spans in training, and one on those in test."""
    sentences = []
    for split, limit, effect in (
        ("train", min_rows, "they are hardly learned"),
        ("test", FEW_TEST_ROWS, "their test metrics say little"),
    ):
        few = [f"{quote(name)} ({count})" for name, count in types[split].items() if count < limit]
        if few:
            more = " ..." if len(few) > MAX_NAMED else ""
            sentences.append(
                f"types of fewer than {limit} spans in the {split} rows, so {effect}: "
                f"{', '.join(few[:MAX_NAMED])}{more}"
            )
    return sentences
