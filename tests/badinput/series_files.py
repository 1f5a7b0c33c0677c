"""Series, times and numbers that are odd or bad."""

from tests.badinput.series_tables import FORWARD, jsonl, long, series, steps, wide
from tests.data.making import machines

NUMBERS = [
    series("a null within a series", jsonl([[1.0, None]]), "dropped: 1 missing_values", 0),
    series("a NaN within a series", jsonl([[1.0, float("nan")]]), "dropped: 1 missing_values", 0),
    series("an infinity within a series", jsonl([[1.0, float("inf")]]), "dropped: 1 not_finite", 0),
    series(
        "a null in place of a step",
        jsonl([[1.0, 2.0], None, [3.0, 4.0]]),
        "dropped: 1 missing_values",
        0,
    ),
    series("a null in place of a series", jsonl(None), "dropped: 1 missing_input", 0),
    series("series without steps", jsonl([], [], []), "dropped: 3 empty_input", 0),
    series(
        "a series of nulls, carried forward", jsonl([[None, None]]), "41 rows read", 0, **FORWARD
    ),
    series(
        "other channels in one series",
        jsonl([[1.0, 2.0, 3.0]]),
        "row all-000040: expected 2 channels, as in the rows before; got 3. Change dataset.co",
    ),
    series(
        "other channels in one step",
        jsonl([[1.0, 2.0], [3.0]]),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
    series("no channel", jsonl([[]]), "dropped: 1 empty_input", 0),
    series(
        "a number in place of a series",
        jsonl(3.0),
        "row all-000040: expected 2 channels, as in the rows before; got 1. Change dataset.co",
    ),
    series(
        "an object in place of a series",
        jsonl({"a": 1}),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
    series(
        "objects in place of steps",
        jsonl([{"x": 1.0}]),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
    series(
        "words in place of numbers",
        jsonl([["a", "b"]]),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
    series(
        "numbers that are text",
        jsonl([["1.0", "2.0"]]),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
    series("booleans in place of numbers", jsonl([[True, False]]), "41 rows read", 0),
    series(
        "a list of three dimensions",
        jsonl([[[1.0], [2.0]]]),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
    series("numbers of 1e38", jsonl([[1e38, -1e38]]), "41 rows read", 0),
    series("numbers of 1e39", jsonl([[1e39, 1.0]]), "dropped: 1 not_finite", 0),
    series(
        "an integer of 401 digits in a series",
        jsonl([[int("9" * 401), 1]]),
        "dropped: 1 not_finite",
        0,
    ),
    series(
        "a constant channel",
        jsonl(
            base=[
                {**row, "series": [[step[0], 7.0] for step in row["series"]]} for row in machines()
            ]
        ),
        "channels that never change in the training rows, by number from 0: 1",
        0,
    ),
    series(
        "constant channels only",
        jsonl(base=[{**row, "series": [[7.0, 7.0]] * (i + 1)} for i, row in enumerate(machines())]),
        "channels that never change in the training rows, by number from 0: 0, 1",
        0,
    ),
    series(
        "equal series of two labels",
        jsonl(base=[{"series": [[7.0, 7.0]], "label": str(i % 2)} for i in range(40)]),
        "dataset.checks.min_rows: expected at least 1 training rows of each class; got 0 of c",
    ),
    series(
        "a channel without a value",
        jsonl(
            base=[
                {**row, "series": [[step[0], None] for step in row["series"]]} for row in machines()
            ]
        ),
        "the training rows: expected values in each channel; channel 1 (from 0) has none. Rem",
        2,
        **FORWARD,
    ),
    series(
        "channels first, and not told",
        jsonl(
            base=[
                {**row, "series": [list(c) for c in zip(*row["series"], strict=True)]}
                for row in machines()
            ]
        ),
        "row all-000001: expected 6 channels, as in the rows before; got 5. Change dataset.co",
    ),
    series(
        "one step",
        jsonl(base=[{**row, "series": row["series"][:1]} for row in machines()]),
        "40 rows read",
        0,
    ),
    series(
        "text that is no series",
        jsonl("not a series"),
        "row all-000040: column 'series': expected a list of steps, each a list of one number",
    ),
]
TIMES = [
    long("times out of order", steps(times=[39 - i for i in range(40)]), "10 rows read", 0),
    long(
        "a time twice",
        steps("m0,0,9.5,a"),
        "a.csv, row 41: column 'time': expected one step of series 'm0' at each time; got ano",
    ),
    long(
        "a time twice, averaged",
        steps("m0,0,9.5,a"),
        "steps at the time of another step of their series: 1; dataset.columns.long.dup",
        0,
        columns__long__duplicates="mean",
    ),
    long(
        "a time twice, kept",
        steps("m0,0,9.5,a"),
        "steps at the time of another step of their series: 1; dataset.columns.long.dup",
        0,
        columns__long__duplicates="keep",
    ),
    long(
        "gaps between times",
        steps("m0,100,9.5,a"),
        "gaps between the steps of a series: 1, with 96 missing steps, in 1 series",
        0,
    ),
    long(
        "an empty time",
        steps("m0,,9.5,a"),
        "a.csv, row 41: column 'time': expected a time; got an empty cell. Fill it, or remove",
    ),
    long(
        "a word for a time",
        steps("m0,soon,9.5,a"),
        "a.csv, row 41: column 'time': expected a number, as in the rows before; got 'soon'.",
    ),
    long(
        "times of two kinds",
        steps("m0,2024-01-01,9.5,a"),
        "a.csv, row 41: column 'time': expected a number, as in the rows before; got '2024-01",
    ),
    long(
        "times with and without an offset",
        steps(
            "m0,2024-03-01T00:00:00+01:00,9.5,a",
            times=[f"2024-01-{i % 28 + 1:02}T{i // 28:02}:00:00" for i in range(40)],
        ),
        "a.csv, row 41: column 'time': expected times with no offset from UTC, as in the rows",
    ),
    long(
        "the 30th of February",
        steps(
            "m0,2024-02-30,9.5,a",
            times=[f"2024-01-{i % 28 + 1:02}T{i // 28:02}:00:00" for i in range(40)],
        ),
        "a.csv, row 41: column 'time': expected a number, or an ISO date or time such as 2024",
    ),
    long(
        "a year beyond the range",
        steps(
            "m0,9999-01-01,9.5,a",
            times=[f"2024-01-{i % 28 + 1:02}T{i // 28:02}:00:00" for i in range(40)],
        ),
        "gaps between the steps of a series: 1, with 2912805 missing steps, in 1 series",
        0,
    ),
    long(
        "days before months",
        steps(times=[f"{i % 28 + 1:02}/01/2024" for i in range(40)]),
        "a.csv, row 1: column 'time': expected a number, or an ISO date or time such as 2024-",
    ),
    long(
        "an infinite time",
        steps("m0,inf,9.5,a"),
        "a.csv, row 41: column 'time': expected a number, as in the rows before; got 'inf'. F",
    ),
    long(
        "an empty id",
        steps(",40,9.5,a"),
        "a.csv, row 41: column 'who': expected the id of a series; got an empty cell. Fill it",
    ),
    long(
        "a label that changes within a series",
        steps("m0,40,9.5,b"),
        "series 'm0': column 'label': expected the same value in each row; got 2 values (a, b",
    ),
    long(
        "a word for a number",
        steps("m0,40,high,a"),
        "a.csv, row 41: column 'x': expected a number; got 'high'. If it means none, name it",
    ),
    long(
        "an empty number",
        steps("m0,40,,a"),
        "gaps between the steps of a series: 1, with 36 missing steps, in 1 series",
        0,
    ),
    wide(
        "a wide table with a word",
        "t0,t1,label\n" + "".join(f"{i},1,{i % 2}\n" for i in range(40)) + "a,1,0\n",
        "row all-000040: column 't0': expected a number; got 'a'. If it means none, name it i",
    ),
    wide(
        "a wide table with empty cells",
        "t0,t1,label\n" + "".join(f"{i},{i % 3 or ''},{i % 2}\n" for i in range(40)),
        "40 rows read",
        0,
    ),
    wide(
        "a wide table whose columns do not match",
        "u0,u1,label\n1,2,a\n",
        "a.csv: expected columns that match 't*', one for each step; got columns 'u0', 'u1',",
    ),
]
CASES = [*NUMBERS, *TIMES]
