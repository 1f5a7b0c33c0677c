"""`conveyor.open`: the same answers and scores as the server and the stages, without TensorFlow."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import conveyor
from conveyor import files
from conveyor.config import Config
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import EvaluationInput
from conveyor.inspection.explain import Explainer
from conveyor.inspection.trace import trace_row
from conveyor.metrics.steps import as_rows
from conveyor.notebook.explained_answer import ExplainedAnswer
from conveyor.notebook.file_scores import cut_targets
from conveyor.notebook.rows import read_rows
from conveyor.server.body import Body
from conveyor.server.mlflow_protocol import list_answers, parse_request
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests

SERIES = [[[0.5, 1.5], [1.0, 2.0], [1.5, 2.5]], [[3.0, 1.0], [2.0, 0.0]]]
FORMS: dict[str, Callable[[], Any]] = {
    "lists": lambda: SERIES,
    "arrays": lambda: [np.array(series) for series in SERIES],
    "tuples": lambda: tuple(tuple(map(tuple, series)) for series in SERIES),
    "dictionaries": lambda: [{"series": series, "other": 1} for series in SERIES],
    "columns": lambda: {"series": SERIES},
    "a frame": lambda: pd.DataFrame({"series": SERIES, "other": [1, 2]}),
    "a frame of arrays": lambda: pd.DataFrame({"series": [np.array(s) for s in SERIES]}),
}


def served(folder: Path, inputs: Any) -> list[dict[str, Any]]:
    """The server's answers to a request."""
    model = LoadedModel.load(folder)
    parsed = parse_request(Body(json.loads(json.dumps({"inputs": inputs}))), model)
    return list_answers(parsed.predict(model), parsed)


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_any_form_get_the_servers_answers(toy_product: Path, form: str) -> None:
    answers = conveyor.open(toy_product).predict(FORMS[form]())
    assert answers == served(toy_product, SERIES)
    assert json.loads(json.dumps(answers)) == answers
    frame = answers.frame()
    assert list(frame) == ["label", "probability", "probabilities.down", "probabilities.up"]
    assert "<td>" in answers._repr_html_()


def test_texts_get_the_servers_answers(word_product: Path) -> None:
    model, texts = conveyor.open(word_product), ["good morning", "a bad evening"]
    for rows in (texts, pd.Series(texts), pd.DataFrame({"text": texts}), np.array(texts)):
        assert model.predict(rows) == served(word_product, texts)


def test_the_example_is_a_row(toy_product: Path, word_product: Path) -> None:
    for folder in (toy_product, word_product):
        model = conveyor.open(folder)
        assert model.predict([model.example]) == served(folder, [model.example])


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (np.float64(1.5), 1.5),
        (np.str_("good"), "good"),
        (np.float32("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2024-01-01 03:00"), "2024-01-01T03:00:00"),
        (date(2024, 1, 1), "2024-01-01"),
        ("good", "good"),
    ],
    ids=str,
)
def test_a_cell_of_a_frame_is_what_json_would_have(
    word_product: Path, cell: Any, plain: Any
) -> None:
    model = LoadedModel.load(word_product)
    frame = pd.DataFrame({"text": pd.Series([cell], dtype=object)})
    for rows in (frame, {"text": [cell]}, [{"text": cell}], [cell]):
        [row] = read_rows(rows, model).rows
        assert (type(row), row) == (type(plain), plain)


def test_targets_end_where_the_model_stopped_reading() -> None:
    targets, outputs = as_rows([np.arange(5), np.arange(2)]), as_rows([np.zeros((3, 2))] * 2)
    assert [row.tolist() for row in cut_targets(targets, outputs)] == [[0, 1, 2], [0, 1]]
    assert cut_targets(np.arange(2), np.zeros((2, 3))).tolist() == [0, 1]


BAD_ROWS: dict[str, tuple[Any, str]] = {
    "one text": ("good", "rows: expected a list of rows, a dictionary of columns or a DataFrame; "
                         "got a value of type str"),
    "no rows": ([], "expected at least one row; got none"),
    "another column": ([{"text": "good"}], "rows: expected 'series'; got text"),
    "no list": ({"series": 1}, "rows.series: expected a list; got a number"),
    "a bad row": ([SERIES[0], [[1.0]]], "row 1: expected a list of steps of 2 numbers each"),
    "a missing number": (pd.DataFrame({"series": [[[1.0, None]]]}), "got a missing value"),
    "columns of one name": (pd.DataFrame([[1, 2]], columns=["series", "series"]),
                            "expected columns of different names"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ROWS)
def test_rows_that_cannot_be_read_are_refused(toy_product: Path, case: str) -> None:
    rows, message = BAD_ROWS[case]
    with pytest.raises(InputError) as raised:
        conveyor.open(toy_product).predict(rows)
    assert message in str(raised.value)


@pytest.mark.parametrize("source", [None, 5])
def test_what_names_no_model_is_refused(source: Any) -> None:
    with pytest.raises(InputError, match=f"source: expected a model folder .* got {source}. Name"):
        conveyor.open(source)


def test_gates_are_those_of_the_trace_and_show_the_page(toy_product: Path) -> None:
    model = conveyor.open(toy_product)
    gates = model.gates(SERIES[0])
    trace = trace_row(toy_product, LoadedModel.load(toy_product), np.array(SERIES[0]))
    for name, values in trace.layers[0].states.items():
        frame = gates.frame(name)
        np.testing.assert_array_equal(frame.to_numpy(), values)
        assert list(frame.index) == ["1", "2", "3"]
    assert "cell state, hidden state of layers 1 forward, at 3 steps" in repr(gates)
    page = gates._repr_html_()
    assert page.startswith("<iframe")
    assert 'sandbox="allow-scripts"' in page
    assert "Forget gate" in page
    assert model.gates().trace.answer == model.predict([model.example])[0]
    for options, message in (
        ({"state": "memory"}, "state: expected one of input gate, forget gate"),
        ({"state": "cell state", "layer": 2}, "layer: expected one of 1 forward; got 2 forward"),
    ):
        with pytest.raises(InputError, match=message):
            gates.frame(**options)
    with pytest.raises(InputError, match="row: expected one row; got 2"):
        model.gates(pd.DataFrame({"series": SERIES}))
    with pytest.raises(InputError, match="row: expected a list of steps of 2 numbers each; got"):
        model.gates([[1.0]])


def test_an_explanation_is_that_of_the_explainer_and_shows_its_page(toy_product: Path) -> None:
    answer = conveyor.open(toy_product).explain(SERIES[0], output="down")
    expected = Explainer(toy_product).explain(np.array(SERIES[0]), output="down")
    np.testing.assert_array_equal(answer.frame().to_numpy(), expected.attributions)
    assert answer.frame().shape == (3, 2)
    total = answer.explanation.end - answer.explanation.start
    assert answer.frame().to_numpy().sum() == pytest.approx(total, rel=1e-3)
    assert repr(answer).startswith("probability of 'down': ")
    assert "not complete" not in repr(answer)
    wrong = replace(answer.explanation, static={"age": 0.25}, is_complete=False, error=0.5)
    printed = repr(ExplainedAnswer(wrong, answer.digest))
    assert printed.splitlines()[-2] == "age: 0.25"
    assert printed.endswith("off by 5.0e-01 of the difference. Do not rely on them.")
    page = answer._repr_html_()
    assert 'sandbox="allow-scripts"' in page
    assert "Integrated gradients" in page
    with pytest.raises(InputError, match="sideways"):
        conveyor.open(toy_product).explain(output="sideways")


def write_test_rows(toys: Prepared, path: Path, extra: list[dict[str, Any]]) -> None:
    """Write the test rows as the data set has them."""
    test, names = toys.split("test"), toys.task.spec.classes
    rows = [
        {"series": test.rows[i].tolist(), "label": names[target]}
        for i, target in enumerate(test.targets)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *extra]))


def test_a_file_is_scored_as_the_stage_scores_its_rows(
    tmp_path: Path, toy_product: Path, toys: Prepared, toy_config: Config
) -> None:
    file = tmp_path / "new.jsonl"
    unusable: list[dict[str, Any]] = [
        {"series": [[1.0, 2.0]], "label": None},
        {"series": [[1.0, 2.0]], "label": "sideways"},
        {"series": [], "label": "up"},
    ]
    write_test_rows(toys, file, unusable)
    scores = conveyor.open(toy_product).evaluate(file, samples=50)
    parts = [toys.split(name) for name in ("train", "validation", "test")]
    model = LoadedModel.load(toy_product)
    outputs = model.predict(parts[2].rows).outputs
    data = EvaluationInput(model.kind, model.task, *parts, outputs)
    settings = toy_config.evaluate.model_copy(update={"bootstrap_samples": 50, "baselines": False})
    expected = evaluate(data, settings, seed=17)
    assert scores.scores == expected.scores
    assert scores.intervals == expected.intervals
    assert scores.rows == len(parts[2].rows)
    assert scores.left_out == {"missing_target": 1, "unknown_target": 1, "empty_input": 1}
    assert scores.frame().index[0] == model.task.metrics.headline
    assert "left out: 1 missing_target" in scores._repr_html_()
    assert repr(scores).startswith(f"metrics of {scores.rows} rows; left out: 1 missing_target")
    assert "macro_f1" in repr(scores)


def without_options(folder: Path) -> Path:
    """A copy of a model of a version that did not keep how files hold the target."""
    shutil.copytree(folder, folder := folder.parent / "old" / "model")
    card = files.read_json(folder / "card.json")
    files.write_json(folder / "card.json", {**card, "target_options": None})
    write_digests(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("no.jsonl", None, {}, "no.jsonl: file not found"),
        ("rows.doc", "x", {}, "expected a name that ends in one of csv"),
        ("rows.jsonl", '{"series": [[1, 2]]}\n', {}, "expected a column 'label'"),
        ("rows.jsonl", '{"series": [[1, 2]], "label": "no"}\n', {},
         "expected a row whose target the model can predict; got none (1 unknown_target)"),
        ("rows.jsonl", '{"series": [[1, 2]], "label": "up"}\n', {"samples": 0},
         "expected samples of at least 1"),
        ("old.jsonl", '{"series": [[1, 2]], "label": "up"}\n', {},
         "expected a model that knows how files hold its target"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_scored_is_refused(
    tmp_path: Path, toy_product: Path, name: str, content: str | None, options: dict[str, Any],
    message: str,
) -> None:  # fmt: skip
    file, folder = tmp_path / name, tmp_path / "model"
    shutil.copytree(toy_product, folder)
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError) as raised:
        conveyor.open(without_options(folder) if "old" in name else folder).evaluate(
            file, **options
        )
    assert message in str(raised.value)


LAZY = """
import sys, conveyor
assert not {"numpy", "pandas", "onnxruntime", "mlflow", "keras"} & set(sys.modules)
model = conveyor.open(sys.argv[1])
model.predict([model.example])
model.gates()
model.evaluate(sys.argv[2], samples=2)
assert not {"tensorflow", "keras", "mlflow", "sklearn", "matplotlib"} & set(sys.modules), sorted(
    {"tensorflow", "keras", "mlflow", "sklearn", "matplotlib"} & set(sys.modules))
"""


def test_nothing_is_loaded_before_it_is_needed(
    tmp_path: Path, toy_product: Path, toys: Prepared
) -> None:
    write_test_rows(toys, tmp_path / "rows.jsonl", [])
    command = [sys.executable, "-c", LAZY, str(toy_product), str(tmp_path / "rows.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
