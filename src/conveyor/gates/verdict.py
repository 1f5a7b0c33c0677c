"""The verdict. To add a gate: one function, its row of GATES, its limits."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from conveyor.config import ConfigError, Gates
from conveyor.escape import markdown_text
from conveyor.gates import artifact, quality, slices
from conveyor.gates.evidence import Evidence, GateResult
from conveyor.metrics import METRICS

GATES: dict[str, Callable[[Evidence, Gates], list[GateResult]]] = {
    "bars": quality.bars,
    "champion": quality.better_than_champion,
    "baselines": quality.beats_baselines,
    "slice bars": slices.slice_bars,
    "slices": slices.no_slice_loses,
    "calibration": artifact.calibration,
    "size": artifact.size,
    "latency": artifact.latency,
    "padding": artifact.padding,
    "round trip": artifact.round_trip,
    "quantisation": artifact.quantisation,
    "data": artifact.data_checked,
}


@dataclass(frozen=True)
class Verdict:
    """All gates' answers; the model is promoted only if every one passed."""

    results: list[GateResult]

    @property
    def promote(self) -> bool:
        return all(result.passed for result in self.results)

    @property
    def reasons(self) -> list[str]:
        """Why not; empty for a promotion."""
        return [result.reason for result in self.results if not result.passed]

    def as_json(self) -> dict[str, Any]:
        return {"promote": self.promote, "gates": [asdict(result) for result in self.results]}

    def as_markdown(self) -> str:
        rows = [
            f"| {markdown_text(result.gate)} | {'passed' if result.passed else '**refused**'} | "
            f"{markdown_text(result.reason)} |"
            for result in self.results
        ]
        return "\n".join(["| gate | | why |", "| --- | --- | --- |", *rows])


def decide(case: Evidence, config: Gates) -> Verdict:
    """Ask every gate, whatever the others said."""
    return Verdict([result for gate in GATES.values() for result in gate(case, config)])


def check(config: Gates) -> None:
    """Refuse limits on metrics that there are not.

    Raises:
        ConfigError: an unknown metric, or McNemar's test of another metric than accuracy.
    """
    problems = []
    named = [(f"gates.bars.{name}", name) for name in config.bars]
    named += [(f"gates.slices.bars.{part}.{name}", name)
              for part, bars in config.slices.bars.items() for name in bars]  # fmt: skip
    named += [("gates.champion.metric", config.champion.metric)]
    named += [("gates.slices.metric", config.slices.metric)]
    for place, name in named:
        if name not in METRICS:
            problems.append(
                f"  {place}: no metric is called {name!r}; there are {', '.join(METRICS)}"
            )
    if config.champion.test == "mcnemar" and config.champion.metric != "accuracy":
        problems.append(
            "  gates.champion: mcnemar tests accuracy; for another metric take bootstrap"
        )
    if config.champion.test == "mcnemar" and config.champion.margin:
        problems.append("  gates.champion: mcnemar knows no margin; for a margin take bootstrap")
    if problems:
        raise ConfigError("\n".join(["the gates are not valid:", *problems]))
