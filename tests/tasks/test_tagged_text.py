"""A text with a tag for each token: trained on the example of the project, and served."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import keras
import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from benchmarks.trips import PATH, ROWS, SEED, render
from conveyor.batch.predict import predict_file
from conveyor.compose import compose
from conveyor.config import Config, TrainConfig, narrow
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.encoding import RowError
from conveyor.errors import InputError
from conveyor.inspection.chosen_row import choose_row
from conveyor.inspection.explain import Explainer
from conveyor.inspection.points import read_points
from conveyor.inspection.trace import trace_row
from conveyor.models.export import predict
from conveyor.models.quantise import quantise
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests
from conveyor.serving.measurements import (
    compare_with_float,
    largest_difference,
    padding_difference,
    round_trip_difference,
)
from conveyor.training.fit import fit
from conveyor.training.model_folder import write_model
from tests.server.in_process import InProcess, Request

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5
TEXT = "find  a flight from New York to Oslo"
GLUED = "Find a flight from New York, to  Oslo!"
GLUED_TOKENS = ["Find", "a", "flight", "from", "New", "York", ",", "to", "Oslo", "!"]


@pytest.fixture(scope="module")
def config() -> Config:
    changes = ["train.updates=200", "train.refit=false"]
    return compose(Paths(ROOT), ["choose.experiment=trips", *changes])


@pytest.fixture(scope="module")
def prepared(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("trips")
    prepare(config.dataset, ROOT, folder / "prepared", folder / "cache")
    return Prepared(folder / "prepared")


@pytest.fixture(scope="module")
def folder(config: Config, prepared: Prepared) -> Path:
    model, history = fit(config, prepared, progress=False)
    folder = prepared.folder.parent / "model"
    write_model(model, history, narrow(config, TrainConfig), prepared, folder)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> LoadedModel:
    return LoadedModel.load(folder)


@pytest.fixture
def app(model: LoadedModel, tmp_path: Path) -> Iterator[InProcess]:
    app = InProcess(model, tmp_path)
    yield app
    app.close()


def ask(app: InProcess, path: str, body: Any) -> Any:
    response = app.send(Request(path, json.dumps(body).encode()))
    return response.status, response.value


def test_the_file_of_the_example_is_what_its_script_writes() -> None:
    assert PATH.read_text() == render(ROWS, SEED)


def test_keras_and_onnx_agree_however_a_row_is_padded(
    model: LoadedModel, folder: Path, prepared: Prepared
) -> None:
    test = prepared.split("test")
    rows = list(test.rows)
    network: Any = keras.models.load_model(folder / "model.keras")
    outputs = model.predict(rows).outputs
    assert largest_difference(model, predict(network, test.encoded), outputs) <= TOLERANCE
    assert padding_difference(model, rows[:40]) <= TOLERANCE
    assert round_trip_difference(model, folder, rows[:10]) <= TOLERANCE
    assert [len(row) for row in outputs] == test.sequences.lengths.tolist()
    assert model.task.metrics.compute_one("span_f1", test.targets, outputs) > 0.8


def test_the_states_of_steps_have_the_tags_of_their_tokens(
    model: LoadedModel, folder: Path, prepared: Prepared
) -> None:
    split = prepared.split("test")
    steps, tokens = read_points(folder, model, split, 10**5)
    assert (steps.kind, tokens.kind) == ("step", "token")
    assert len(steps.vectors) == split.sequences.lengths.sum()
    assert steps.names == [token for row in split.rows for token in row]
    true = model.task.answers.decode(split.targets)
    assert steps.targets == [tag for row in true for tag in row]
    wrong = [a != t for a, t in zip(steps.answers, steps.targets, strict=True)]
    assert steps.errors.tolist() == wrong
    name = tokens.names[3]
    own = [error for error, each in zip(steps.errors, steps.names, strict=True)
           if each.lower() == name]  # fmt: skip
    assert tokens.previews[3] == f"in {len(own):,} steps"
    assert tokens.errors[3] == pytest.approx(np.mean(own))


def test_a_graph_in_int8_answers_nearly_as_the_float_one(
    folder: Path, prepared: Prepared, tmp_path: Path
) -> None:
    small = tmp_path / "int8"
    small.mkdir()
    for file in folder.iterdir():
        (small / file.name).write_bytes(file.read_bytes())
    quantise(small)
    write_digests(small)
    test = prepared.split("test")
    outputs = LoadedModel.load(small).predict(test.rows).outputs
    costs = compare_with_float(small, test.rows, test.targets, outputs)
    assert costs is not None
    assert costs["span_f1"] == pytest.approx(costs["float_span_f1"], abs=0.05)


def test_the_tokens_that_mattered_for_a_tag_are_those_near_it(folder: Path) -> None:
    """By words, cases and characters."""
    explainer = Explainer(folder)
    explanation = explainer.explain(TEXT, step=8)
    assert explanation.steps == TEXT.split()
    assert (
        explanation.output == f"probability of the tag {explanation.answer['tags'][7]!r} at step 8"
    )
    assert explanation.is_complete
    assert explanation.agreement is not None
    assert explanation.agreement > 0.3
    assert set(np.argsort(-explanation.attributions[:, 0])[:2].tolist()) == {6, 7}  # to Oslo


def test_a_string_and_its_tokens_are_answered_alike_by_every_protocol(
    model: LoadedModel, app: InProcess
) -> None:
    [expected] = model.predict([TEXT]).records()
    assert expected["tokens"] == TEXT.split()
    for span in expected["spans"]:
        assert TEXT[span["start"] : span["end"]] == span["text"]
    assert {"from", "to"} <= {span["type"] for span in expected["spans"]}
    for value in (TEXT, TEXT.split()):
        status, answer = ask(app, "/invocations", {"dataframe_records": [{"text": value}]})
        assert status == 200, answer
        [record] = answer["predictions"]
        assert (record["tokens"], record["tags"]) == (expected["tokens"], expected["tags"])
        joined = value if isinstance(value, str) else " ".join(value)
        for span in record["spans"]:
            assert joined[span["start"] : span["end"]] == span["text"]
    tokens = TEXT.split()
    for name, shape, data in (
        ("text", [2], [TEXT, "to Oslo"]),
        ("token", [2, 1], [TEXT, "to Oslo"]),  # the column of the data set
        ("tokens", [2, len(tokens)], [*tokens, "to", "Oslo", *[""] * (len(tokens) - 2)]),
    ):
        tensor = {"name": name, "datatype": "BYTES", "shape": shape, "data": data}
        status, answer = ask(app, "/v2/models/model/infer", {"inputs": [tensor]})
        assert status == 200, answer
        tensors = {each["name"]: each for each in answer["outputs"]}
        assert tensors["tokens"]["shape"] == [2, len(tokens)]
        assert tensors["tokens"]["data"] == [*tokens, "to", "Oslo", *[""] * (len(tokens) - 2)]
        assert tensors["tags"]["data"][: len(tokens)] == expected["tags"]
        assert tensors["span_text"]["data"][0] == expected["spans"][0]["text"]


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        ({"shape": [1, 2], "data": ["to", "New York"]},
         "row 0: expected tokens, texts without white space; got 'New York'"),
        ({"shape": [1, 2], "data": ["", "Oslo"]}, "row 0: expected tokens, texts without white"),
        ({"shape": [2, 2], "data": ["to", "Oslo", "", ""]}, "row 1: expected a text; got ''"),
        ({"shape": [1, 2], "data": ["to", 7]}, "row 0: expected tokens"),
        ({"shape": [2], "data": ["to", "Oslo"]}, "tokens: expected a shape of 2 whole numbers"),
        ({"shape": [1, 2], "data": [7, 8], "datatype": "INT32"}, "expected datatype BYTES"),
    ],
)  # fmt: skip
def test_tensors_that_are_no_tokens_are_refused(
    app: InProcess, tensor: dict[str, Any], message: str
) -> None:
    tensor = {"name": "tokens", "datatype": "BYTES", **tensor}
    status, answer = ask(app, "/v2/models/model/infer", {"inputs": [tensor]})
    assert status == 400
    assert message in answer["error"]


def test_punctuation_is_no_part_of_a_span(model: LoadedModel, folder: Path, app: InProcess) -> None:
    """A raw text has the tags of its tokens, and its spans are where they are in it."""
    glued, given = model.predict([GLUED, GLUED_TOKENS]).records()
    assert glued["tokens"] == given["tokens"] == GLUED_TOKENS
    assert glued["tags"] == given["tags"]
    spans = {span["type"]: (span["text"], span["start"], span["end"]) for span in glued["spans"]}
    assert spans == {"from": ("New York", 19, 27), "to": ("Oslo", 33, 37)}
    trace = trace_row(folder, model, choose_row(model, GLUED, None, 1))
    _, answer = ask(app, "/invocations", {"inputs": [GLUED]})
    for other in (trace.answer, answer["predictions"][0]):
        assert (other["tokens"], other["spans"]) == (GLUED_TOKENS, glued["spans"])


def test_the_description_holds_for_tokens(app: InProcess) -> None:
    description = app.send(Request("/openapi.json", method="GET")).value
    for path in ("/invocations", "/v2/models/{name}/infer"):
        operation = description["paths"][path]["post"]
        request, response = (
            part["content"]["application/json"]
            for part in (operation["requestBody"], operation["responses"]["200"])
        )
        status, answer = ask(app, path.replace("{name}", "model"), request["example"])
        assert (status, answer) == (200, response["example"])
        jsonschema.validate(request["example"], request["schema"])
        jsonschema.validate(answer, response["schema"])
        if path == "/invocations":
            jsonschema.validate({"inputs": {"text": [["to", "Oslo"]]}}, request["schema"])
    metadata = app.send(Request("/v2/models/model", method="GET")).value
    shapes = {tensor["name"]: tensor["shape"] for tensor in metadata["outputs"]}
    assert shapes["tags"] == shapes["span_start"] == [-1, -1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["to", "New York"], "expected tokens, texts without white space; got 'New York'"),
        (["to", ""], "expected tokens, texts without white space; got"),
        (["to", None], "expected tokens, texts without white space; got 'None'"),
        ([], "expected a text; got '', which is blank"),
        ("  ", "which is blank"),
        (7, "expected a text or a list of tokens; got a value of type int"),
        ("half \ud83d", "half of a pair of surrogates"),
    ],
)
def test_a_row_without_tokens_is_refused(model: LoadedModel, row: Any, message: str) -> None:
    with pytest.raises(RowError) as refused:
        model.predict([row])
    assert message in str(refused.value)


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_a_file_is_answered_as_the_server_answers(
    model: LoadedModel, tmp_path: Path, suffix: str
) -> None:
    source, target = tmp_path / "rows.jsonl", tmp_path / f"answers.{suffix}"
    rows = [TEXT, TEXT.split(), "to  Oslo"]
    source.write_text("".join(json.dumps({"text": row}) + "\n" for row in [*rows, " "]))
    done = predict_file(model, source, target, column=None, skip_bad=True)
    assert (done.rows, done.bad) == (4, 1)
    if suffix == "parquet":
        answers = pq.read_table(target).to_pylist()
    elif suffix == "jsonl":
        answers = [json.loads(line) for line in target.read_text().splitlines()]
    else:
        answers = pyarrow.csv.read_csv(target).to_pylist()
        answers = [{k: json.loads(v) if isinstance(v, str) and v else v for k, v in row.items()}
                   for row in answers]  # fmt: skip
    for answer, record in zip(answers, model.predict(rows).records(), strict=False):
        assert (answer["tags"], answer["spans"]) == (record["tags"], record["spans"])
    assert not answers[3]["tags"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", json.dumps({"text": GLUED})),
        ("rows.jsonl", json.dumps({"tokens": GLUED_TOKENS})),
        ("rows.jsonl", json.dumps({"token": GLUED_TOKENS})),
        ("rows.csv", f'text\n"{GLUED}"\n'),
        ("rows.csv", f'token\n"{GLUED}"\n'),
        ("rows.conll", "\n".join(GLUED_TOKENS)),
        ("rows.conll", "\n".join(f"{token} O" for token in GLUED_TOKENS)),
    ],
)
def test_each_form_of_new_file_is_tagged(
    model: LoadedModel, tmp_path: Path, name: str, content: str
) -> None:
    """The model was trained on a file of CoNLL, with a header in its data set."""
    (tmp_path / name).write_text(content)
    target = tmp_path / "answers.jsonl"
    done = predict_file(model, tmp_path / name, target, column=None, skip_bad=False)
    assert done.rows == 1
    answer = json.loads(target.read_text())
    assert answer["tokens"] == GLUED_TOKENS
    assert [span["text"] for span in answer["spans"]] == ["New York", "Oslo"]


def test_mlflow_serves_the_answers(model: LoadedModel) -> None:
    from mlflow.models.utils import _enforce_schema

    from conveyor.registry.package import _output_schema

    frame = pd.DataFrame(model.predict([TEXT]).records())
    enforced = _enforce_schema(frame, _output_schema(model.card))
    assert enforced["tags"][0] == frame["tags"][0]


def test_the_page_inside_the_network_names_the_tokens(model: LoadedModel, folder: Path) -> None:
    trace = trace_row(folder, model, "book an unseen flight")
    words = dict(zip(trace.steps, trace.unknown, strict=True))
    assert words == {"book": False, "an": True, "unseen": True, "flight": False}
    assert len(trace.answer["tags"]) == 4


def test_a_long_text_has_tags_for_its_first_tokens(model: LoadedModel) -> None:
    limit = model.encoder.max_length
    assert limit is not None
    [record] = model.predict([" ".join(["to", "Oslo"] * limit)]).records()
    assert len(record["tags"]) == len(record["tokens"]) == limit
    assert np.all(np.array(record["probabilities"]) > 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.pooling=mean", "model.pooling: expected none, since dataset.target has a value"),
        ("model.front=convolution", "model.front: expected none"),
        ("model.wide=true", "model.wide: expected false"),
        ("dataset.encoding.tokenizer=word", "expected 0 with tokenizer=word; got 16"),
        (
            "dataset.encoding.raw_text=null",
            "raw_text: expected words or whitespace",
        ),
        ("dataset.encoding.unescape_html=true", "expected false with tokenizer=whitespace"),
        ("dataset.columns.text=[token,tag]", "columns.text: expected one column"),
        ("dataset.columns.static.numbers=[age]", "columns.static: expected none"),
        ("sweep.enabled=true +sweep.space={model.pooling: 'choice(mean, max)'}", "model.pooling"),
    ],
)
def test_what_has_no_meaning_at_each_step_is_refused(change: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        compose(Paths(ROOT), ["choose.experiment=trips", *change.split(" ", 1)])
    assert message in str(refused.value)
