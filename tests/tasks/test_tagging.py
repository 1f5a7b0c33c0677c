"""Spans, decoding and metrics of taggers, beside other implementations of them."""

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities
from tag_rows import IOB_TAGS, make_rows, make_spec, make_target

from conveyor.errors import DataError
from conveyor.metrics.resampling import draw_samples, intervals
from conveyor.metrics.steps import as_rows, count_steps, join_steps
from conveyor.tasks.tagging.answers import Answers
from conveyor.tasks.tagging.decoding import decode
from conveyor.tasks.tagging.metrics import make_table
from conveyor.tasks.tagging.spans import SpanScheme
from conveyor.tokens import TokenText, find_pieces

ALL_PREFIXES = [f"{prefix}-{kind}" for prefix in "BIES" for kind in ("city", "day")] + ["O"]


def names_of(tags: list[str], rows: np.ndarray) -> list[list[str]]:
    return [[tags[code] for code in row] for row in rows]


@pytest.mark.parametrize("tags", [IOB_TAGS, ALL_PREFIXES])
def test_spans_are_those_of_seqeval_whatever_the_order_of_tags(tags: list[str]) -> None:
    targets, _ = make_rows(400, len(tags))
    scheme = SpanScheme(make_spec(tags, scheme="iob"))
    spans = scheme.find_spans(join_steps(targets), count_steps(targets))
    found: list[list[Any]] = [[] for _ in targets]
    for row, start, end, kind in zip(
        spans.rows, spans.starts, spans.ends, spans.types, strict=True
    ):
        found[row].append((scheme.types[kind], start, end - 1))
    assert found == [get_entities(row) for row in names_of(tags, targets)]


def test_metrics_are_those_of_seqeval() -> None:
    targets, outputs = make_rows(300)
    spec = make_spec(scheme="iob")
    scores = make_table(spec).score_all(targets, outputs)
    predicted = names_of(IOB_TAGS, decode(spec, outputs))
    expected: Any = classification_report(names_of(IOB_TAGS, targets), predicted, output_dict=True)
    micro, macro = expected["micro avg"], expected["macro avg"]
    assert scores["span_f1"] == pytest.approx(micro["f1-score"])
    assert scores["span_precision"] == pytest.approx(micro["precision"])
    assert scores["span_recall"] == pytest.approx(micro["recall"])
    assert scores["macro_span_f1"] == pytest.approx(macro["f1-score"])


def test_a_span_is_a_run_where_tags_have_no_prefix() -> None:
    tags = ["O", "run", "walk"]
    scheme = SpanScheme(make_spec(tags, scheme="runs"))
    spans = scheme.find_spans(np.array([1, 1, 2, 0, 2, 2, 1]), np.array([5, 2]))
    runs = zip(spans.rows, spans.starts, spans.ends, spans.types, strict=True)
    assert [(row, start, end, scheme.types[kind]) for row, start, end, kind in runs] == [
        (0, 0, 2, "run"), (0, 2, 3, "walk"), (0, 4, 5, "walk"), (1, 0, 1, "walk"), (1, 1, 2, "run"),
    ]  # fmt: skip


def test_a_constrained_row_is_the_most_probable_one_that_is_allowed() -> None:
    _, outputs = make_rows(40, seed=3)
    outputs = as_rows([row[:4] for row in outputs])  # 5**4 sequences at most

    def is_allowed(path: tuple[int, ...]) -> bool:
        names = ["O", *(IOB_TAGS[tag] for tag in path)]
        return all(
            now[0] != "I" or before[2:] == now[2:] for before, now in itertools.pairwise(names)
        )

    for row, path in zip(outputs, decode(make_spec(), outputs), strict=True):
        steps = np.arange(len(row))
        allowed = filter(is_allowed, itertools.product(range(5), repeat=len(row)))
        best = max(allowed, key=lambda tags: np.log(row[steps, list(tags)]).sum())
        assert path.tolist() == list(best)
    free = decode(make_spec(decoding="argmax"), outputs)
    assert [row.tolist() for row in free] == [row.argmax(axis=1).tolist() for row in outputs]


def test_a_draw_of_rows_scores_as_these_rows_do() -> None:
    targets, outputs = make_rows()
    table = make_table(make_spec())
    pairs = table.pair(targets, outputs)
    for rows in draw_samples(len(targets), 5, seed=1):
        drawn = table.compute_of(table.metrics, pairs.take(rows))
        assert drawn == pytest.approx(table.compute(table.metrics, targets[rows], outputs[rows]))
        again = np.arange(0, len(rows), 2)
        twice = table.compute_of(table.metrics, pairs.take(rows).take(again))
        direct = table.compute(table.metrics, targets[rows[again]], outputs[rows[again]])
        assert twice == pytest.approx(direct)
    bounds = intervals(table, targets, outputs, samples=50, confidence=0.9, seed=0)
    assert set(bounds) == set(table.metrics)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pa.array([["B-day", "O"], [], None, ["O", None]]), [["B-day", "O"], None, None, None]),
        (pa.array([" B-day  O", "", None]), [["B-day", "O"], None, None]),
        (pa.array([[1, 0], [2]]), [["1", "0"], ["2"]]),
        (pa.array(["O O", "O O"]).dictionary_encode(), [["O", "O"], ["O", "O"]]),
        (pa.array([["O", " "]], pa.large_list(pa.string())), [None]),
    ],
)
def test_cells_become_lists_of_tags(cells: pa.Array, expected: list[Any]) -> None:
    keys, problems = make_target().read([cells])
    assert keys.to_pylist() == expected
    assert problems.to_pylist() == [None if key else "missing_target" for key in expected]


@pytest.mark.parametrize(
    ("rows", "options", "scheme"),
    [
        ([["B-day", "I-day", "O"]], {}, "iob2"),
        ([["I-day", "O"], ["B-day"]], {}, "iob"),  # IOB1
        ([["B-day", "I-city"]], {}, "iob"),
        ([["S-day", "O"]], {}, "iob"),
        ([["walk", "O"]], {}, "runs"),
        ([["O", "O"]], {}, "runs"),
        ([["B-day", "none"]], {"outside": "none"}, "iob2"),
        ([["B-day", "O"]], {"scheme": "runs"}, "runs"),
    ],
)
def test_the_scheme_follows_from_the_tags(
    rows: list[list[str]], options: dict[str, Any], scheme: str
) -> None:
    keys = pa.array(rows)
    spec = make_target(**options).learn(keys, np.ones(len(rows), np.int64))
    assert spec.scheme == scheme


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        (pa.array([1, 2]), {}, "column 'tags': expected a list of tags in each row.*got int64"),
        (pa.array([[["O"]]]), {}, "expected a list of tags in each row; got list"),
        (pa.array([["walk", "O"]]), {"scheme": "iob"}, "scheme is iob; got .walk.. Set"),
        (pa.array([["O"]]), {}, "expected at least two tags; got .O. in all steps"),
    ],
)
def test_other_targets_are_refused(cells: pa.Array, options: dict[str, Any], message: str) -> None:
    target, rows = make_target(**options), np.array([5])
    with pytest.raises(DataError, match=message):
        keys, _ = target.read([cells])
        spec = target.learn(keys, rows)
        target.check(keys, {"train": rows, "test": rows}, spec, 2)


def test_a_tag_of_no_training_row_is_not_accepted() -> None:
    target, keys = make_target(), pa.array([["B-day", "O"], ["B-day", "I-city"]])
    spec = target.learn(keys[:1], np.array([3]))
    assert target.accepts(keys, spec).tolist() == [True, False]
    assert [row.tolist() for row in target.encode(keys, spec)] == [[0, 1], [0, -1]]


def test_a_rare_tag_is_in_each_split_where_there_are_rows_of_it() -> None:
    keys = pa.array([["O"], ["O", "O", "B-day"], ["B-day"], ["B-city", "B-day"]])
    strata = make_target().stratify(keys, np.array([50, 9, 9, 2]))
    assert len(set(strata.tolist())) == 3
    assert strata[1] == strata[2]


def test_spans_of_a_text_are_in_its_characters() -> None:
    answers = Answers(make_spec())
    codes = [[4, 0, 2, 4], [1, 3]]
    outputs = as_rows([np.eye(5, dtype=np.float32)[row] for row in codes])
    raw = "to  New York today ever"
    rows = [TokenText(raw, find_pieces(raw)), TokenText.of_tokens(["next", "day"])]
    first, second = answers.records(outputs, rows)
    assert first["tokens"] == ["to", "New", "York", "today"]  # a fifth one was cut
    assert first["spans"] == [{"type": "city", "start": 4, "end": 12, "text": "New York"}]
    assert second["spans"] == [{"type": "day", "start": 0, "end": 8, "text": "next day"}]
    columns = answers.columns(outputs, np.array([False, True]), [rows[0], None])
    assert [c.to_pylist()[1] for c in columns] == [None] * 4
    tensors = answers.tensors(outputs, rows)
    assert tensors["tags"] == (
        "BYTES", [2, 4], ["O", "B-city", "I-city", "O", "B-day", "I-day", "", ""],
    )  # fmt: skip
    assert tensors["span_end"] == ("INT64", [2, 1], [12, 8])
