"""SIGKILL at random instants, to the driver or to a trial: nothing is lost and nothing runs on."""

import random
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from processes import trials_below
from tracked import family, start_sweep, table

from conveyor import files
from conveyor.paths import Paths

# One worker, so that the sampler and the pruner must repeat what an undisturbed sweep does.
TOLD = {
    "sampler": {"name": "tpe", "startup_trials": 5},
    "pruner": {"name": "median", "startup_trials": 4, "warmup_validations": 1},
    "retries": 1000,  # a killed trial is tried again, however often that happens
    "trial_time_limit": None,
}
START, PACE = 3.5, 0.4  # seconds: about a driver's start; less than one trial


@pytest.mark.parametrize(
    ("kills", "trials", "seed"),
    [
        pytest.param(6, 10, 1, id="short", marks=pytest.mark.slow),
        pytest.param(30, 40, None, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_a_sweep_under_random_kills_equals_one_left_alone(
    tmp_path: Path, kills: int, trials: int, seed: int | None
) -> None:
    calm, chaotic = Paths(tmp_path / "calm"), Paths(tmp_path / "chaotic")
    for paths in (calm, chaotic):
        paths.root.mkdir()
    left_alone = begin(calm, trials)
    seed = random.randrange(2**32) if seed is None else seed
    killed = Counter[str]()
    driver = kill(chaotic, trials, kills, random.Random(seed), killed)
    assert driver.wait() == left_alone.wait() == 0, f"seed {seed}"
    print(f"seed {seed}: killed {dict(killed)}")

    parent, children = family(chaotic)
    assert parent.info.status == "FINISHED"
    ends = Counter(child.info.status for child in children)
    assert ends["RUNNING"] == 0, f"seed {seed}"
    assert ends["FINISHED"] + ends["KILLED"] == trials, f"seed {seed}"
    assert parent.data.metrics["trials_complete"] + parent.data.metrics["trials_pruned"] == trials
    assert [row["trial"] for row in table(chaotic.sweep / "trials.csv")] == [
        str(number) for number in range(trials)
    ]
    assert files.digest_tree(chaotic.sweep) == files.digest_tree(calm.sweep), f"seed {seed}"


def kill(
    paths: Paths, trials: int, kills: int, draw: random.Random, killed: Counter[str]
) -> subprocess.Popen[bytes]:
    """Run the sweep, killing so often; returns the driver that nobody will kill any more."""
    driver = begin(paths, trials)
    fresh = True
    while killed.total() < kills:
        time.sleep(draw.uniform(0, START if fresh else PACE))
        assert driver.poll() is None, "the sweep ended before it could be killed so often"
        below = trials_below(psutil.Process(driver.pid))
        if below and draw.random() < 0.5:
            fresh = False
            with suppress(psutil.NoSuchProcess):  # it has ended since
                draw.choice(below).kill()
                killed["trial"] += 1
        elif below or draw.random() < 0.5:  # a driver that is always killed young gets nowhere
            driver.kill()
            driver.wait()
            killed["driver"] += 1
            driver, fresh = begin(paths, trials), True
    return driver


def begin(paths: Paths, trials: int) -> subprocess.Popen[bytes]:
    return start_sweep(paths, "unhurried", trials, **TOLD)
