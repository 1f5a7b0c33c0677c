"""What is promoted beside simple baselines, what is not, and the words for both."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_gates import case, limits

from conveyor import gates
from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.evaluation.baselines import compare, compare_with_baselines
from conveyor.evaluation.results import EvaluationInput
from conveyor.metrics.baselines import BaselineComparison
from conveyor.metrics.paired import PairedComparison
from conveyor.metrics.steps import as_rows
from conveyor.paths import Paths
from conveyor.registry import verdict_files
from conveyor.registry.model_version import ModelVersion
from conveyor.tasks import TASKS, Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.forecasting.options import ForecastSpec
from conveyor.tasks.multilabel.decision import choose_thresholds
from conveyor.tasks.multilabel.options import LabelSpec
from conveyor.tasks.regression.options import RegressionSpec
from conveyor.tasks.tagging.options import TagSpec
from conveyor.tasks.values import ModelOutputs
from tests.toys import make_split

ROOT = Path(__file__).parents[2]
CLASSES = Task(ClassSpec(classes=["a", "b"]))


def answer(right: np.ndarray) -> np.ndarray:
    """Outputs for rows of the classes 0, 1, 0, 1, ... that are right where `right` says so."""
    classes = np.where(right, np.arange(len(right)) % 2, 1 - np.arange(len(right)) % 2)
    return np.where(np.eye(2)[classes] > 0, 0.9, 0.1)


def compare_rights(both: int, only_ours: int, only_theirs: int, rows: int) -> PairedComparison:
    """The comparison of two classifiers, by the rows that both or one alone get right."""
    number, targets = np.arange(rows), np.arange(rows) % 2
    ours = number < both + only_ours
    theirs = (number < both) | ((number >= rows - only_theirs) & ~ours)
    test = make_split([], [], targets, [])
    data = EvaluationInput("series", CLASSES, test, test, test, answer(ours))
    return compare(data, ModelOutputs(CLASSES.spec, answer(theirs)), 0)


def make_comparison(
    both: int, only_ours: int, only_theirs: int, rows: int = 100, trivial: int = 50
) -> BaselineComparison:
    """The network beside a linear model; of the rows, `trivial` are of the majority class."""
    ours = both + only_ours
    beside_trivial = compare_rights(
        min(ours, trivial), max(0, ours - trivial), max(0, trivial - ours), rows
    )
    return BaselineComparison(
        "linear", "on 300 validation rows", {"linear": 0.8, "majority class": 0.5},
        compare_rights(both, only_ours, only_theirs, rows), "majority class", beside_trivial,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rights", "relation", "p_value"),
    [
        ((36, 1, 0, 39), "is not distinguishable from", 1.0),  # 37 against 36
        ((36, 0, 1, 39), "is not distinguishable from", 1.0),
        ((36, 0, 0, 39), "is not distinguishable from", 1.0),
        ((30, 0, 5, 39), "loses to", 0.0625),  # by 2.4 standard errors
        ((33, 2, 4, 39), "is not distinguishable from", 0.6875),
        ((900, 10, 40, 1000), "loses to", 0.0),
        ((900, 40, 10, 1000), "beats", 0.0),
        ((900, 40, 30, 1000), "is not distinguishable from", 0.282),
    ],
)
def test_a_network_beats_a_baseline_loses_to_it_or_neither(
    rights: tuple[int, int, int, int], relation: str, p_value: float
) -> None:
    pair = compare_rights(*rights)
    assert pair.relation == relation
    assert pair.p_value == pytest.approx(p_value, abs=1e-3)


@pytest.mark.parametrize(
    ("comparison", "refused"),
    [
        (make_comparison(70, 20, 5), []),
        (make_comparison(80, 3, 4), []),
        (make_comparison(70, 2, 9), ["baselines"]),
        (make_comparison(45, 9, 2), ["trivial baseline"]),  # 54 right, where the trivial has 50
        (make_comparison(45, 9, 40), ["baselines", "trivial baseline"]),
        (None, ["baselines"]),
    ],
)
def test_a_network_that_loses_or_is_at_chance_is_refused_unless_a_reason_is_written(
    comparison: BaselineComparison | None, refused: list[str]
) -> None:
    evidence = case(90, baselines=comparison)
    verdict = gates.decide(evidence, limits(must_beat_baselines=True))
    assert [r.gate for r in verdict.results if r.outcome == "refused"] == refused
    assert verdict.promote is not bool(refused)
    waived = gates.decide(evidence, limits(must_beat_baselines={"waived": "a first look"}))
    assert waived.promote
    assert [r.gate for r in waived.results if r.outcome == "waived"] == refused
    assert waived.waived == (f"{', '.join(refused)} (a first look)" if refused else None)


SENTENCES = {
    "baselines": "The network loses to linear, the best simple baseline on 300 validation rows: "
    "accuracy 0.4900 against 0.8000 (difference -0.3100, standard error 0.0",
    "trivial baseline": "The network is not better than the trivial baseline, majority class: "
    "accuracy 0.4900 against 0.5000 (one-sided p = ",
}


def test_the_verdict_says_what_was_compared_and_never_shows_a_loss_as_passed(
    tmp_path: Path,
) -> None:
    evidence = case(90, baselines=make_comparison(40, 9, 40))
    for config, outcome in ((True, "refused"), ({"waived": "a first look"}, "waived")):
        verdict = gates.decide(evidence, limits(must_beat_baselines=config))
        verdict_files.write(tmp_path / "v", ModelVersion("toys", "1", "run", 0.0, {}), verdict)
        table = verdict_files.render_markdown(verdict)
        html = (tmp_path / "v" / "verdict.html").read_text()
        for gate, words in SENTENCES.items():
            assert f"| {gate} | **{outcome}** | {words}" in table
            assert words in html
        assert f'<td class="mark {outcome}">{outcome}</td>' in html
        assert "linear: 0.8, majority class: 0.5" in html
        tags = verdict_files.verdict_tags(verdict)
        assert ("waived" in tags) is (outcome == "waived")
        assert ("loses to linear" in tags["reasons"]) is (outcome == "refused")
        version = ModelVersion("toys", "1", "run", 0.0, tags)
        assert version.gates_passed == (
            "no gate refused it; waived: baselines, trivial baseline (a first look)"
            if outcome == "waived"
            else "it passed every gate"
        )
        assert ("2 of 4 gates passed, 2 waived" in html) is (outcome == "waived")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("=false", ": expected true, or {waived: REASON}, which the verdict shows; got False"),
        ("={waived: ''}", ".waived: expected at least 1 character"),
    ],
)
def test_a_waiver_needs_a_reason(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match="the configuration is not valid") as error:
        compose(Paths(ROOT), [f"gates.must_beat_baselines{setting}"])
    assert f"gates.must_beat_baselines{message}" in str(error.value)


def test_the_comparison_cannot_be_asked_for_and_switched_off() -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.baselines: expected true, since gates"):
        compose(Paths(ROOT), ["evaluate.baselines=false"])
    waived = compose(Paths(ROOT), ["evaluate.baselines=false",
                                   "gates.must_beat_baselines={waived: unneeded}"])  # fmt: skip
    assert not waived.evaluate.baselines


# --- each task


def draw_targets(task: str, rows: int, draw: np.random.Generator) -> np.ndarray:
    if task == "classification":
        return (draw.random(rows) < 0.3).astype(np.int32)
    if task == "multilabel":
        return draw.random((rows, 3)) < [0.45, 0.4, 0.1]
    if task == "tagging":
        return as_rows([draw.choice(3, 3, p=[0.5, 0.3, 0.2]) for _ in range(rows)])
    numbers = draw.exponential(size=(rows, 1))  # whose mean is far from its median
    if task == "forecasting":  # of one step, with its scale, series and time
        marks = [np.ones(rows), np.zeros(rows), np.arange(rows)]
        return np.stack([numbers[:, 0], *marks], axis=1)[:, None]
    return numbers


def untrained(task: str, rows: int, draw: np.random.Generator) -> np.ndarray:
    """What a network gives that has learned nothing: small numbers before the last step."""
    width = {"classification": 2, "multilabel": 3, "regression": 1, "forecasting": 1, "tagging": 3}
    if task == "tagging":
        noise = draw.normal(0, 0.1, (rows, 3, width[task]))
        return as_rows([*(np.exp(noise) / np.exp(noise).sum(axis=2, keepdims=True))])
    noise = draw.normal(0, 0.1, (rows, width[task]))
    if task == "classification":
        return np.exp(noise) / np.exp(noise).sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-noise)) if task == "multilabel" else 1 + noise


# What composes a data set of the task.
OVERRIDES = {
    "classification": [],
    "multilabel": ["dataset.target.task=multilabel"],
    "regression": ["choose.experiment=vader_rating"],
    "forecasting": ["choose.experiment=shop_visits"],
    "tagging": ["choose.experiment=trips"],
}
SPECS: dict[str, Any] = {
    "classification": ClassSpec(classes=["a", "b"]),
    "multilabel": LabelSpec(labels=["a", "b", "c"]),
    "regression": RegressionSpec(columns=["x"], mean=[1.0], std=[1.0]),
    "forecasting": ForecastSpec.model_validate(
        {
            "columns": ["x"],
            "series": None,
            "time": "t",
            "time_format": None,
            "zone": None,
            "frequency": {"step": 1, "unit": "number"},
            "horizon": 1,
            "context": 3,
            "past": [],
            "known_ahead": [],
            "calendar": [],
            "gaps": "missing",
            "duplicates": "refuse",
            "season": 1,
            "mean": [1.0],
            "std": [1.0],
        }
    ),
    "tagging": TagSpec(tags=["O", "a", "b"], scheme="runs", outside="O", of_text=False),
}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(("rows", "constant"), [(40, False), (1000, True)])
def test_no_default_promotes_a_network_at_chance(name: str, rows: int, constant: bool) -> None:
    """Nor one that gives each row the same answer, the best one there is."""
    draw = np.random.default_rng(6)
    parts = []
    for count in (rows, rows // 2, rows):
        targets = draw_targets(name, count, draw)
        series = [draw.normal(size=(3, 1)) for _ in range(count)]  # which say nothing of the target
        parts.append(make_split([], series, targets, [3] * count))
    train, validation, test = parts
    outputs, spec = untrained(name, rows, draw), SPECS[name]
    if constant:
        answers = {"classification": [0.7, 0.3], "multilabel": [0.9, 0.9, 0.1]}
        if name == "tagging":
            outputs = as_rows([np.tile([0.1, 0.8, 0.1], (3, 1))] * rows)
        else:
            numbers = test.targets.reshape(rows, -1)[:, 0]
            outputs = np.tile(answers.get(name, [np.median(numbers)]), (rows, 1))
    elif name == "multilabel":
        chosen = choose_thresholds(validation.targets, untrained(name, rows // 2, draw), "micro_f1")
        spec = spec.model_copy(update={"thresholds": chosen})
    task = Task(spec)
    data = EvaluationInput("series", task, train, validation, test, outputs)
    _, comparison = compare_with_baselines(data, 0)
    config = compose(Paths(ROOT), OVERRIDES[name]).gates
    scores = task.metrics.score_all(test.targets, outputs)
    verdict = gates.decide(
        gates.Evidence(task, test.targets, outputs, None, None, scores, comparison), config
    )
    assert any("The network is not better than the trivial baseline" in r for r in verdict.reasons)
