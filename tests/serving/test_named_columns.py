"""A model reads rows in the columns of its data set, from files and from requests alike."""

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conveyor import files
from conveyor.batch.predict import predict_file
from conveyor.config.dataset import SeriesColumns, TextColumns, TextEncoding
from conveyor.config.source import KeptDialect
from conveyor.encoding import SeriesEncoder, TextEncoder
from conveyor.errors import InputError
from conveyor.server import mlflow_protocol, v2
from conveyor.server.body import Body
from conveyor.server.live_model import LiveModel
from conveyor.serving import LoadedModel
from conveyor.serving.card import Card, read_card
from conveyor.tasks.classification.options import ClassSpec

Rows = list[dict[str, Any]]
SERIES = {"series": None, "layout": "steps_first", "wide": None, "long": None, "id": None}
LONG = {"id": "machine", "order": "time", "channels": ["x", "y"], "time_format": "%d.%m.%Y"}
LAYOUTS: dict[str, TextColumns | SeriesColumns] = {
    "text": TextColumns(text="message", separator="\n", id=None),
    "texts": TextColumns(text=["subject", "body"], separator=" / ", id=None),
    "nested": SeriesColumns.model_validate({**SERIES, "series": "signal"}),
    "channels first": SeriesColumns.model_validate(
        {**SERIES, "series": "signal", "layout": "channels_first"}
    ),
    "wide": SeriesColumns.model_validate({**SERIES, "wide": "t*"}),
    "long": SeriesColumns.model_validate({**SERIES, "long": LONG}),
}
TEXTS = ["good / morning", "evening", "late / bad"]
SIGNALS = [[[1.0, 2.0], [3.5, 4.0], [5.0, 6.25]], [[7.0, 8.5], [9.0, 1.0]]]
LINES = [[1.5, 2.0, -3.0], [4.0, 5.25]]
# By layout: rows as a caller has them, and as the model has them in its general column.
CASES: dict[str, tuple[Rows, list[Any]]] = {
    "text": ([{"message": text, "n": 1} for text in TEXTS], TEXTS),
    "texts": ([{"subject": "good", "body": "morning"}, {"subject": "", "body": "evening"},
               {"subject": "late", "body": "bad"}], TEXTS),
    "nested": ([{"signal": signal} for signal in SIGNALS], SIGNALS),
    "channels first": ([{"signal": np.transpose(signal).tolist()} for signal in SIGNALS], SIGNALS),
    "wide": ([{"t10": -3.0, "t9": 2.0, "t2": 1.5, "target": "a"},
              {"t10": None, "t9": 5.25, "t2": 4.0, "target": "b"}], LINES),
    "long": ([{"machine": name, "time": f"{step + 1:02}.02.2024", "x": x, "y": y}
              for step in (1, 0, 2) for name, signal in zip(("b", "a"), SIGNALS, strict=True)
              if step < len(signal) for x, y in [signal[step]]], SIGNALS),
}  # fmt: skip


class Session:
    """Stands for an exported graph: two numbers that depend on all values and on their order."""

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(shape=["batch", 2], type="tensor(float)")]

    def run(self, names: None, feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        values = feed["values"].astype(np.float64)
        values = values.reshape(*values.shape[:2], -1)  # (batch, steps, features)
        steps = np.arange(1, values.shape[1] + 1)[None, :, None]
        inside = steps <= feed["lengths"][:, None, None]
        weights = steps * np.arange(1, values.shape[2] + 1)
        share = 1 / (1 + np.exp(-np.where(inside, values * weights, 0).sum(axis=(1, 2)) / 50))
        return [np.stack([share, 1 - share], axis=1).astype(np.float32)]


def load(layout: str, dialect: KeptDialect | None = None, missing: str = "forward") -> LoadedModel:
    columns = LAYOUTS[layout]
    kind = "text" if isinstance(columns, TextColumns) else "series"
    card = Card(format=2, kind=kind, target=ClassSpec(classes=["no", "yes"]), columns=columns,
                dialect=dialect)  # fmt: skip
    if kind == "text":
        encoder: Any = TextEncoder.fit(TEXTS, TextEncoding(
            tokenizer="word", lowercase=True, unescape_html=False, normalise="none",
            strip_accents=False, vocabulary=50, min_frequency=1, max_length=9, characters=0,
            raw_text=None,
        ))  # fmt: skip
    else:
        channels = 1 if layout == "wide" else 2
        encoder = SeriesEncoder(np.zeros(channels), np.ones(channels), None, missing)
    return LoadedModel(Session(), encoder, card)  # type: ignore[arg-type]


def expected(model: LoadedModel, rows: list[Any]) -> list[dict[str, Any]]:
    return model.predict(rows).records()


def write_json_lines(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}
            )


def write_semicolons(path: Path, rows: Rows) -> None:
    """As a spreadsheet of many countries does."""
    with path.open("w", newline="", encoding="cp1252") as file:
        writer = csv.DictWriter(file, [*rows[0], "note"], delimiter=";")
        writer.writeheader()
        for row in rows:
            cells = {k: json.dumps(v) if isinstance(v, list)
                     else str(v).replace(".", ",") if isinstance(v, float)
                     else "n/a" if v is None else v for k, v in row.items()}  # fmt: skip
            writer.writerow({**cells, "note": "déjà vu"})


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    "in.jsonl": write_json_lines,
    "in.csv": write_csv,
    "in.parquet": lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path),
    "in.json": lambda path, rows: path.write_text(json.dumps(rows)) and None,
    "semicolons.csv": write_semicolons,
}
COMMAS = KeptDialect(header=None, delimiter="auto", quote='"', encoding="auto", compression="auto",
                 decimal=",", missing=["n/a"], sheet=None)  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("layout", CASES)
def test_a_file_is_read_in_the_layout_of_the_data_set(
    tmp_path: Path, layout: str, name: str
) -> None:
    model = load(layout, COMMAS if name == "semicolons.csv" else None)
    rows, general = CASES[layout]
    source, target = tmp_path / name, tmp_path / "out.jsonl"
    WRITERS[name](source, rows)
    counts = predict_file(model, source, target, column=None, skip_bad=False)
    assert (counts.rows, counts.bad) == (len(general), 0)
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    ids = [{"id": i} for i in ("b", "a")] if layout == "long" else [{}] * len(general)
    assert [{k: v for k, v in answer.items() if k != "row"} for answer in answers] == [
        {**i, **record} for i, record in zip(ids, expected(model, general), strict=True)
    ]


def columns_of(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize("layout", CASES)
@pytest.mark.parametrize("form", range(4))
def test_a_request_may_have_the_columns_of_the_data_set(layout: str, form: int) -> None:
    model = load(layout)
    rows, general = CASES[layout]
    bodies = [
        {"dataframe_records": rows},
        {"dataframe_split": {"columns": list(rows[0]), "data": [[*row.values()] for row in rows]}},
        {"instances": rows},
        {"inputs": columns_of(rows)},
    ]
    request = mlflow_protocol.parse_request(Body(bodies[form]), model)
    live = LiveModel("toys", "1", model)
    formatted = mlflow_protocol.format_response(live, request.predict(model), request)
    response = json.loads(formatted.content)
    ids = [{"id": i} for i in ("b", "a")] if layout == "long" else [{}] * len(general)
    assert response["predictions"] == [
        {**i, **record} for i, record in zip(ids, expected(model, general), strict=True)
    ]
    body = {"inputs": {model.encoder.column: general}}
    request = mlflow_protocol.parse_request(Body(body), model)
    assert request.predict(model).records() == expected(model, general)


@pytest.mark.parametrize("names", [["subject", "body"], ["text"]])
def test_v2_takes_the_texts_of_each_column(names: list[str]) -> None:
    model = load("texts")
    rows, general = CASES["texts"]
    cells = {**columns_of(rows), "text": general}
    tensors = [{"name": name, "datatype": "BYTES", "shape": [3], "data": cells[name]}
               for name in names]  # fmt: skip
    request = v2.parse_request(Body({"inputs": tensors}), model)
    assert request.predict(model).records() == expected(model, general)


def test_a_wide_object_ends_where_its_keys_end(tmp_path: Path) -> None:
    model = load("wide")
    rows = [{"t1": 1.5, "t2": 2.0, "t3": -3.0}, {"t1": 4.0, "t2": 5.25}]
    request = mlflow_protocol.parse_request(Body({"dataframe_records": rows}), model)
    assert request.predict(model).records() == expected(model, LINES)
    write_json_lines(tmp_path / "in.jsonl", rows)
    predict_file(model, tmp_path / "in.jsonl", tmp_path / "out.csv", column=None, skip_bad=False)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("layout", "body", "message"),
    [
        ("texts", {"inputs": {"subject": ["a"]}},
         "inputs: expected 'text', or 'subject' and 'body'; got subject"),
        ("texts", {"inputs": {"subject": ["a"], "body": []}}, "expected columns of equal length"),
        ("texts", {"dataframe_records": [{"subject": " ", "body": None}]}, "row 0: .* is blank"),
        ("wide", {"inputs": {"x": [1.0]}}, r"inputs: expected 'series', or 't\*'; got x"),
        ("wide", {"inputs": {"t0": ["one"]}}, "row 0: expected a list of steps of 1 numbers"),
        ("wide", {"inputs": {"t0": [None]}}, "row 0: .* got no step"),
        ("long", {"inputs": {"machine": ["a"], "time": ["soon"], "x": [1], "y": [2]}},
         r"inputs, row 0: column 'time': .*'%d.%m.%Y'; got 'soon'"),
        ("long", {"inputs": {"machine": ["a"] * 2, "time": ["01.01.2024"] * 2, "x": [1, 2],
                             "y": [2, 3]}}, "row 1: .*expected one step of series 'a'"),
        ("long", {"inputs": {"machine": [], "time": [], "x": [], "y": []}}, "at least one row"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_refused(layout: str, body: Any, message: str) -> None:
    model = load(layout)
    with pytest.raises(InputError, match=message):
        mlflow_protocol.parse_request(Body(body), model).predict(model)


def test_a_series_that_is_refused_is_named_by_its_id(tmp_path: Path) -> None:
    model = load("long", missing="refuse")
    rows: Rows = [{"machine": "m7", "time": "01.01.2024", "x": None, "y": 1.0},
                  {"machine": "m8", "time": "01.01.2024", "x": 1.0, "y": 1.0}]  # fmt: skip
    with pytest.raises(InputError, match=r"series 'm7': .*missing value"):
        mlflow_protocol.parse_request(Body({"instances": rows}), model).predict(model)
    source, target = tmp_path / "in.parquet", tmp_path / "out.jsonl"
    pq.write_table(pa.Table.from_pylist(rows), source)
    with pytest.raises(InputError, match=r"in.parquet, series 'm7': .*missing value"):
        predict_file(model, source, target, column=None, skip_bad=False)
    assert predict_file(model, source, target, column=None, skip_bad=True).bad == 1
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    assert [(a["id"], a["label"] is None) for a in answers] == [("m7", True), ("m8", False)]


def test_a_model_of_before_has_its_general_column_only(toy_product: Path, tmp_path: Path) -> None:
    card = {k: v for k, v in files.read_json(toy_product / "card.json").items()
            if k not in ("columns", "dialect")}  # fmt: skip
    files.write_json(tmp_path / "card.json", card)
    old = read_card(tmp_path)
    model = load("nested")
    layouts = LoadedModel(model.session, model.encoder, old).layouts
    assert [layout.names for layout in layouts] == [["series"]]
    assert read_card(toy_product).columns is not None
