"""The exported model behind one call: any order, any batch, clear errors."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from conveyor.data.store import Prepared
from conveyor.encoding import SeriesEncoder
from conveyor.errors import InputError
from conveyor.serving import LoadedModel, RowError
from conveyor.tasks.classification.options import ClassSpec


@pytest.fixture(scope="module")
def predictor(toy_product: Path) -> LoadedModel:
    return LoadedModel.load(toy_product)


def test_answers_are_those_of_each_row_alone_in_the_order_of_the_rows(
    predictor: LoadedModel, toys: Prepared
) -> None:
    rows = list(toys.split("test").rows)
    together = predictor.predict(rows, batch_size=3)
    alone = np.concatenate([predictor.predict([row]).outputs for row in rows])
    np.testing.assert_allclose(together.outputs, alone, atol=1e-6)
    assert together.outputs.sum(axis=1) == pytest.approx(1, abs=1e-5)
    truth = [toys.meta.target.classes[code] for code in toys.split("test").targets]
    right = np.mean(
        [a == b for a, b in zip((r["label"] for r in together.records()), truth, strict=True)]
    )
    assert right >= 0.9


def test_probabilities_come_in_the_order_that_another_model_has(
    predictor: LoadedModel, toys: Prepared
) -> None:
    rows = toys.split("test").rows[:4]
    plain = predictor.predict(rows).outputs

    def other(classes: list[str], kind: str = "series") -> LoadedModel:
        target = ClassSpec(classes=classes)
        card = predictor.card.model_copy(update={"kind": kind, "target": target})
        return LoadedModel(predictor.session, predictor.encoder, card)

    turned = predictor.predict_as(other(["up", "down"]), rows)
    assert turned is not None
    np.testing.assert_array_equal(turned.outputs, plain[:, ::-1])
    assert predictor.predict_as(other(["up", "left"]), rows) is None
    assert predictor.predict_as(other(["up", "down"], "text"), rows) is None
    wider = SeriesEncoder(np.zeros(3), np.ones(3), None)
    of_more_channels = LoadedModel(predictor.session, wider, predictor.card)
    assert predictor.predict_as(of_more_channels, rows) is None
    gaps = [np.where([[True, False]], np.nan, row) for row in rows]
    assert predictor.predict_as(other(["up", "down"]), gaps) is None  # it refuses these rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "expected at least one row; got none"),
        (
            [[[1.0, 2.0]], [[1.0, 2.0, 3.0]]],
            r"row 1: expected a list of steps of 2 numbers each; got an array of shape \(1, 3\)",
        ),
        ([[[1.0, float("nan")]]], "row 0: .*got a missing value .*dataset.encoding.missing"),
        ([[[1.0, float("inf")]]], "row 0: .*got infinity"),
        ([[[1.0, -1e300]]], "row 0: .*got infinity, or more than 3.4e"),
        ([[[1.0, 10**400]]], "row 0: .*got a number that is too large"),
        ([[[1.0, 2.0]], []], "row 1: expected a list of steps of 2 numbers each; got no step"),
        ([[[]]], "row 0: expected a list of steps of 2 numbers each; got no step"),
        (["words"], "row 0: expected a list of steps of 2 numbers each; got the text .words."),
        ([7], "row 0: .* got a value of type int"),
        ([None], "row 0: .* got null"),
        ([np.zeros((2, 2, 2))], r"row 0: .* got an array of shape \(2, 2, 2\)"),
        ([[[1.0, 2.0], [1.0]]], "got a list that is no list of steps of equal width"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    predictor: LoadedModel, rows: list[object], message: str
) -> None:
    with pytest.raises(RowError, match=message):
        predictor.predict(rows)


def test_a_series_may_be_text(predictor: LoadedModel, toys: Prepared) -> None:
    row = toys.split("test").rows[0]
    as_text = predictor.predict([json.dumps(row.tolist())]).outputs
    np.testing.assert_array_equal(as_text, predictor.predict([row]).outputs)


def test_a_folder_without_a_model_says_what_to_run(toy_product: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_product, tmp_path / "model")
    (tmp_path / "model" / "encoder.json").unlink()
    with pytest.raises(InputError, match=r"expected a file; got none. Run `dvc repro train`"):
        LoadedModel.load(tmp_path / "model")
