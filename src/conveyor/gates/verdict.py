"""The verdict over all gates, and the check of their limits."""

from dataclasses import dataclass

from conveyor.config import ConfigError, Gates
from conveyor.gates import artifact, quality, slices
from conveyor.gates.evidence import Evidence, Gate, GateResult
from conveyor.metrics import METRICS

GATES: tuple[Gate, ...] = (*quality.GATES, *slices.GATES, *artifact.GATES)


@dataclass(frozen=True)
class Verdict:
    """All gates' results; the model is promoted only if all gates passed."""

    results: list[GateResult]

    @property
    def promote(self) -> bool:
        return all(result.passed for result in self.results)

    @property
    def reasons(self) -> list[str]:
        """The reasons of a refusal; empty for a promotion."""
        return [result.reason for result in self.results if not result.passed]


def decide(evidence: Evidence, config: Gates) -> Verdict:
    """Ask all gates, whatever the other gates say."""
    return Verdict([result for gate in GATES for result in gate(evidence, config)])


def check_gates(config: Gates) -> None:
    """Check the metrics that the limits name, and that McNemar's test can use its settings.

    Raises:
        ConfigError: with all problems.
    """
    fields = [(f"gates.bars.{name}", name) for name in config.bars]
    fields += [(f"gates.slices.bars.{part}.{name}", name)
               for part, bars in config.slices.bars.items() for name in bars]  # fmt: skip
    fields += [("gates.champion.metric", config.champion.metric)]
    fields += [("gates.slices.metric", config.slices.metric)]
    problems = [
        f"  {field}: expected one of {', '.join(METRICS)}; got {name!r}"
        for field, name in fields
        if name not in METRICS
    ]
    if config.champion.test == "mcnemar" and config.champion.metric != "accuracy":
        problems.append(
            f"  gates.champion.metric: mcnemar tests accuracy; got {config.champion.metric!r}. For "
            "another metric set gates.champion.test to bootstrap"
        )
    if config.champion.test == "mcnemar" and config.champion.margin:
        problems.append(
            f"  gates.champion.margin: mcnemar has no margin; got {config.champion.margin:g}. For "
            "a margin set gates.champion.test to bootstrap"
        )
    if problems:
        raise ConfigError("\n".join(["the gates are not valid:", *problems]))
