"""How often the gates promote what is no better, and what is.

    python benchmarks/promotion.py              # the test that conf/ and params.yaml choose
    python benchmarks/promotion.py --bootstrap  # the paired bootstrap, with a margin of 2 points

Each simulation draws a champion and a challenger on the same 1,000 test rows, and asks every gate
of the configuration; what would be measured on an artefact, and the comparison with baselines, is
given as good. The champion is right
on 90 % of the rows. On 10 % of the rows exactly one of the two is right: that is how much two
trainings of one network disagree, and it decides the power of every paired test (at 20 % it is far
lower). "No better" is a true gain of exactly the margin, the hardest case; "better" is 3 points of
accuracy more than the margin.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from conveyor import gates
from conveyor.compose import compose
from conveyor.config import Gates
from conveyor.metrics.baselines import BaselineComparison
from conveyor.metrics.paired import PairedComparison
from conveyor.paths import Paths
from conveyor.tasks import Task
from conveyor.tasks.classification.options import ClassSpec
from conveyor.tasks.values import ModelOutputs

ROOT = Path(__file__).parents[1]
ROWS, CLASSES, SIMULATIONS = 1000, 4, 1000
CHAMPION, DISAGREE, EFFECT = 0.90, 0.10, 0.03
CLEAN = {"rows": {"read": ROWS, "test": ROWS}, "dropped": {}, "conflicting_targets": {"rows": 0}}
TASK = Task(ClassSpec(classes=[str(i) for i in range(CLASSES)]))
BETTER = PairedComparison("accuracy", 0.9, 0.5, 0.4, 0.02, 0.0, 0.0, "McNemar")
BESIDE = BaselineComparison("baseline", "on validation rows", {}, BETTER, "trivial", BETTER)
GOOD = gates.Measurements(size=1, latency=0.1, padding=0.0, round_trip=0.0, data=CLEAN)


def simulate(draw: np.random.Generator, gain: float) -> gates.Evidence:
    """Two models whose true accuracies differ by `gain`, on rows drawn anew."""
    targets = draw.integers(0, CLASSES, ROWS)
    only_ours, only_theirs = (DISAGREE + gain) / 2, (DISAGREE - gain) / 2
    both = CHAMPION - only_theirs
    kind = draw.choice(4, ROWS, p=[both, only_ours, only_theirs, 1 - both - DISAGREE])
    ours = _answers(targets, (kind == 0) | (kind == 1), draw)
    theirs = ModelOutputs(TASK.spec, _answers(targets, (kind == 0) | (kind == 2), draw))
    return gates.Evidence(
        TASK, targets, ours, theirs, "1", TASK.metrics.score_all(targets, ours), BESIDE,
        draw.integers(5, 50, ROWS), GOOD,
    )  # fmt: skip


def count_promoted(config: Gates, gain: float, simulations: int, seed: int) -> int:
    """How many of the simulated challengers every gate lets through."""
    draw = np.random.default_rng(seed)
    return sum(gates.decide(simulate(draw, gain), config).promote for _ in range(simulations))


def _answers(targets: np.ndarray, right: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Probabilities (rows, classes), sure to about the accuracy that they have."""
    answers = np.where(
        right, targets, (targets + draw.integers(1, CLASSES, len(targets))) % CLASSES
    )
    rest = 0.1 / (CLASSES - 1)
    return np.where(np.eye(CLASSES)[answers] > 0, 0.9, rest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", action="store_true")
    config = compose(Paths(ROOT)).gates
    if parser.parse_args().bootstrap:
        change = {"test": "bootstrap", "margin": 0.02, "samples": 500}
        config = config.model_copy(update={"champion": config.champion.model_copy(update=change)})
    limits = config.champion
    print(f"{limits.test}, margin {limits.margin:g}, confidence {limits.confidence:g}; "
          f"{SIMULATIONS} simulations of {ROWS} rows")  # fmt: skip
    for name, gain, seed, wanted in (
        ("no better", limits.margin, 1, f"at most {1 - limits.confidence:.3g}"),
        ("better", limits.margin + EFFECT, 2, "at least 0.8"),
    ):
        count = count_promoted(config, gain, SIMULATIONS, seed)
        low, high = binomtest(count, SIMULATIONS).proportion_ci(method="exact")
        print(f"{name} (true gain {gain:g}): promoted {count / SIMULATIONS:.3f}, 95 % interval "
              f"{low:.3f} to {high:.3f}; wanted {wanted}")  # fmt: skip


if __name__ == "__main__":
    main()
