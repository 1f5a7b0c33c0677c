"""What readers of the facets found: names that repeat, rounded thresholds, rows and cells that are
empty."""

import numpy as np
import pyarrow as pa
import pytest

from conveyor.errors import DataError
from conveyor.tasks.classification.options import ClassTarget
from conveyor.tasks.classification.target import Target as ClassReader
from conveyor.tasks.features import summarise
from conveyor.tasks.multilabel.options import LabelTarget
from conveyor.tasks.multilabel.target import Target as LabelReader
from conveyor.tasks.regression.options import RegressionTarget
from conveyor.tasks.regression.strata import slice_by_target
from conveyor.tasks.regression.target import Target as NumberReader
from conveyor.tasks.thresholds import ThresholdCurve

CLASSES = ClassTarget(task="classification", column="y")


@pytest.mark.parametrize("start", [0.0, 1e6, 1e9, 1e15, -1e6])
def test_slices_of_numbers_that_are_large_beside_their_range_have_names_of_their_own(
    start: float,
) -> None:
    values = start + np.arange(100.0)[:, None]
    slices = list(slice_by_target(values, ["y"]))
    assert len({name for name, _ in slices}) == 4
    assert sum(rows.sum() for _, rows in slices) == 100


def test_a_threshold_is_between_its_scores_however_near_they_are() -> None:
    scores = np.array([0.9999995, 0.9999997, 0.9999999])
    curve = ThresholdCurve(np.array([False, True, True]), scores)
    place = curve.best(2 * curve.hits - curve.predicted, near=0.5)
    assert (scores >= curve.thresholds[place]).tolist() == [False, True, True]


def test_a_series_without_steps_has_features_of_zeros() -> None:
    rows = [np.zeros((1, 0), np.float32), np.ones((3, 2), np.float32)]
    features = summarise(rows)
    assert features.shape == (2, 13)
    assert not features[0].any()
    assert features[1].all() or features[1, 0] == 1


@pytest.mark.parametrize("cells", [pa.array([1.0, float("nan"), None]), pa.array(["a", "", None])])
def test_an_empty_cell_is_no_class(cells: pa.Array) -> None:
    keys, problems = ClassReader(CLASSES, {}).read([cells])
    assert problems.to_pylist() == [None, "missing_target", "missing_target"]
    assert keys.to_pylist()[1:] == [None, None]


def test_a_number_without_a_name_is_a_missing_target() -> None:
    names = {"y": ["no", "yes"]}
    keys, problems = ClassReader(CLASSES, names).read([pa.array([1, -1])])
    assert (keys.to_pylist(), problems.to_pylist()) == (["yes", None], [None, "missing_target"])
    options = LabelTarget(task="multilabel", column="y")
    keys, problems = LabelReader(options, names).read([pa.array([[0, 1], [-1]])])
    assert (keys.to_pylist(), problems.to_pylist()) == ([["no", "yes"], None],
                                                        [None, "missing_target"])  # fmt: skip


def test_answers_are_texts_where_one_file_holds_numbers_and_another_texts() -> None:
    reader = ClassReader(CLASSES, {})
    reader.read([pa.array([1, 2])])
    rows = np.array([1, 1])
    assert reader.learn(pa.array(["1", "2"]), rows).value_type == "integer"
    assert reader.learn(pa.array(["1", "x"]), rows).value_type == "text"


def test_a_class_for_each_row_is_refused_with_the_task_for_numbers() -> None:
    keys = pa.array([f"{number}.5" for number in range(9)])
    with pytest.raises(
        DataError, match=r"9 rows that all differ.*task: regression, columns: \[y\]"
    ):
        ClassReader(CLASSES, {}).stratify(keys, np.ones(9, np.int64))


def test_one_set_of_labels_in_each_row_is_refused() -> None:
    reader = LabelReader(LabelTarget(task="multilabel", column="y"), {})
    keys, rows = pa.array([["news"]]), {name: np.array([9]) for name in ("train", "test")}
    with pytest.raises(DataError, match=r"two different sets of labels; got \['news'\]"):
        reader.check(keys, rows, reader.learn(keys, rows["train"]), 1)


def test_numbers_without_a_variance_are_refused() -> None:
    reader = NumberReader(RegressionTarget(task="regression", columns=["y"]), {})
    keys = pa.array([[1e300], [-1e300]])
    with pytest.raises(DataError, match=r"column 'y': expected numbers whose variance.*1e\+300"):
        reader.learn(keys, np.array([1, 1]))
