"""`drift` compares the newest data, or the request log, with the champion's, and trains nothing."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from toys import write_toys

from conveyor import files, gates
from conveyor.config import Config
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.registry.package import Challenger
from conveyor.registry.registry import Registry
from conveyor.retraining.comparison import compare_data, compare_requests
from conveyor.server.live_model import LiveModel
from conveyor.server.request_log import RequestLog
from conveyor.server.shadow import AnsweredRequest
from conveyor.serving import LoadedModel

YES = gates.Verdict([gates.GateResult("bar: accuracy", True, "meets the bar", {})])


@pytest.fixture
def project(toy_project: Paths) -> Paths:
    """The toys with a champion, and the file that they come from."""
    registry = Registry("toys", toy_project)
    registry.apply_verdict(registry.register(Challenger.read(toy_project), YES))
    write_toys(toy_project.root)
    return toy_project


def tracked(paths: Paths) -> str:
    folders = (paths.prepared, paths.model)
    return files.digest_value([files.digest_tree(folder) for folder in folders])


def test_the_data_are_compared_as_they_are_now_and_nothing_changes(
    project: Paths, toy_config: Config
) -> None:
    before = tracked(project)
    same = compare_data(toy_config, project)
    assert (same.champion, same.rows, same.findings) == ("1", 0, [])
    assert same.note == "not tested: 0 rows are fewer than retrain.drift.rows=30"
    write_toys(project.root, 200)
    more = compare_data(toy_config, project)
    assert more.rows == 120
    assert not any(finding.drifts for finding in more.findings)
    rows = list(map(json.loads, (project.root / "toys.jsonl").read_text().splitlines()))
    for row in rows[80:]:
        row["series"] = [[first, second + 9] for first, second in row["series"]]
    (project.root / "toys.jsonl").write_text("\n".join(map(json.dumps, rows)))
    drifted = compare_data(toy_config, project)
    assert any(finding.drifts for finding in drifted.findings)
    text = drifted.as_text()
    assert text.splitlines()[0].startswith("champion: version 1; new or relabelled")
    assert "\nDRIFTS  " in text
    assert tracked(project) == before
    assert not list(project.scratch.glob(".drift.*"))


def log_requests(project: Paths, rows: Sequence[object], *, raw_rows: bool) -> Path:
    folder = project.scratch / "requests"
    live = LiveModel("toys", "1", LoadedModel.load(project.model))
    notes = RequestLog(folder, 1.0, raw_rows=raw_rows)
    notes.add(AnsweredRequest(live, rows, live.model.predict(rows), 0.0))
    notes.flush()
    return folder


def series(rows: int, steps: int, level: float) -> list[object]:
    draw = np.random.default_rng(3)
    return [draw.normal(level, 1.0, (steps, 2)).tolist() for _ in range(rows)]


def test_requests_are_compared_row_by_row_where_they_are_recorded(
    project: Paths, toy_config: Config
) -> None:
    folder = log_requests(project, series(60, 5, 50.0), raw_rows=True)
    comparison = compare_requests(toy_config, project, folder)
    drifting = {finding.feature for finding in comparison.findings if finding.drifts}
    assert {"level of channel 0", "level of channel 1"} <= drifting
    assert not {"label"} & {finding.feature for finding in comparison.findings}
    assert (comparison.rows, comparison.note) == (60, "")


def test_requests_without_raw_rows_are_compared_by_length(
    project: Paths, toy_config: Config
) -> None:
    folder = log_requests(project, series(60, 40, 0.0), raw_rows=False)
    comparison = compare_requests(toy_config, project, folder)
    assert [finding.feature for finding in comparison.findings] == ["length"]
    assert comparison.findings[0].drifts
    assert "serve with --log-rows" in comparison.note


def test_few_requests_are_not_tested(project: Paths, toy_config: Config) -> None:
    folder = log_requests(project, series(3, 5, 50.0), raw_rows=True)
    comparison = compare_requests(toy_config, project, folder)
    assert comparison.findings == []
    assert comparison.note.startswith("not tested: 3 rows are fewer")


def test_without_a_champion_or_a_log_there_is_nothing_to_compare(
    toy_project: Paths, toy_config: Config, project: Paths, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"expected the records of a server; got none"):
        compare_requests(toy_config, project, tmp_path / "none")
    Registry("toys", project).client.delete_registered_model_alias("toys", "champion")
    with pytest.raises(InputError, match=r"toys had no champion: expected a champion to compare"):
        compare_data(toy_config, project)
