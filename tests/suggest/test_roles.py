"""What each column of a table is taken for."""

from datetime import date
from typing import Any

import pytest
from cells import NUMBERS, PROSE, TEAMS, N, cycle

from conveyor.errors import DataError
from conveyor.suggest.columns import describe_column
from conveyor.suggest.roles import Roles, assign_roles


def roles(target: str | None = None, **columns: list[Any]) -> Roles:
    return assign_roles([describe_column(name, cells) for name, cells in columns.items()], target)


IDS = [str(i // 6) for i in range(N)]
STEPS = cycle(list(range(6)))
STATES = ["ok" if i // 6 % 2 else "worn" for i in range(N)]
WIDE: dict[str, list[Any]] = {f"t{i}": NUMBERS for i in range(6)}
CASES: dict[str, tuple[dict[str, list[Any]], dict[str, Any], str, list[str]]] = {
    "text": ({"message": PROSE, "team": cycle(TEAMS)}, {"text": "message"}, "team", []),
    "text with an id": (
        {"nr": list(range(N)), "message": PROSE, "team": cycle(TEAMS)},
        {"text": "message", "id": "nr"}, "team", [],
    ),
    "text with a counter": (
        {"column_1": list(range(7, 7 + N)), "message": PROSE, "team": cycle(TEAMS)},
        {"text": "message", "id": "column_1"}, "team", [],
    ),
    "two targets": (
        {"text": PROSE, "region": cycle(["a", "b"]), "label": cycle(TEAMS)},
        {"text": "text"}, "label", ["region"],
    ),
    "the last of two": (
        {"text": PROSE, "colour": cycle(["a", "b"]), "region": cycle(TEAMS)},
        {"text": "text"}, "region", ["colour"],
    ),
    "names before numbers": (
        {"text": PROSE, "colour": cycle(["a", "b"]), "weight": NUMBERS},
        {"text": "text"}, "colour", ["weight"],
    ),
    "short texts": (
        {"word": [f"w{i}x" for i in range(N)], "label": cycle(["a", "b"])},
        {"text": "word"}, "label", [],
    ),
    "steps": (
        {"values": [[[1.0, 2.0]]] * N, "state": cycle(["a", "b"])},
        {"series": "values"}, "state", [],
    ),
    "channels first": (
        {"values": [[[1.0] * (5 + i), [2.0] * (5 + i)] for i in range(N)], "y": NUMBERS},
        {"series": "values", "layout": "channels_first"}, "y", [],
    ),
    "steps of channels, one of them none": (
        {"values": [[[1.0, 2.0], None, [1.5, 2.5]]] * N, "state": cycle(["a", "b"])},
        {"series": "values"}, "state", [],
    ),
    "no name": (
        {"": list(range(N)), "text": PROSE, "label": cycle(TEAMS)}, {"text": "text"}, "label", [],
    ),
    "names that pandas made": (
        {"text": PROSE, "colour": cycle(TEAMS), "Unnamed: 0": cycle([1, 2]),
         "__index_level_0__": [f"{i}" for i in range(N)]},
        {"text": "text"}, "colour", [],
    ),
    "separators of thousands": (
        {"text": PROSE, "colour": cycle(TEAMS), "views": cycle(["951", "1,235"])},
        {"text": "text"}, "colour", [],
    ),
    "wide": ({"label": cycle(TEAMS), **WIDE}, {"wide": "t*"}, "label", []),
    "wide dates of two months": (
        {"label": cycle(TEAMS), "total": NUMBERS,
         **{f"2024-{1 + day // 28:02}-{1 + day % 28:02}": NUMBERS for day in range(40)}},
        {"wide": "2024-*"}, "label", ["total"],
    ),
    "wide dates of two years": (
        {"label": cycle(TEAMS),
         **{f"{2023 + i // 12}-{1 + i % 12:02}": NUMBERS for i in range(20)}},
        {"wide": "*"}, "label", [],
    ),
    "long with numbered channels": (
        {"unit": IDS, "cycle": STEPS, **{f"s{i}": NUMBERS for i in range(1, 6)}, "state": STATES},
        {"long": {"id": "unit", "order": "cycle", "channels": [f"s{i}" for i in range(1, 6)]}},
        "state", [],
    ),
    "wide rows of people at some time": (
        {"unit": IDS, "step": STEPS, **WIDE, "label": cycle(TEAMS)}, {"wide": "t*"}, "label",
        ["step"],
    ),
    "text beside places": (
        {"text": PROSE, "geo": [[0.5, i] for i in range(N)], "label": cycle(TEAMS)},
        {"text": "text"}, "label", [],
    ),
    "text beside lists that are often missing": (
        {"text": PROSE, "curve": [[0.5, i, 1] if i % 3 else None for i in range(N)],
         "label": cycle(TEAMS)},
        {"text": "text"}, "label", [],
    ),
    "short lists alone": (
        {"geo": [[0.5, i] for i in range(N)], "label": cycle(TEAMS)},
        {"series": "geo"}, "label", [],
    ),
    "long": (
        {"machine": IDS, "step": STEPS, "x": NUMBERS, "z": NUMBERS, "state": STATES},
        {"long": {"id": "machine", "order": "step", "channels": ["x", "z"]}}, "state", [],
    ),
    "long with other times": (
        {"unit_id": IDS, "at": [f"{1 + i % 6:02}.01.2024" for i in range(N)], "x": NUMBERS,
         "state": STATES},
        {"long": {"id": "unit_id", "order": "at", "channels": ["x"], "time_format": "%d.%m.%Y"}},
        "state", [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_columns_get_their_roles(case: str) -> None:
    columns, settings, target, others = CASES[case]
    result = roles(**columns)
    assert result.columns == settings
    assert result.target.name == target
    assert [column.name for column in result.others] == others


@pytest.mark.parametrize(
    ("case", "note"),
    [
        (
            "text beside places",
            "the texts of 'text' seem to be the input. If the lists of 'geo' are, run the command "
            "again with  --input geo --force",
        ),
        (
            "long with numbered channels",
            "the rows of each 'unit' seem to be the input. If the columns 's*' are, write  "
            "columns: {wide: s*}",
        ),
    ],
)
def test_another_input_is_in_the_notes(case: str, note: str) -> None:
    assert roles(**CASES[case][0]).notes == [note]


def test_columns_of_a_second_channel_are_in_the_notes() -> None:
    result = roles(**WIDE, **{f"y{i}": NUMBERS for i in range(5)}, label=cycle(TEAMS))
    [note] = result.notes
    assert note.startswith("only the columns 't*' are read, and not y* (5 columns): ")


def test_a_target_that_somebody_names_wins_and_the_chosen_one_is_the_alternative() -> None:
    columns = {"text": PROSE, "label": cycle(TEAMS), "weight": NUMBERS}
    result = roles("weight", **columns)
    assert (result.target.name, [c.name for c in result.others]) == ("weight", ["label"])
    with pytest.raises(DataError, match="--target: expected one of the columns 'text', 'label'"):
        roles("wait", **columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"colour": cycle(TEAMS), "size": cycle([1, 2])},
            "expected a column of texts or of series",
        ),
        (
            {"day": [date(2024, 1, 1 + i % 28) for i in range(N)], "x": NUMBERS, "z": NUMBERS},
            "expected a column of texts or",
        ),
        (
            {"text": PROSE, "other": PROSE},
            r"column to predict beside the input text; got other, which has 60 different values",
        ),
        (
            {"text": PROSE, "same": cycle(["a"])},
            "to predict beside the input text; got same, which has one value",
        ),
    ],
)
def test_columns_that_are_no_data_set_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        roles(**columns)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (cycle(["a"]), "which has one value"),
        ([None] * N, "which has no values"),
        ([f"v{i}" for i in range(N)], "which has 60 different values of text"),
        (
            cycle(["950", "1,234.50"]),
            r"which has numbers with separators of thousands: '1,234\.50'",
        ),
        (
            cycle(["['math', 'cs']", "['art']"]),
            r"which has lists that are text: \"\['math', 'cs'\]\"",
        ),
        ([date(2024, 1, 1 + i % 28) for i in range(N)], "which has times"),
        ([[1.0, i, 3.0] for i in range(N)], "which has series"),
    ],
)
def test_a_named_target_that_cannot_be_is_refused_with_the_reason(
    cells: list[Any], message: str
) -> None:
    expected = rf"--target: expected a column to predict; got 'x', {message}\..*another column"
    with pytest.raises(DataError, match=expected):
        roles("x", text=PROSE, x=cells, team=cycle(TEAMS))


def test_a_named_target_that_changes_within_a_series_is_refused() -> None:
    columns = {"machine": IDS, "step": STEPS, "x": NUMBERS, "z": NUMBERS, "state": STATES}
    with pytest.raises(DataError, match=r"got 'z', which changes within 'machine'\."):
        roles("z", **columns)


def test_a_named_target_may_have_many_classes_or_look_like_a_group() -> None:
    texts = [f"{text} of {i}" for i, text in enumerate(PROSE * 3)]
    columns = {"text": texts, "code": [f"c{i}" for i in range(N)] * 3}
    assert roles("code", user=cycle(TEAMS, 3 * N), **columns).target.name == "code"
    assert roles("user", user=cycle(TEAMS, 3 * N), **columns).target.name == "user"


def test_a_column_of_people_is_a_group_and_times_are_no_target() -> None:
    users = [f"u{i // 4}" for i in range(N)]
    days = [date(2024, 1, 1 + i // 2) for i in range(N)]
    result = roles(day=days, user_id=users, text=PROSE, label=cycle(TEAMS))
    assert result.group is not None
    assert result.time is not None
    assert (result.group.name, result.time.name) == ("user_id", "day")
    assert (result.target.name, result.others) == ("label", [])
