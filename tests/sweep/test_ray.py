"""A sweep on a real Ray cluster of two nodes, one of them killed on the way."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
import yaml
from processes import trials_below
from sweeping import HERE, Listener, paths_in, rows, settings

from conveyor import files
from conveyor.sweep.executors import make_executor
from conveyor.sweep.run import run_sweep
from conveyor.sweep.storage import SweepError
from conveyor.sweep.study import SweepStudy


def test_without_a_cluster_the_error_names_the_address(tmp_path: Path) -> None:
    config = settings(executor="ray", ray={"address": "127.0.0.1:1"})
    with pytest.raises(SweepError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        make_executor(config.sweep, tmp_path, "trial_functions:bowl")


@pytest.fixture(scope="module")
def nodes() -> Any:
    """A head without processors and two nodes of one each, as `ray start` makes them. The last test
    kills one of them."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    yield cluster, workers
    ray.shutdown()
    cluster.shutdown()


def start(folder: Path, **changes: Any) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, HERE / "sweeping.py", folder, "unhurried", "lead"]
    return subprocess.Popen([*command, yaml.safe_dump(changes)])


def journal(folder: Path) -> str:
    return "".join(f.read_text() for f in (folder / "scratch" / "sweep").glob("*/journal.log"))


def done(folder: Path) -> int:
    return journal(folder).count('"state":1')


def raylet(node: Any) -> psutil.Process:
    return psutil.Process(node.all_processes["raylet"][0].process.pid)


def test_failures_in_the_cluster_are_told_apart_as_on_one_machine(
    tmp_path: Path, nodes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, _ = nodes
    config = settings(trials=8, max_failed_share=0.9, trial_time_limit=15.0, executor="ray",
                      sampler={"name": "random"}, ray={"address": cluster.address})  # fmt: skip
    listener = Listener()
    executor = make_executor(config.sweep, HERE, "trial_functions:moody")
    paths = paths_in(tmp_path)
    with SweepStudy(paths.scratch, config, "digest") as study:
        run_sweep(study, paths, listener, executor)
    reasons = [outcome.reason for outcome in listener.outcomes.values() if outcome.reason]
    for told in ("does not like its parameters", "SIGKILL", "val_loss is nan",
                 "trial_time_limit", "exit code 7"):  # fmt: skip
        assert any(told in reason for reason in reasons), told
    assert [row["state"] for row in rows(tmp_path)].count("complete") == 8
    assert "RAY_ADDRESS" not in os.environ


@pytest.mark.slow
def test_a_node_that_dies_costs_no_trial_and_changes_no_result(tmp_path: Path, nodes: Any) -> None:
    cluster, both = nodes
    changes = {"trials": 14, "sampler": {"name": "random"}, "workers": 2}
    local = start(tmp_path / "local", **changes)
    there = {"executor": "ray", "ray": {"address": cluster.address}}
    driver = start(tmp_path / "ray", **changes, **there)
    while done(tmp_path / "ray") < 3:
        assert driver.poll() is None
        time.sleep(0.05)
    # A trial that has just begun, so that its node is gone before it has said its last word.
    seen = {trial for node in both for trial in trials_below(raylet(node))}
    while not (found := [node for node in both if set(trials_below(raylet(node))) - seen]):
        assert driver.poll() is None
        time.sleep(0.01)
    for process in [*raylet(found[0]).children(recursive=True), raylet(found[0])]:
        process.kill()
    assert driver.wait() == local.wait() == 0
    assert "tried_again" in journal(tmp_path / "ray")  # the node did have a trial
    assert "tried_again" not in journal(tmp_path / "local")
    assert [row["trial"] for row in rows(tmp_path / "ray")] == [str(i) for i in range(14)]
    assert files.digest_tree(tmp_path / "ray" / "out") == files.digest_tree(
        tmp_path / "local" / "out"
    )
