"""A line of any content costs its own row at most, and never an error without words."""

import itertools
import json
from pathlib import Path

import pytest

from conveyor.batch.predict import PredictedRows, predict_file
from conveyor.errors import InputError
from conveyor.serving import LoadedModel
from tests.server.malformed import EDGES
from tests.serving.test_named_columns import CASES, load

SALVAGED = [layout for layout in CASES if layout != "long"]  # whose rows are one line each


@pytest.mark.parametrize("skip_bad", [True, False])
@pytest.mark.parametrize("layout", CASES)
def test_a_value_at_the_edge_of_a_type_is_predicted_refused_or_skipped(
    layout: str, skip_bad: bool, tmp_path: Path
) -> None:
    model, (rows, general) = load(layout), CASES[layout]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    refused = 0
    for name, edge in itertools.product(rows[0], EDGES):
        changed = [rows[0], {**rows[1], name: edge}, *rows[2:]]
        source.write_text("".join(json.dumps(row) + "\n" for row in changed))
        target.unlink(missing_ok=True)
        outcome = predict(model, source, target, skip_bad)
        if isinstance(outcome, InputError):
            refused += 1
            assert str(outcome).startswith(str(source))
            assert not target.exists()
            continue
        answers = [json.loads(line) for line in target.read_text().splitlines()]
        assert len(answers) == outcome.rows
        assert sum(answer["label"] is None for answer in answers) == outcome.bad
        if layout in SALVAGED:
            assert (outcome.rows, outcome.bad <= skip_bad) == (len(general), True)
    if skip_bad and layout in SALVAGED:
        assert refused == 0
    else:
        assert refused > 5


def predict(
    model: LoadedModel, source: Path, target: Path, skip_bad: bool
) -> PredictedRows | InputError:
    try:
        return predict_file(model, source, target, column=None, skip_bad=skip_bad)
    except InputError as error:
        return error
