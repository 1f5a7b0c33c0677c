"""From files to windows: the grid of the steps, what is wrong with them, the cut in time."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forecast_files import describe, hours, prepare_steps
from hypothesis import given, settings
from hypothesis import strategies as st

from conveyor.data.store import SPLITS
from conveyor.errors import DataError
from conveyor.tasks.forecasting.outputs import Truth


def test_a_row_is_a_context_and_its_target_is_what_follows(tmp_path: Path) -> None:
    prepared, report = prepare_steps(tmp_path, hours(20))
    train, test = prepared.split("train"), prepared.split("test")
    assert report["rows"] == {"read": 20, "train": 6, "validation": 3, "test": 5}
    assert train.rows[0].ravel().tolist() == [0, 1, 2]
    assert Truth(train.targets[:1]).values.ravel().tolist() == [3, 4]
    assert test.ids[0] == "2024-03-01T14:00:00"
    assert test.rows[0].ravel().tolist() == [11, 12, 13]  # looks back over the cut
    assert Truth(test.targets[-1:]).values.ravel().tolist() == [18, 19]
    assert prepared.task.spec.season == 24


def test_steps_are_sorted_and_series_kept_apart(tmp_path: Path) -> None:
    lines = ["series,time,y"]
    lines += [f"{name},{day:02}.01.2024,{sign * day}"
              for day in range(30, 0, -1) for name, sign in (("b", -1), ("a", 1))]  # fmt: skip
    prepared, report = prepare_steps(tmp_path, lines, series="series", time_format="%d.%m.%Y")
    assert report["windows"]["rows_out_of_order"] == 58
    assert report["windows"]["frequency"] == {"step": 86_400_000_000, "unit": "microseconds"}
    for name in SPLITS:
        split = prepared.split(name)
        for row, target in zip(split.rows, Truth(np.asarray(split.targets)).values, strict=True):
            steps = np.abs(np.concatenate([row.ravel(), target.ravel()]))
            assert np.diff(steps).tolist() == [1.0] * 4
    assert {row_id.partition("@")[0] for row_id in prepared.split("test").ids} == {"a", "b"}


MONTHS = [f"{2020 + i // 12}-{1 + i % 12:02}-01,{i}" for i in range(30)]
QUARTER_HOURS = [f"2024-01-01T{i // 4:02}:{15 * (i % 4):02}:00,{i}" for i in range(30)]


@pytest.mark.parametrize(
    ("lines", "frequency", "season"),
    [
        (MONTHS, (1, "months"), 12),
        (QUARTER_HOURS, (900_000_000, "microseconds"), 96),
        ([f"{5 * i},{i}" for i in range(30)], (5, "number"), 1),
    ],
)
def test_the_frequency_is_that_of_the_steps(
    tmp_path: Path, lines: list[str], frequency: tuple[int, str], season: int
) -> None:
    prepared, report = prepare_steps(tmp_path, ["time,y", *lines])
    spec: Any = prepared.task.spec
    assert (spec.frequency.step, spec.frequency.unit) == frequency
    assert spec.season == season
    assert report["steps"]["gaps"] == 0


def test_a_gap_is_refused_or_filled_as_the_configuration_says(tmp_path: Path) -> None:
    lines = [line for line in hours(40) if not line.endswith((",5", ",6"))]
    for gaps, values in (("missing", [4, None, None]), ("forward", [4, 4, 4])):
        prepared, report = prepare_steps(tmp_path, lines, gaps=gaps)
        assert report["steps"] == {"duplicate_steps": 0, "gaps": 1, "missing_steps": 2,
                                   "series_with_gaps": 1}  # fmt: skip
        rows = {tuple(None if np.isnan(x) else x for x in row.ravel().tolist())
                for row in prepared.split("train").rows}  # fmt: skip
        assert tuple(values) in rows
        assert any("missing in 1 gaps" in warning for warning in report["warnings"])
    with pytest.raises(DataError, match="between 2024-03-01T04:00:00 and 2024-03-01T07:00:00"):
        prepare_steps(tmp_path, lines, gaps="refuse")


def test_a_target_with_a_missing_value_makes_no_row(tmp_path: Path) -> None:
    lines = [line.replace(",10", ",") for line in hours(40)]
    prepared, report = prepare_steps(tmp_path, lines)
    assert report["windows"]["origins_with_missing_values"] == 2
    assert np.isfinite(np.asarray(prepared.split("train").targets)).all()
    flags = prepared.split("train").sequences.pad_rows(np.arange(3))[0][:, :, 1]
    assert not flags.any()
    assert prepared.encoder.encode([[[1.0], [None], [2.0]]]).values[:, 1].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("duplicates", "value"), [("mean", 57.0), ("last", 111.0), ("refuse", None)]
)
def test_two_rows_at_one_time_are_one_as_the_configuration_says(
    tmp_path: Path, duplicates: str, value: float | None
) -> None:
    lines = [*hours(40), "2024-03-01T03:00:00,111"]
    if value is None:
        with pytest.raises(DataError, match="two at 2024-03-01T03:00:00"):
            prepare_steps(tmp_path, lines, duplicates=duplicates)
        return
    prepared, report = prepare_steps(tmp_path, lines, duplicates=duplicates)
    assert report["steps"]["duplicate_steps"] == 1
    assert prepared.split("train").rows[1].ravel().tolist() == [1, 2, value]


def test_daylight_saving_repeats_an_hour_and_skips_one(tmp_path: Path) -> None:
    local = [f"2024-10-27T{hour:02}:00:00" for hour in (0, 1, 2, 2, *range(3, 24))]
    lines = ["time,y", *(f"{time},{number}" for number, time in enumerate(local))]
    with pytest.raises(DataError, match=r"dataset\.target\.zone if daylight saving"):
        prepare_steps(tmp_path, lines)
    prepared, report = prepare_steps(tmp_path, lines, zone="Europe/Berlin", calendar=["hour"])
    assert report["steps"]["gaps"] == report["steps"]["duplicate_steps"] == 0
    row = prepared.split("train").rows[0]
    assert row[:, 1].tolist() == [0, 1, 2, 2, 3]
    with pytest.raises(DataError, match="2024-03-31T02:30:00, which daylight saving skips"):
        prepare_steps(tmp_path, ["time,y", "2024-03-31T02:30:00,1"], zone="Europe/Berlin")
    with pytest.raises(DataError, match="a name such as Europe/Berlin"):
        prepare_steps(tmp_path, lines, zone="Berlin")


def test_what_is_known_ahead_is_read_in_the_horizon_and_nothing_else(tmp_path: Path) -> None:
    lines = ["time,y,flow,holiday"]
    lines += [f"{line},{i + 0.5},{i % 2}" for i, line in enumerate(hours(40)[1:])]
    prepared, _ = prepare_steps(
        tmp_path, lines, past=["flow"], known_ahead=["holiday"], calendar=["weekday"]
    )
    row = prepared.split("train").rows[0]
    assert row.shape == (5, 4)  # 3 steps of context, 2 of horizon
    assert row[:3].tolist() == [[0, 0.5, 0, 4], [1, 1.5, 1, 4], [2, 2.5, 0, 4]]
    assert np.isnan(row[3:, :2]).all()
    assert row[3:, 2:].tolist() == [[1, 4], [0, 4]]
    stored = prepared.split("train").sequences.pad_rows(np.arange(2))[0]
    encoded = prepared.encoder.encode(list(prepared.split("train").rows[:2]))
    np.testing.assert_array_equal(stored.reshape(-1, stored.shape[2]), encoded.values)


@pytest.mark.parametrize(
    ("lines", "target", "reason"),
    [
        (["time,y", "2024-01-01,1", "2024-01-02,2", "2024-01-03,x"], {}, "expected a number; got"),
        (["time,y", "2024-01-01,1", "x,2"], {}, "expected a number, or an ISO date"),
        (["time,z", "2024-01-01,1"], {}, "expected a column 'y'"),
        (hours(5), {}, "lower|Lower"),
        (
            ["time,y", *(f"2024-01-{1 + i},{i}" for i in (10, 11, 12, 19))],
            {"horizon": 1},
            "at least 1 origins",
        ),
        ([*hours(40), "2024-03-09T00:20:00,1"], {}, "regular grid of 1 h"),
        (["time,y", *(f"{i},1" for i in range(40))], {}, "expected different numbers"),
        (["time,y", *(f"{i},{i}" for i in range(40))], {"calendar": ["hour"]}, "are numbers"),
        (hours(40), {"until": "2020-01-01"}, "until"),
    ],
)
def test_bad_files_are_refused_by_what_is_wrong(
    tmp_path: Path, lines: list[str], target: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        prepare_steps(tmp_path, lines, **target)


@pytest.mark.parametrize(
    ("split", "target", "reason"),
    [
        ({"test": {"by": "share", "share": 0.2}}, {}, "expected time or since"),
        ({"test": {"by": "time", "column": "y", "share": 0.2}}, {}, "expected 'time'"),
        ({"group": "y"}, {}, "split.group: expected null"),
        ({}, {"past": ["y"]}, "'y' twice"),
        ({}, {"context": 1}, "greater than or equal to 2"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    split: dict[str, Any], target: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        describe(split, **target)


def test_a_cut_at_a_time_leaves_out_what_comes_after_the_end(tmp_path: Path) -> None:
    since = {"test": {"by": "since", "time": "2024-03-02T00:00:00"},
             "validation": {"by": "since", "time": "2024-03-01T16:00:00"}}  # fmt: skip
    prepared, report = prepare_steps(tmp_path, hours(40), since, until="2024-03-02T06:00:00")
    assert report["windows"]["rows_since_until"] == 10
    assert prepared.split("validation").ids[0] == "2024-03-01T16:00:00"
    assert prepared.split("test").ids == [f"2024-03-02T0{hour}:00:00" for hour in range(5)]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_target_of_a_later_part_is_in_an_earlier_one(data: st.DataObject) -> None:
    """Series begin and end at any time; each value says its time."""
    draw = data.draw
    horizon, context = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    lines, shares = ["series,time,y"], [draw(st.floats(0.15, 0.4)) for _ in range(2)]
    for name in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, 20))
        times = range(start, start + draw(st.integers(40, 60)))
        missing = draw(st.sets(st.sampled_from(times), max_size=3))
        lines += [f"s{name},{time},{time}" for time in times if time not in missing]
    split = {"test": {"by": "time", "column": "time", "share": shares[0]},
             "validation": {"by": "time", "column": "time", "share": shares[1]}}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        try:
            prepared, _ = prepare_steps(Path(folder), lines, split, series="series",
                                        horizon=horizon, context=context)  # fmt: skip
        except DataError:  # few steps may leave a part without an origin
            return
        seen_before = -1.0
        for name in SPLITS:
            part = prepared.split(name)
            targets = Truth(np.asarray(part.targets)).values
            contexts = np.stack(list(part.rows))[:, :context, 0]
            assert targets.min() > seen_before
            assert np.nanmax(contexts, axis=1).max() < targets.max()
            assert (np.nanmax(contexts, axis=1) < targets.min(axis=(1, 2))).all()
            seen_before = max(targets.max(), np.nanmax(contexts))


def test_a_longer_context_takes_no_more_memory_or_disk(tmp_path: Path) -> None:
    sizes = {}
    for context in (3, 200):
        folder = tmp_path / str(context)
        folder.mkdir()
        lines = ["time,y", *(f"{time},{time % 7}" for time in range(2000))]
        prepared, _ = prepare_steps(folder, lines, context=context)
        train: Any = prepared.split("train")
        assert isinstance(train.sequences.steps, np.memmap)
        assert isinstance(train.sequences.origins, np.memmap)
        files = [path for path in prepared.folder.rglob("*") if path.is_file()]
        sizes[context] = sum(path.stat().st_size for path in files)
    assert sizes[200] <= sizes[3]
