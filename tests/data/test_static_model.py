"""Static columns beyond `prepare`: learned by the network, and served as it was trained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fitted_patients import Fit, expected_records, require_equal
from patients import (
    LAYOUTS,
    Patient,
    patients,
    write_rows,
)

from conveyor.batch.predict import predict_file
from conveyor.encoding import RowError
from conveyor.errors import InputError
from conveyor.models.export import predict
from conveyor.raw_row import Row, sequence_of
from conveyor.server import mlflow_protocol, v2
from conveyor.server.body import Body
from conveyor.server.live_model import LiveModel, load_version
from conveyor.server.request_log import RequestLog
from conveyor.server.shadow import AnsweredRequest
from conveyor.serving import LoadedModel
from conveyor.serving.measurements import padding_difference
from conveyor.serving.predict_process import predict_in_fresh_process


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_learns_what_only_static_columns_tell(fit_layout: Fit, layout: str) -> None:
    assert fit_layout(layout).accuracy > 0.9


@pytest.mark.parametrize("layout", ["text", "wide"])
def test_without_the_columns_it_cannot(fit_layout: Fit, layout: str) -> None:
    assert fit_layout(layout, static=False).accuracy < 0.75


@pytest.mark.parametrize("layout", ["text", "series"])
def test_an_explanation_names_the_static_columns_that_tell(fit_layout: Fit, layout: str) -> None:
    from conveyor.inspection.explain import Explainer

    fitted = fit_layout(layout)
    explanation = Explainer(fitted.folder).explain(fitted.prepared.split("test").rows[0])
    assert explanation.is_complete
    assert list(explanation.static) == list(explanation.static_occlusion) == ["age", "ward"]
    strongest = max(map(abs, explanation.static.values()))
    assert strongest > abs(explanation.attributions.sum())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keras_and_the_served_graph_agree_and_padding_changes_nothing(
    fit_layout: Fit, layout: str
) -> None:
    import keras

    fitted = fit_layout(layout)
    test = fitted.prepared.split("test")
    network: Any = keras.models.load_model(fitted.folder / "model.keras")
    outputs = fitted.served.predict(test.rows).outputs
    np.testing.assert_allclose(outputs, predict(network, test.encoded), atol=1e-5)
    assert padding_difference(fitted.served, test.rows[:]) < 1e-6
    other = [Row(sequence_of(row), {"age": 20, "ward": "south"}) for row in test.rows]
    assert np.abs(fitted.served.predict(other).outputs - outputs).max() > 0.1


def lines_of(layout: str) -> tuple[list[Patient], list[dict[str, Any]]]:
    """Patients, and the rows of a request or file that say them in the user's columns."""
    rows = patients()[:12]
    return rows, [line for row in rows for line in LAYOUTS[layout][2](row)]


def as_split(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"columns": list(lines[0]), "data": [list(line.values()) for line in lines]}


FORMATS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "dataframe_split": as_split,
    "dataframe_records": lambda lines: lines,
    "instances": lambda lines: lines,
    "inputs": lambda lines: {name: [line[name] for line in lines] for name in lines[0]},
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_requests_name_static_columns_as_the_data_set_does(
    fit_layout: Fit, layout: str, form: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    live = LiveModel("patients", "1", fitted.served)
    request = mlflow_protocol.parse_request(Body({form: FORMATS[form](lines)}), fitted.served)
    formatted = mlflow_protocol.format_response(live, request.predict(fitted.served), request)
    response = json.loads(formatted.content)
    require_equal(response["predictions"], expected_records(fitted, rows, layout))
    for name in ("age", "ward"):
        short = [{key: cell for key, cell in line.items() if key != name} for line in lines]
        with pytest.raises(InputError, match=f"expected '{name}' beside the sequence"):
            mlflow_protocol.parse_request(Body({form: FORMATS[form](short)}), fitted.served)


@pytest.mark.parametrize("layout", ["series", "wide"])
def test_an_object_without_a_static_key_is_named(fit_layout: Fit, layout: str) -> None:
    _, lines = lines_of(layout)
    del lines[3]["ward"]
    with pytest.raises(InputError, match="row 3: expected an object with 'ward'"):
        mlflow_protocol.parse_request(Body({"instances": lines}), fit_layout(layout).served)


@pytest.mark.parametrize("layout", ["text", "series"])
def test_bare_rows_are_refused_by_the_columns_that_they_lack(fit_layout: Fit, layout: str) -> None:
    served = fit_layout(layout).served
    bare = [patients()[0][layout]]
    request = mlflow_protocol.parse_request(Body({"inputs": bare}), served)
    with pytest.raises(RowError, match="row 0: expected a value of column 'age', 'ward'"):
        request.predict(served)
    request = mlflow_protocol.parse_request(
        Body({"inputs": {layout: bare, "age": ["old"], "ward": ["north"]}}), served
    )
    with pytest.raises(RowError, match="row 0: age: expected a number; got 'old'"):
        request.predict(served)


@pytest.mark.parametrize("layout", ["text", "series"])
def test_v2_has_a_tensor_for_each_static_column(fit_layout: Fit, layout: str) -> None:
    fitted, rows = fit_layout(layout), patients()[:12]
    live = LiveModel("patients", "1", fitted.served)
    inputs = {tensor["name"]: tensor for tensor in v2.describe(live)["inputs"]}
    assert inputs["age"] == {"name": "age", "datatype": "FP64", "shape": [-1]}
    assert inputs["ward"] == {"name": "ward", "datatype": "BYTES", "shape": [-1]}
    cells: dict[str, Any] = {name: [row[name] for row in rows] for name in ("age", "ward")}
    shape = [len(rows)]
    if layout == "series":
        lengths = [len(row["series"]) for row in rows]
        padded = np.zeros((len(rows), max(lengths), 2))
        for row, steps in zip(padded, (row["series"] for row in rows), strict=True):
            row[: len(steps)] = steps
        cells |= {"series": padded.tolist(), "lengths": lengths}
        inputs["series"] |= {"shape": list(padded.shape)}
    else:
        cells["text"] = [row["text"] for row in rows]
    tensors = [
        {"shape": shape} | {key: value for key, value in inputs[name].items() if value != [-1]}
        | {"data": values} for name, values in cells.items()
    ]  # fmt: skip
    request = v2.parse_request(Body({"inputs": tensors}), fitted.served)
    answers = request.predict(fitted.served).records()
    require_equal(answers, expected_records(fitted, rows, layout))
    with pytest.raises(InputError, match="expected 'age' beside the sequence"):
        without = [tensor for tensor in tensors if tensor["name"] != "age"]
        v2.parse_request(Body({"inputs": without}), fitted.served)
    with pytest.raises(InputError, match="equal length"):
        short = {**inputs["ward"], "shape": [1], "data": ["north"]}
        others = [t for t in tensors if t["name"] != "ward"]
        v2.parse_request(Body({"inputs": [*others, short]}), fitted.served)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_name_static_columns_as_the_data_set_does(
    fit_layout: Fit, tmp_path: Path, layout: str, suffix: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    source, target = write_rows(tmp_path / f"in{suffix}", lines), tmp_path / "out.parquet"
    predict_file(fitted.served, source, target, column=None, skip_bad=False)
    require_equal(pq.read_table(target).to_pylist(), expected_records(fitted, rows, layout))
    short = [{key: cell for key, cell in line.items() if key != "ward"} for line in lines]
    with pytest.raises(InputError, match="expected 'ward' beside the sequence; got"):
        predict_file(fitted.served, write_rows(source, short), target, column=None, skip_bad=False)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("layout", ["text", "wide", "long"])
def test_a_file_says_that_a_static_value_is_missing_as_the_data_set_does(
    fit_layout: Fit, tmp_path: Path, layout: str, suffix: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    card = fitted.served.card
    assert card.dialect is not None
    dialect = card.dialect.model_copy(update={"missing": ["n/a"]})
    card = card.model_copy(update={"dialect": dialect})
    served = LoadedModel(fitted.served.session, fitted.served.encoder, card)
    for line in lines:
        line |= {"age": line["age"] or "n/a", "ward": line["ward"] or "n/a"}
    source, target = write_rows(tmp_path / f"in{suffix}", lines), tmp_path / "out.parquet"
    predict_file(served, source, target, column=None, skip_bad=False)
    require_equal(pq.read_table(target).to_pylist(), expected_records(fitted, rows, layout))


@pytest.mark.parametrize("layout", ["text", "wide"])
def test_a_static_key_that_a_json_line_lacks_is_null(
    fit_layout: Fit, tmp_path: Path, layout: str
) -> None:
    fitted, (rows, lines) = fit_layout(layout), lines_of(layout)
    for row, line, name in ((0, 0, "ward"), (3, 3, "age")):
        del lines[line][name]
        rows[row][name] = None
    source, target = write_rows(tmp_path / "in.jsonl", lines), tmp_path / "out.parquet"
    predict_file(fitted.served, source, target, column=None, skip_bad=False)
    require_equal(pq.read_table(target).to_pylist(), expected_records(fitted, rows, layout))


def test_a_file_row_with_a_bad_number_can_be_skipped(fit_layout: Fit, tmp_path: Path) -> None:
    served, (_, lines) = fit_layout("text").served, lines_of("text")
    lines[4]["age"] = "old"
    source, target = write_rows(tmp_path / "in.csv", lines), tmp_path / "out.jsonl"
    with pytest.raises(InputError, match=r"row 5: age: expected a number; got 'old'"):
        predict_file(served, source, target, column=None, skip_bad=False)
    counts = predict_file(served, source, target, column=None, skip_bad=True)
    assert (counts.rows, counts.bad) == (len(lines), 1)


def test_a_fresh_process_and_a_loaded_version_answer_rows(fit_layout: Fit) -> None:
    fitted = fit_layout("series")
    rows = fitted.prepared.split("test").rows[:4]
    outputs = predict_in_fresh_process(fitted.folder, rows)
    np.testing.assert_allclose(outputs, fitted.served.predict(rows).outputs, atol=1e-6)
    assert load_version("patients", "1", fitted.folder).model.static == fitted.served.static


def test_raw_rows_of_the_request_log_have_static_columns(fit_layout: Fit, tmp_path: Path) -> None:
    served, plain = fit_layout("text").served, fit_layout("text", static=False).served
    log = RequestLog(tmp_path, share=1.0, raw_rows=True)
    rows = [Row("calm day", {"age": "31", "ward": None})]
    for version, model, raw in (("2", served, rows), ("1", plain, ["calm day"])):
        live = LiveModel("patients", version, model)
        log.add(AnsweredRequest(live, raw, model.predict(raw), seconds=0.1))
    log.flush()
    with_static, without = (pq.read_table(path) for path in sorted(tmp_path.iterdir()))
    assert with_static["static"].to_pylist() == [{"age": 31.0, "ward": None}]
    assert "static" not in without.column_names
