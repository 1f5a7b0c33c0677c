"""The verdict over all gates, and the check of their limits."""

from collections.abc import Mapping
from dataclasses import dataclass

from conveyor.config import ConfigError, Gates
from conveyor.config.gates import ChampionGate
from conveyor.extensions import rows_of
from conveyor.gates import artifact, baselines, quality, slices
from conveyor.gates.evidence import Evidence, Gate, GateResult
from conveyor.tasks.comparison import PairedTest
from conveyor.tasks.task import load_metrics, load_tests

BOOTSTRAP = "bootstrap"  # the paired test that every task has
PLACE = "Change it in params.yaml or in conf/gates."

GATES: tuple[Gate, ...] = (*quality.GATES, *baselines.GATES, *slices.GATES, *artifact.GATES)


@dataclass(frozen=True)
class Verdict:
    """All gates' results; the model is promoted only if each gate passed or was waived."""

    results: list[GateResult]

    @property
    def promote(self) -> bool:
        return all(result.outcome != "refused" for result in self.results)

    @property
    def reasons(self) -> list[str]:
        """The reasons of a refusal; empty for a promotion."""
        return [result.reason for result in self.results if result.outcome == "refused"]

    @property
    def waived(self) -> str | None:
        """The gates that did not pass and yet refuse nothing, with the reason for it; None if there
        are none."""
        results = [result for result in self.results if result.waived is not None]
        if not results:
            return None
        reasons = dict.fromkeys(result.waived for result in results if result.waived is not None)
        return f"{', '.join(result.gate for result in results)} ({'; '.join(reasons)})"

    @property
    def summary(self) -> str:
        """What the gates say together."""
        if self.reasons:
            return f"{len(self.reasons)} of {len(self.results)} gates refuse the model"
        if self.waived:
            return f"no gate refuses the model; waived: {self.waived}"
        return "every gate passes the model"

    @property
    def lines(self) -> list[str]:
        """A line for each gate, and what the gates say together."""
        gates = [f"{result.gate}, {result.outcome}: {result.reason}" for result in self.results]
        return [*gates, self.summary]


def decide(evidence: Evidence, config: Gates) -> Verdict:
    """Ask all gates, whatever the other gates say; those of the project's extensions.py last."""
    results = [result for gate in GATES for result in gate(evidence, config)]
    for name, limits in config.own.items():
        if limits is not None:
            results += rows_of("GATES")[name](evidence, limits)
    return Verdict(results)


def check_gates(config: Gates, task: str) -> None:
    """Check the metrics that the limits name, and that the task's paired test can use its settings.

    Args:
        task: name of the data set's task.

    Raises:
        ConfigError: with all problems.
    """
    metrics, tests = load_metrics(task), load_tests(task)
    fields = [(f"gates.bars.{name}", name) for name in config.bars]
    fields += [(f"gates.slices.bars.{part}.{name}", name)
               for part, bars in config.slices.bars.items() for name in bars]  # fmt: skip
    fields += [("gates.champion.metric", config.champion.metric)]
    fields += [("gates.slices.metric", config.slices.metric)]
    problems = [
        f"  {field}: expected one of {', '.join(metrics)}; got {name!r}. {PLACE}"
        for field, name in fields
        if name not in metrics
    ]
    own = rows_of("GATES")
    problems += [
        f"  gates.own.{name}: expected one of GATES in extensions.py, {', '.join(own) or 'none'}; "
        f"got {name!r}. {PLACE}"
        for name in config.own
        if name not in own
    ]
    problems += _check_champion(config.champion, tests)
    if problems:
        raise ConfigError("\n".join(["the gates are not valid:", *problems]))


def _check_champion(limits: ChampionGate, tests: Mapping[str, PairedTest]) -> list[str]:
    """Return what is wrong with the settings of the test against the champion."""
    name = limits.test
    if name == BOOTSTRAP:
        return []
    if name not in tests:
        names = ", ".join([BOOTSTRAP, *tests])
        return [f"  gates.champion.test: expected one of {names}; got {name!r}. {PLACE}"]
    problems, way_out = [], f"set gates.champion.test to {BOOTSTRAP}. {PLACE}"
    if limits.metric != tests[name].metric:
        problems.append(
            f"  gates.champion.metric: {name} tests {tests[name].metric}; got {limits.metric!r}. "
            f"For another metric {way_out}"
        )
    if limits.margin:
        problems.append(
            f"  gates.champion.margin: {name} has no margin; got {limits.margin:g}. For "
            f"a margin {way_out}"
        )
    return problems
