"""Explained forecasts: channels and steps of a window, and what is missing in it."""

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from conveyor.config import Model
from conveyor.data.store import Prepared
from conveyor.inspection.explain import Explainer, explain_worst
from conveyor.inspection.explanation_page import render_explanations
from conveyor.models.build import build
from conveyor.models.export import export
from conveyor.serving.digests import write_digests
from conveyor.serving.example import write_example
from conveyor.tasks.forecasting.options import ForecastHead

sys.path.append(str(Path(__file__).parents[1] / "tasks"))
from forecast_files import hours, prepare_steps
from test_forecast_model import MODEL

HEAD = {"task": "forecasting", "quantiles": [0.1, 0.5, 0.9], "level": "last", "spread": True,
        "calibrate": True}  # fmt: skip


pytestmark = pytest.mark.usefixtures("without_graphs")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A wave of twelve hours, which has a gap, beside a flow, a holiday and the calendar."""
    times = [line.split(",")[0] for line in hours(60)[1:]]
    waves = ["" if i == 50 else f"{100 + 9 * np.sin(i * np.pi / 6):.3f}" for i in range(60)]
    lines = ["time,y,flow,holiday"]
    lines += [f"{time},{waves[i]},{i % 5},{i % 2}" for i, time in enumerate(times)]
    return prepare_steps(
        tmp_path_factory.mktemp("steps"), lines, context=8, horizon=3, past=["flow"],
        known_ahead=["holiday"], calendar=["hour"], gaps="missing",
    )[0]  # fmt: skip


@pytest.fixture(scope="module")
def explainer(prepared: Prepared) -> Explainer:
    """Of a network of random weights."""
    head: Any = prepared.task.head(ForecastHead.model_validate(HEAD))
    config, folder = Model.model_validate(MODEL), prepared.folder.parent / "model"
    folder.mkdir()
    keras.utils.set_random_seed(1)
    model = build(config, head, features=head.window.features)
    draw = np.random.default_rng(0)
    model.set_weights([w + 0.3 * draw.standard_normal(w.shape) for w in model.get_weights()])
    card = {"format": 2, "kind": "series", "target": head.spec.model_dump(mode="json"),
            "features": head.window.features}  # fmt: skip
    export(model, config, head, prepared.encoder, card, folder)
    write_example(folder, prepared.split("train").rows[0])
    write_digests(folder)
    return Explainer(folder)


def test_channels_and_steps_have_the_names_of_the_data(explainer: Explainer) -> None:
    row = np.array(explainer.model.example, np.float64)
    explanation = explainer.explain(row)
    assert explanation.channels == ["y", "flow", "holiday", "hour"]
    assert explanation.steps == [str(number) for number in range(-7, 4)]
    assert explanation.output == "mean forecast of 'y' over 3 steps"
    assert explanation.end == pytest.approx(np.mean(explanation.answer["forecast"]), rel=1e-5)
    assert explanation.is_complete
    np.testing.assert_array_equal(explanation.values, row)
    future = explanation.attributions[8:]
    assert not future[:, :2].any()  # nobody knows them yet
    assert future[:, 2:].any()
    page = render_explanations([explanation], "0123")
    assert "NaN" not in page.partition('id="plotly"')[0]


def test_what_a_short_history_does_not_have_explains_nothing(explainer: Explainer) -> None:
    row = np.array(explainer.model.example, np.float64)[3:]
    explanation = explainer.explain(row, step=2)
    assert explanation.output == "forecast of 'y' at step 2"
    assert explanation.end == pytest.approx(explanation.answer["forecast"][1], rel=1e-5)
    assert explanation.is_complete
    assert not explanation.attributions[:3].any()
    assert not explanation.occlusion[:3].any()
    assert explanation.values is not None
    assert np.isnan(explanation.values[:3]).all()


def test_occlusion_leaves_out_all_that_a_channel_says_at_a_step(explainer: Explainer) -> None:
    """The hour is two features; in the place of a value is the mean of the training steps."""
    row = np.array(explainer.model.example, np.float64)
    explanation = explainer.explain(row, step=1)
    changed = row.copy()
    changed[2, 1] = explainer.model.encoder.mean[1]
    before, after = (record["forecast"][0] for record in
                     explainer.model.predict([row, changed]).records())  # fmt: skip
    assert explanation.occlusion[2, 1] == pytest.approx(before - after, rel=1e-3, abs=1e-4)
    assert explanation.occlusion[:9, 3].all()
    assert not explanation.occlusion[9:, 3].any()  # later than what is forecast


def test_the_worst_forecasts_are_explained(explainer: Explainer, prepared: Prepared) -> None:
    """Of which some have a gap in their context."""
    errors = explain_worst(explainer, prepared, 3)
    assert [error.explanation.is_complete for error in errors] == [True] * 3
    assert all("at step" in error.explanation.output for error in errors)
    assert len(errors[0].truth) == 3
