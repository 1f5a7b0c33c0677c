"""Small files of series, and the configuration that describes them."""

from pathlib import Path
from typing import Any

import onnx
import onnxruntime
from onnx import TensorProto, helper

from conveyor.config.dataset import SeriesDataset
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.serving import LoadedModel
from conveyor.serving.card import CARD_FORMAT, Card

TARGET: dict[str, Any] = {
    "task": "forecasting", "columns": ["y"], "series": None, "wide": None, "time": "time",
    "time_format": None, "zone": None, "until": None, "horizon": 2, "context": 3, "past": [],
    "known_ahead": [], "calendar": [], "season": None, "gaps": "missing", "duplicates": "refuse",
    "stride": 1,
}  # fmt: skip
DATASET: dict[str, Any] = {
    "kind": "series", "name": "example",
    "source": {"format": "csv", "files": {"all": "steps.csv"}, "hub": None, "revision": None,
               "header": None, "delimiter": ",", "quote": '"', "encoding": "auto",
               "compression": "auto", "decimal": ".", "missing": [], "sheet": None, "sql": None},
    "columns": {"series": None, "layout": "steps_first", "wide": None, "long": None, "id": None},
    "split": {"seed": 1, "group": None, "test": {"by": "time", "column": "time", "share": 0.3},
              "validation": {"by": "time", "column": "time", "share": 0.3}},
    "checks": {"min_rows": 1, "max_dropped_share": 0.5},
    "engine": {"threads": 1, "memory": "80MB"},
    "encoding": {"missing": "mask", "scaling": "standard", "max_length": None},
}  # fmt: skip


def describe(
    split: dict[str, Any] | None = None, static: dict[str, Any] | None = None, **target: Any
) -> SeriesDataset:
    """The configuration of a data set; `split`, static columns and options of the target replace
    the usual ones."""
    values = DATASET | {"target": TARGET | target}
    columns = DATASET["columns"] | ({} if static is None else {"static": static})
    values |= {"split": DATASET["split"] | (split or {}), "columns": columns}
    return SeriesDataset.model_validate(values)


def write_steps(folder: Path, lines: list[str]) -> None:
    (folder / "steps.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def prepare_steps(
    folder: Path, lines: list[str], split: dict[str, Any] | None = None, **target: Any
) -> tuple[Prepared, dict[str, Any]]:
    """Write a file and prepare it; returns the store and the data report."""
    write_steps(folder, lines)
    (folder / "cache").mkdir(exist_ok=True)
    store = folder / "prepared"
    report = prepare(describe(split, **target), folder, store, folder / "cache")
    return Prepared(store), report


def hours(count: int, header: str = "time,y") -> list[str]:
    """Hourly steps from midnight on, whose value is their number."""
    start = "2024-03-0"
    return [header, *(f"{start}{1 + i // 24}T{i % 24:02}:00:00,{i}" for i in range(count))]


def last_value_model(prepared: Prepared, quantiles: tuple[float, ...] = (0.1, 0.5)) -> LoadedModel:
    """A model that forecasts the last value of the first target, for all steps and quantiles."""
    spec: Any = prepared.task.spec
    spec = spec.model_copy(update={"quantiles": list(quantiles)})
    encoder: Any = prepared.encoder
    window = encoder.window
    width = window.targets * window.horizon * len(quantiles)
    constants = {"start": [window.context - 1, 0], "end": [window.context, 1], "axes": [1, 2],
                 "shape": [-1, 1], "repeats": [1, width]}  # fmt: skip
    nodes = [
        helper.make_node("Slice", ["values", "start", "end", "axes"], ["last"]),
        helper.make_node("Reshape", ["last", "shape"], ["row"]),
        helper.make_node("Cast", ["row"], ["number"], to=TensorProto.DOUBLE),
        helper.make_node("Tile", ["number", "repeats"], ["rows"]),
        helper.make_node("Mul", ["rows", "std"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["forecast"]),
    ]
    more = []
    if encoder.static is not None:
        shape = [None, encoder.static.width]
        more = [helper.make_tensor_value_info("static", TensorProto.FLOAT, shape)]
    weights = [helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
               for name, values in constants.items()]  # fmt: skip
    numbers = {"std": spec.std[0], "mean": spec.mean[0]}
    weights += [helper.make_tensor(name, TensorProto.DOUBLE, [1], [value])
                for name, value in numbers.items()]  # fmt: skip
    graph = helper.make_graph(
        nodes, "last_value",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [None, None, window.features]),
         helper.make_tensor_value_info("lengths", TensorProto.INT32, [None]), *more],
        [helper.make_tensor_value_info("forecast", TensorProto.DOUBLE, [None, width])],
        weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    card = Card(
        format=CARD_FORMAT, kind="series", target=spec, dialect=prepared.meta.dialect,
        columns=prepared.meta.columns,
    )  # fmt: skip
    return LoadedModel(session, encoder, card)
