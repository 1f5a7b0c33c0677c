"""A person moves the champion: with reasons, with a way back, and others hear of it."""

import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from test_registry import NO, YES, become_another_model, register
from tracked import PROCESS

from conveyor import files, gates
from conveyor.config import Hooks
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.promotions import notify_hooks, promote, rollback
from conveyor.registry.registry import Registry
from conveyor.registry.verdict_files import verdict_tags
from conveyor.registry.version_tags import pack_tags
from conveyor.registry.why import why

SAVE = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write(sys.stdin.read() + '\\n')"


def hooks(*calls: dict[str, Any]) -> Hooks:
    return Hooks.model_validate({"calls": calls, "retries": 1, "wait": 0.0, "timeout": 5.0})


def of_versions(paths: Paths, *verdicts: Any) -> Registry:
    """A registry of versions 1, 2, … with these verdicts."""
    registry = Registry("toys", paths)
    for verdict in verdicts:
        registry, _ = register(paths, verdict)
        become_another_model(paths)
    return registry


def test_two_rollbacks_lead_two_back_and_then_there_is_nothing(toy_project: Paths) -> None:
    registry = of_versions(toy_project, YES, YES, YES)
    assert registry.aliases()["previous"] == "2"
    assert rollback(registry, reason="it is slow") is not None
    assert (registry.aliases()["champion"], registry.aliases()["previous"]) == ("2", "1")
    rollback(registry)
    assert registry.aliases()["champion"] == "1"
    assert "previous" not in registry.aliases()
    with pytest.raises(
        InputError, match="nothing to roll back to: toys had no champion before version 1"
    ):
        rollback(registry)
    told = [(c.before, c.after, c.action) for c in registry.history.changes()]
    assert told == [(None, "1", "promoted"), ("1", "2", "promoted"), ("2", "3", "promoted"),
                    ("3", "2", "rolled back"), ("2", "1", "rolled back")]  # fmt: skip
    assert registry.history.changes()[3].reason == "it is slow"
    assert all(
        c.who.count("@") == 1 and c.when.endswith("+00:00") for c in registry.history.changes()
    )


def test_past_a_failed_gate_only_by_force_with_a_reason_that_is_kept(toy_project: Paths) -> None:
    registry = of_versions(toy_project, YES, NO)
    with pytest.raises(InputError, match=r"did not pass the gates: too low\. To promote it anyway"):
        promote(registry, "2")
    for nothing in (None, "", "  "):
        with pytest.raises(InputError, match="--force needs a reason"):
            promote(registry, "2", force=True, reason=nothing)
    assert registry.aliases()["champion"] == "1"
    assert registry.history.changes()[-1].after == "1"
    change = promote(registry, "2", force=True, reason="the bar was wrong")
    assert change is not None
    assert (change.action, change.before, change.reason) == ("forced", "1", "the bar was wrong")
    assert registry.aliases()["champion"] == "2"
    tags = registry.client.get_model_version("toys", "2").tags
    assert (tags["forced_reason"], tags["verdict"]) == ("the bar was wrong", "refused")
    assert len(tags) == 6, "each tag is a line of the version's row in MLflow's page"
    assert "forced         the bar was wrong" in why(registry, "2")


def test_a_version_that_passed_needs_no_force_and_a_champion_stays(toy_project: Paths) -> None:
    registry = of_versions(toy_project, YES, YES)
    assert promote(registry, "2") is None
    assert promote(registry, "1") is not None
    assert (registry.aliases()["champion"], registry.aliases()["previous"]) == ("1", "2")
    assert rollback(registry, "1") is None
    rollback(registry, "2")
    assert registry.aliases()["champion"] == "2"


def test_what_cannot_be_is_one_clear_error(toy_project: Paths) -> None:
    empty = Registry("toys", toy_project)
    assert empty.history.changes() == []
    with pytest.raises(InputError, match="toys has no champion; promote a version first"):
        rollback(empty)
    with pytest.raises(InputError, match=r"toys has no version '1'; there are: none"):
        promote(empty, "1")
    registry = of_versions(toy_project, YES, NO)
    for unknown in ("7", "latest", "-1"):
        with pytest.raises(InputError, match=rf"no version '{unknown}'; there are: 1, 2"):
            promote(registry, unknown, force=True, reason="so")
    with pytest.raises(InputError, match="version 2 of toys was never champion"):
        rollback(registry, "2")
    with pytest.raises(InputError, match="no version '9'"):
        why(registry, "9")
    with pytest.raises(InputError, match="expected at most 2000 characters; got 3000"):
        promote(registry, "2", force=True, reason="x" * 3000)


def test_a_champion_that_was_moved_by_hand_is_rolled_back_to(toy_project: Paths) -> None:
    registry = of_versions(toy_project, YES, NO, YES)
    registry.client.set_registered_model_alias("toys", "champion", "2")  # in MLflow's own page
    promote(registry, "3")
    rollback(registry)
    assert registry.aliases()["champion"] == "2"


def test_a_change_whose_process_died_in_between_is_one_entry(
    toy_project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = of_versions(toy_project, YES, YES)
    rollback(registry)
    assert [c.after for c in notify_hooks(registry, hooks())] == ["1", "2", "1"]

    def dies(alias: str, version: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(registry, "_set_alias", dies)
        with pytest.raises(KeyboardInterrupt):
            promote(registry, "2")
    assert notify_hooks(registry, hooks()) == []  # it never came to be
    promote(registry, "2")
    assert [c.after for c in registry.history.changes()] == ["1", "2", "1", "2"]


def test_others_hear_of_a_change_once_and_a_deaf_one_undoes_nothing(
    toy_project: Paths, tmp_path: Path
) -> None:
    file = tmp_path / "told.jsonl"
    listening = {"command": [sys.executable, "-c", SAVE, str(file)]}
    deaf = {"url": "http://127.0.0.1:9/s3cret"}
    registry = of_versions(toy_project, YES, YES)
    notify_hooks(registry, hooks())
    rollback(registry, reason="it is slow")
    for _ in range(2):
        notify_hooks(registry, hooks(listening, deaf))
    (line,) = file.read_text().splitlines()
    told = json.loads(line)
    assert (told["event"], told["model"]) == ("champion changed", "toys")
    assert (told["from"], told["to"], told["reason"]) == ("2", "1", "it is slow")
    assert registry.aliases()["champion"] == "1"
    shown = str(registry.history.changes()[-1])
    assert "NOT notified: the request failed with ConnectionError" in shown
    assert "s3cret" not in shown


SLOW = """
import pathlib, sys, time
heard, go_on = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
with heard.open("a") as file:
    file.write(sys.stdin.read() + "\\n")
while not go_on.exists():
    time.sleep(0.01)
"""


def test_a_slow_receiver_keeps_nobody_from_the_registry_and_hears_all_in_order(
    toy_project: Paths, tmp_path: Path
) -> None:
    """While one process tells, another changes the champion, and leaves it to the first to say."""
    heard, go_on = tmp_path / "heard", tmp_path / "go on"
    registry = of_versions(toy_project, YES, YES)
    notify_hooks(registry, hooks())
    slow = hooks({"command": [sys.executable, "-c", SLOW, str(heard), str(go_on)]})
    rollback(registry, reason="first")
    with ThreadPoolExecutor() as pool:
        telling = pool.submit(notify_hooks, Registry("toys", toy_project), slow)
        while not heard.exists():
            time.sleep(0.01)
        other = Registry("toys", toy_project)
        other.lock.acquire(wait=0)  # raises if the first process holds it while it tells
        other.lock.release()
        promote(other, "2", reason="second")
        assert notify_hooks(other, slow) == []
        go_on.touch()
        assert [change.reason for change in telling.result()] == ["first", "second"]
    told = [json.loads(line)["reason"] for line in heard.read_text().splitlines()]
    assert told == ["first", "second"]
    assert all(change.hooks is not None for change in registry.history.changes())


def test_a_version_leads_back_to_all_that_made_it(toy_project: Paths) -> None:
    (toy_project.root / "dvc.lock").write_text("stages: {train: {outs: []}, register: {a: 1}}")
    registry = of_versions(toy_project, YES)
    tags = registry.version("1").tags
    config = files.digest_file(toy_project.model / "config.yaml")
    assert tags["config_digest"] == config
    assert tags["dvc_lock_digest"] == files.digest_value({"train": {"outs": []}})
    gate = json.loads(tags["gate.bar: accuracy"])
    assert (gate["passed"], gate["reason"]) == (True, "meets the bar")
    told = why(registry, "1")
    for part in (tags["train_run"], tags["model_digest"], config, tags["data_digest"],
                 "python -m pipeline.promote rebuild 1"):  # fmt: skip
        assert part in told


@pytest.mark.parametrize("machines", ["one", "two"])
def test_of_two_registrations_at_once_one_wins_and_the_other_says_so(
    toy_project: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machines: str
) -> None:
    registry = of_versions(toy_project, YES)  # and the folder is another model since
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.client.tracking_uri)
    folders = [toy_project.root, toy_project.root]
    if machines == "two":  # with locks of their own, only the store can tell
        folders[1] = tmp_path / "elsewhere"
        for part in ("artifacts", "data"):
            shutil.copytree(toy_project.root / part, folders[1] / part)
    running = [
        subprocess.Popen([sys.executable, PROCESS, str(folder), "register"], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for folder in folders
    ]  # fmt: skip
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    told = [one.communicate()[0] for one in running]
    assert [one.returncode for one in running] == [0, 0]
    versions = registry.client.search_model_versions("name = 'toys'")
    digest = files.digest_tree(toy_project.model)
    (made,) = [v for v in versions if v.tags["model_digest"] == digest]
    assert registry.aliases()["champion"] == str(made.version)
    assert [c.after for c in registry.history.changes()] == ["1", str(made.version)]
    loser = "registered already, as version" if machines == "one" else "as version"
    assert sum(loser in text for text in told) == 1


def test_a_verdict_of_many_slices_fits_into_the_registry() -> None:
    gains = {f"class {i}": 0.125 for i in range(1000)}
    long = gates.Verdict([gates.GateResult("slices", False, "worse " * 2000, {"gains": gains})])
    tags = verdict_tags(long)
    assert all(len(value) <= 5000 for value in tags.values())
    results = [
        gates.GateResult(f"slice {i}", False, "w" * 900, {"gains": gains}) for i in range(400)
    ]
    packed = pack_tags(verdict_tags(gates.Verdict(results)))
    assert all(len(value) <= 100_000 for value in packed.values())  # as many as MLflow takes
    assert json.loads(tags["gate.slices"])["passed"] is False
