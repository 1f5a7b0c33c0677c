"""Optuna's undocumented names: they are as expected, and one file alone uses them."""

import ast
import importlib
import inspect
import re
import tomllib
from pathlib import Path

import optuna
import pytest
from optuna import distributions, pruners, samplers, storages
from optuna.trial import TrialState

from conveyor.sweep import optuna_internals
from conveyor.sweep.attributes import POSITION
from conveyor.sweep.optuna_internals import CountedStudy, HyperbandPruner, SobolSampler

ROOT = Path(__file__).parents[2]
SWEEP = ROOT / "src/conveyor/sweep"
OTHERS = sorted(path for path in SWEEP.rglob("*.py") if path.stem != "optuna_internals")


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (optuna.Study._get_trials, "self, deepcopy=True, states=None, use_cache=False"),
        (optuna.Study._pop_waiting_trial_id, "self"),
        (samplers.QMCSampler._find_sample_id, "self, study, search_space"),
        (pruners.HyperbandPruner._get_bracket_id, "self, study, trial"),
        (storages.BaseStorage.get_trial, "self, trial_id"),
        (storages.BaseStorage.get_all_trials, "self, study_id, deepcopy=True, states=None"),
        (storages.BaseStorage.set_trial_state_values, "self, trial_id, state, values=None"),
        (storages.BaseStorage.set_trial_user_attr, "self, trial_id, key, value"),
        (optuna_internals.JournalFileLock.acquire, "self"),
        (optuna_internals.JournalFileLock.release, "self"),
    ],
)
def test_optunas_undocumented_functions_have_the_expected_parameters(
    function: object, parameters: str
) -> None:
    assert callable(function)
    signature = inspect.signature(function)
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    assert ", ".join(str(p) for p in plain) == parameters


def test_optuna_asks_the_overridden_functions() -> None:
    storage = storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="s")
    study = CountedStudy("s", storage)
    for position in (1, 0, 2):
        study.enqueue_trial({"x": float(position)}, user_attrs={POSITION: position})
    first = study.ask()
    assert first.user_attrs[POSITION] == 0
    optuna_internals.close_as_queued_again(study, optuna_internals.stored_trial(study, first))
    assert sorted(trial.user_attrs[POSITION] for trial in study.trials) == [1, 2]
    assert [t.state for t in optuna_internals.stored_trials(study, TrialState.FAIL)] == [
        TrialState.FAIL
    ]
    assert len(optuna_internals.stored_trials(study)) == 3


def test_sobols_sequence_is_entered_by_position() -> None:
    space = {"x": distributions.FloatDistribution(0, 1), "y": distributions.FloatDistribution(0, 1)}
    study = optuna.create_study()
    trial = optuna.trial.create_trial(value=0.0)
    sequence = samplers.QMCSampler(qmc_type="sobol", scramble=True, seed=3)
    points = [sequence.sample_relative(study, trial, space) for _ in range(4)]
    jumped = SobolSampler(2, seed=3).sample_relative(study, trial, space)
    assert jumped == points[2]


def test_hyperbands_bracket_follows_the_position() -> None:
    study = optuna.create_study(study_name="s")
    trials = [
        optuna.trial.create_trial(
            state=TrialState.PRUNED, user_attrs={POSITION: position}, intermediate_values={1: 0.0}
        )
        for position in range(20)
    ]  # all have the number 0
    pruner = HyperbandPruner(min_resource=1, max_resource=27, reduction_factor=3)
    pruner.prune(study, trials[0])
    assert len({pruner._get_bracket_id(study, trial) for trial in trials}) > 1


def test_optunas_version_has_an_upper_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (bound,) = [line for line in project["dependencies"] if line.startswith("optuna>")]
    assert "<" in bound


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(SWEEP).as_posix())
def test_no_other_file_uses_an_undocumented_name_of_optuna(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "os")
            assert own or node.attr.endswith("__"), f"line {node.lineno}: .{node.attr}"
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("optuna"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            assert not [name for name in names if name.startswith("_")], f"line {node.lineno}"


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(SWEEP).as_posix())
def test_no_other_file_overrides_an_undocumented_function_of_optuna(path: Path) -> None:
    if path.stem == "ray_cluster":
        pytest.importorskip("ray")
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    module = importlib.import_module(name.removesuffix(".__init__"))
    for kind in vars(module).values():
        if not inspect.isclass(kind) or kind.__module__ != module.__name__:
            continue
        for base in kind.__mro__[1:]:
            if base.__module__.startswith("optuna"):
                private = {name for name in vars(base) if re.match("_(?!_|abc_)", name)}
                assert not private & set(vars(kind)), kind
