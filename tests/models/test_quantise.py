"""int8: the same answers within little, the same bytes each time, and a refusal where it cannot."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from conveyor import files
from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.models.quantise import quantise
from conveyor.serving import LoadedModel
from conveyor.serving.digests import write_digests
from tests.toys import class_head


def quantised(product: Path, to: Path) -> Path:
    shutil.copytree(product, to)
    quantise(to)
    write_digests(to)
    return to


def test_answers_stay_within_little_of_the_float_graphs(
    toy_product: Path, toys: Prepared, tmp_path: Path
) -> None:
    folder = quantised(toy_product, tmp_path / "model")
    rows = toys.split("test").rows
    before = LoadedModel.load(toy_product).predict(rows).outputs
    after = LoadedModel.load(folder).predict(rows).outputs
    assert 0 < np.abs(before - after).max() < 0.05
    exact = LoadedModel.load(folder, graph="float.onnx").predict(rows).outputs
    np.testing.assert_array_equal(exact, before)


def test_every_layer_with_a_matrix_is_in_int8(word_product: Path, tmp_path: Path) -> None:
    folder = quantised(word_product, tmp_path / "model")
    graph = onnx.load(folder / "model.onnx").graph
    operators = Counter(node.op_type for node in graph.node)
    assert operators["DynamicQuantizeLSTM"] == 1
    assert not operators.keys() & {"LSTM", "Gemm", "MatMul"}
    matrices = [one for one in graph.initializer if len(one.dims) > 1 and "scale" not in one.name]
    floats = {one.name for one in matrices if one.data_type == onnx.TensorProto.FLOAT}
    # What is left in float is small: biases, scales and zero points, a value a unit.
    assert all("bias" in name or "zero_point" in name for name in floats), floats
    assert len(LoadedModel.load(folder).predict(["good morning"]).records()) == 1


def test_equal_graphs_give_equal_bytes(toy_product: Path, tmp_path: Path) -> None:
    folders = [quantised(toy_product, tmp_path / name) for name in ("one", "other")]
    graphs = [(folder / "model.onnx").read_bytes() for folder in folders]
    assert graphs[0] == graphs[1] != (toy_product / "model.onnx").read_bytes()


def test_what_cannot_be_quantised_is_refused(
    toy_product: Path, toy_config: Config, tmp_path: Path
) -> None:
    from conveyor.models.build import build
    from conveyor.models.export import export

    shutil.copytree(toy_product, tmp_path / "model")
    card = files.read_json(toy_product / "card.json")
    config = overlay(toy_config, {"model.cell": "gru"}).model
    model = build(config, class_head(2), features=card["features"])
    encoder = LoadedModel.load(toy_product).encoder
    export(model, config, class_head(2), encoder, card, tmp_path / "model")
    with pytest.raises(InputError, match="no int8 form of GRU"):
        quantise(tmp_path / "model")
