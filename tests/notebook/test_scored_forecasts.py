"""The metrics of a forecast on a file: those of the stage, but for what needs training steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conveyor.config import Config
from conveyor.errors import InputError
from conveyor.evaluation.evaluate import evaluate
from conveyor.evaluation.results import EvaluationInput
from conveyor.notebook import file_scores
from conveyor.notebook.file_scores import score_file
from tests.tasks.forecast_files import hours, last_value_model, prepare_steps

TIMES = [line.split(",")[0] for line in hours(40)[1:]]
CONTEXT, FIRST_OF_TEST = 3, 28  # steps, of 40
VALUES = np.random.default_rng(0).normal(100, 10, (40, 2)).round(2)
ONE = ["time,y", *(f"{time},{y}" for time, (y, _) in zip(TIMES, VALUES, strict=True))]
SERIES = ["time,series,y,site,age", *(
    f"{time},{name},{value},{site},{age}" for time, pair in zip(TIMES, VALUES, strict=True)
    for name, value, site, age in zip("ab", pair, ("north", "south"), ("3", ""), strict=True)
)]  # fmt: skip
WIDE = ["time,a,b", *(f"{time},{a},{b}" for time, (a, b) in zip(TIMES, VALUES, strict=True))]
AHEAD = ["time,y,z", *(f"{time},{a},{b}" for time, (a, b) in zip(TIMES, VALUES, strict=True))]
STATIC = {"numbers": ["age"], "categories": ["site"]}
CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "one series": (ONE, {}),
    "several, with static columns": (SERIES, {"series": "series", "static": STATIC}),
    "wide": (WIDE, {"wide": "*"}),
    "known ahead": (AHEAD, {"known_ahead": ["z"], "calendar": ["hour"]}),
}


def since(lines: list[str], step: int) -> list[str]:
    """The header, and the rows from a step on."""
    return [lines[0], *(line for line in lines[1:] if line.split(",")[0] >= TIMES[step])]


def score(folder: Path, lines: list[str], training: list[str], **options: Any) -> Any:
    prepared, _ = prepare_steps(folder, training, **options)
    (folder / "new.csv").write_text("\n".join(lines) + "\n")
    model = last_value_model(prepared, (0.1, 0.5, 0.9))
    scores = score_file(model, folder / "new.csv", samples=20, confidence=0.9, seed=17)
    return prepared, model, scores


@pytest.mark.parametrize("name", CASES)
def test_a_file_with_the_test_steps_has_the_metrics_of_the_stage(
    tmp_path: Path, toy_config: Config, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_scores, "WINDOWS", 4)
    lines, options = CASES[name]
    new = since(lines, FIRST_OF_TEST - CONTEXT)
    prepared, model, scores = score(tmp_path, new, lines, **options)
    parts = [prepared.split(part) for part in ("train", "validation", "test")]
    outputs = model.predict(parts[2].rows).outputs
    data = EvaluationInput(model.kind, model.task, *parts, outputs)
    changes = {"bootstrap_samples": 20, "baselines": False, "confidence": 0.9}
    expected = evaluate(data, toy_config.evaluate.model_copy(update=changes), seed=17)
    assert scores.rows == len(parts[2].rows) > 10
    assert expected.scores.keys() - scores.scores.keys() == {"mase"}
    assert {"mae", "rmse", "coverage", "weighted_quantile_loss"} < scores.scores.keys()
    for ours, theirs in ((scores.scores, expected.scores), (scores.intervals, expected.intervals)):
        for metric, value in ours.items():
            assert value == pytest.approx(theirs[metric]), metric
    assert scores.left_out == {}
    assert scores.frame().index[0] == model.task.metrics.headline
    for shown in (scores._repr_html_(), repr(scores)):
        assert "(mase) are left out" in shown


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = since(SERIES, 20)
    rows = [line for line in rows if ",b," not in line or line < TIMES[23]]  # three steps of b
    rows[7] = f"{TIMES[23]},a,,north,3"
    rows += [",a,5,north,3"]
    _, _, scores = score(tmp_path, rows, SERIES, **CASES["several, with static columns"][1])
    assert scores.left_out == {
        "missing_time": 1, "origins_with_missing_values": 1, "series_too_short": 1
    }  # fmt: skip
    assert scores.rows == 40 - 20 - CONTEXT - 1 - 1
    assert "rows have no time" in scores._repr_html_()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (since(ONE, 36), "new.csv: expected a series of at least 5 steps"),
        (["time,y"], "new.csv"),
        (["time,x", f"{TIMES[0]},1"], "expected a column 'y'"),
        ([*ONE[:9], f"{TIMES[9].replace(':00:00', ':30:00')},1"],
         "new.csv: the series: expected times on the grid of the training data; got 1 others"),
        ([*ONE[:9], f"{TIMES[9]},high"], "expected a number; got 'high'"),
        ([ONE[0], ",1", ",2"], "new.csv: expected rows with a time in 'time'; got none"),
    ],
)  # fmt: skip
def test_a_file_without_a_forecast_to_score_is_refused(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(InputError) as raised:
        score(tmp_path, rows, ONE)
    assert message in str(raised.value)
