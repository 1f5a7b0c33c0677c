"""Series with a label a step, a line for each step: served and in files with a tag for each."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor.batch.predict import predict_file
from conveyor.compose import compose
from conveyor.config import TrainConfig, narrow
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving import LoadedModel
from conveyor.training.fit import fit
from conveyor.training.model_folder import write_model
from tests.server.in_process import InProcess, Request

ROOT = Path(__file__).parents[2]
DATASET: dict[str, Any] = {
    "defaults": ["base/series@_here_", "_self_"],
    "name": "machines",
    "source": {"format": "jsonl", "files": {"all": "steps.jsonl"}},
    "columns": {"long": {"id": "machine", "order": "t", "channels": ["x", "y"]}},
    "target": {"task": "tagging", "column": "state"},
    "split": {"test": {"by": "share", "share": 0.2}, "validation": {"by": "share", "share": 0.2}},
}
CHANGES = ["train.updates=4", "train.refit=false", "train.folds=null", "sweep=none"]


def steps(machine: int) -> list[dict[str, Any]]:
    """The steps of a machine, the last one first."""
    return [
        {"machine": f"m{machine}", "t": t, "x": machine + 0.5 * t, "y": float(t % 2),
         "state": "on" if t > machine % 3 else "off"}
        for t in range(3 + machine % 4)
    ][::-1]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    root = tmp_path_factory.mktemp("machines")
    shutil.copytree(ROOT / "conf", root / "conf")
    (root / "conf/dataset/machines.yaml").write_text(yaml.safe_dump(DATASET))
    (root / "params.yaml").write_text("choose: {dataset: machines}\n")
    lines = [json.dumps(row) for machine in range(40) for row in steps(machine)]
    (root / "steps.jsonl").write_text("\n".join(lines))
    config = compose(Paths(root), CHANGES)
    prepare(config.dataset, root, root / "prepared", root / "cache")
    prepared = Prepared(root / "prepared")
    network, history = fit(config, prepared, progress=False)
    write_model(network, history, narrow(config, TrainConfig), prepared, root / "model")
    return LoadedModel.load(root / "model")


def test_lines_of_steps_have_a_tag_each(model: LoadedModel, tmp_path: Path) -> None:
    machines = (1, 5, 2)
    rows = [{k: v for k, v in row.items() if k != "state"} for m in machines for row in steps(m)]
    series = [[[row["x"], row["y"]] for row in steps(m)[::-1]] for m in machines]
    expected = model.predict(series).records()
    assert [len(record["tags"]) for record in expected] == [4, 4, 5]
    app = InProcess(model, tmp_path)
    body = json.dumps({"dataframe_records": rows}).encode()
    response = app.send(Request("/invocations", body))
    app.close()
    assert response.status == 200, response.value
    served = response.value["predictions"]
    assert [record.pop("id") for record in served] == ["m1", "m5", "m2"]
    assert served == expected
    source, target = tmp_path / "new.jsonl", tmp_path / "answers.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    predict_file(model, source, target, column=None, skip_bad=False)
    answers = {row["id"]: row for row in map(json.loads, target.read_text().splitlines())}
    for name, record in zip(("m1", "m5", "m2"), expected, strict=True):
        assert (answers[name]["tags"], answers[name]["spans"]) == (record["tags"], record["spans"])
