"""Files as people have them: each function writes one kind into a folder, and returns its paths."""

import csv
import json
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
ROWS = 120
NOUNS = ("order", "invoice", "screen", "parcel", "café", "Größe", "refund", "cable", "printer")
VERBS = ("broken", "late", "missing", "unclear", "double", "open")
DRAW = np.random.default_rng(0)


def sentence(i: int) -> str:
    return f"my {NOUNS[i % 9]} is {VERBS[i // 9 % 6]} since day {i}"


def table(
    path: Path, header: Sequence[str] | None, rows: Sequence[Sequence[Any]],
    encoding: str = "utf-8", delimiter: str = ",",
) -> list[Path]:  # fmt: skip
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([*([header] if header else []), *rows])
    return [path]


def semicolons(folder: Path) -> list[Path]:
    rows = [
        [i + 1, sentence(i), f"{i % 17},{i % 10}" if i % 9 else "n/a", ("billing", "shop")[i % 2]]
        for i in range(ROWS)
    ]
    header = ["nr", "message", "urgency", "team"]
    return table(folder / "tickets.csv", header, rows, "latin-1", ";")


def decimal_commas(folder: Path) -> list[Path]:
    rows = [[sentence(i), f"{i % 17},{i}" if i % 30 else "n/a"] for i in range(ROWS)]
    return table(folder / "urgency.csv", ["message", "urgency"], rows, "latin-1", ";")


def thousands(folder: Path) -> list[Path]:
    rows = [[i, sentence(i), ("951", "1,235", r"\N")[i % 3], "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "views.csv", ["", "text", "views", "label"], rows)


def spaced_thousands(folder: Path) -> list[Path]:
    rows = [[sentence(i), ("951", "1 235", "12 400,5")[i % 3], "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "visits.csv", ["text", "visits", "label"], rows, delimiter=";")


def archive(folder: Path) -> list[Path]:
    """As the UCR archive has them: tabs, no header, the class first."""
    files = [folder / f"Coffee_{part}.tsv" for part in ("TRAIN", "TEST")]
    for file in files:
        rows = [[i % 2, *DRAW.normal(i % 2, 1, 30).round(4)] for i in range(40)]
        table(file, None, rows, delimiter="\t")
    return files


def labels_in_first_rows(folder: Path) -> list[Path]:
    rows = [[f"u{i}", step, round(float(DRAW.normal(i % 2)), 3), "ab"[i % 2] if step == 2 else ""]
            for i in range(40) for step in (2, 0, 1)]  # fmt: skip
    return table(folder / "firsts.csv", ["unit", "cycle", "x", "state"], rows)


def two_sheets(folder: Path) -> list[Path]:
    rows = [[sentence(i), "ab"[i % 2]] for i in range(ROWS)]
    with pd.ExcelWriter(folder / "book.xlsx", engine="xlsxwriter") as book:
        pd.DataFrame({"note": ["see data"]}).to_excel(book, sheet_name="notes", index=False)
        pd.DataFrame(rows, columns=["text", "label"]).to_excel(book, sheet_name="data", index=False)
    return [folder / "book.xlsx"]


def long_tail(folder: Path) -> list[Path]:
    names = [f"c{rank}" for rank in range(1, 60) for _ in range(round(300 / rank**1.3))]
    rows = [[sentence(i), name] for i, name in enumerate(names)]
    return table(folder / "tail.csv", ["text", "intent"], rows)


def no_header(folder: Path) -> list[Path]:
    rows = [[i + 1, ("play", "stop", "next")[i % 3], 1.5 * i, sentence(i)] for i in range(ROWS)]
    return table(folder / "intents.tsv", None, rows, delimiter="\t")


def lone_quotes(folder: Path) -> list[Path]:
    path = folder / "quotes.tsv"
    lines = [f"{sentence(i)}\t{'ab'[i % 2]}" for i in range(ROWS)]
    lines[7] = f'"so-called {lines[7]}'
    lines[70] = f'"so-called {lines[70]}'
    path.write_text("\n".join(["text\tlabel", *lines]))
    return [path]


def quotes_over_rows(folder: Path) -> list[Path]:
    lines = [f"{sentence(i)}\t{'ab'[i % 2]}" for i in range(ROWS)]
    lines[7] = f'"well, {lines[7]}'
    lines[70] = 'he says so"\ta'
    (folder / "speech.tsv").write_text("\n".join(["text\tlabel", *lines]))
    return [folder / "speech.tsv"]


def two_delimiters(folder: Path) -> list[Path]:
    path = folder / "notes.csv"
    path.write_text(
        "text,mood;label\n" + "".join(f"{sentence(i)},x;{i % 2}\n" for i in range(ROWS))
    )
    return [path]


def nested_series(folder: Path) -> list[Path]:
    path = folder / "machines.jsonl"
    rows = [
        {"serial": f"x{i}", "state": ["ok", "worn"][i % 2],
         "series": DRAW.normal(i % 2, 1, (int(DRAW.integers(4, 9)), 2)).round(3).tolist()}
        for i in range(ROWS)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [path]


def long_series(folder: Path) -> list[Path]:
    rows = [
        [i, f"{1 + step:02}.05.2024 10:00", *DRAW.normal(i % 2, 1, 2).round(3), "ab"[i % 2]]
        for i in range(60)
        for step in range(5)
    ]
    return table(folder / "sensors.csv", ["machine_id", "time", "x", "y", "state"], rows)


def wide_series(folder: Path) -> list[Path]:
    rows = [[i % 3, *DRAW.normal(i % 3, 1, 12).round(3)] for i in range(60)]
    return table(folder / "wide.csv", ["label", *(f"t{step}" for step in range(12))], rows)


def wide_dates(folder: Path) -> list[Path]:
    days = [f"2024-{month:02}-{day:02}" for month in (1, 2) for day in (1, 8, 15, 22)]
    rows = [[*DRAW.normal(i % 2, 1, 8).round(3), "ab"[i % 2]] for i in range(60)]
    return table(folder / "weeks.csv", [*days, "label"], rows)


def wide_with_gaps(folder: Path) -> list[Path]:
    rows = [[i % 2, *DRAW.normal(i % 2, 1, 6 + i % 7).round(3)] for i in range(60)]
    rows[3][4] = "n/a"
    return table(folder / "ragged.csv", ["label", *(f"t{step}" for step in range(13))], rows)


def long_with_repeats(folder: Path) -> list[Path]:
    rows = [[i, step, round(float(DRAW.normal(i % 2)), 3), "ab"[i % 2]]
            for i in range(60) for step in range(5)]  # fmt: skip
    rows[7][2] = ""
    return table(folder / "repeats.csv", ["unit", "cycle", "x", "state"], [*rows, rows[9]])


def numbers(folder: Path) -> list[Path]:
    rows = [[f"r{i}", round(float(DRAW.uniform(-4, 4)), 2), sentence(i)] for i in range(ROWS)]
    return table(folder / "ratings.csv", ["id", "rating", "text"], rows)


def several_names(folder: Path) -> list[Path]:
    topics = ("sport", "world", "art", "sport; world", "art; sport")
    rows = [[sentence(i), topics[i % 5]] for i in range(ROWS)]
    return table(folder / "news.csv", ["headline", "topics"], rows)


def empty_sets(folder: Path) -> list[Path]:
    topics = ("sport", "world", "", "sport; world", "")
    rows = [[sentence(i), topics[i % 5]] for i in range(ROWS)]
    return table(folder / "untagged.csv", ["headline", "topics"], rows)


def texts_of_series(folder: Path) -> list[Path]:
    """As pandas writes arrays and lists into a table."""
    rows = [["[1.0, nan, 2.5]" if i == 7 else f"[{i} 0.2\n {i % 7}]", "ab"[i % 2], "['x', 'y']"]
            for i in range(ROWS)]  # fmt: skip
    return table(folder / "arrays.csv", ["signal", "label", "topics"], rows)


def lists(folder: Path) -> list[Path]:
    path = folder / "tagged.jsonl"
    rows = [
        {"text": sentence(i), "tags": [name for bit, name in enumerate("abc") if i >> bit & 1]}
        for i in range(ROWS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [path]


def ts_pair(folder: Path) -> list[Path]:
    names = [f"JapaneseVowels_{part}.ts" for part in ("TRAIN", "TEST")]
    for name in names:
        shutil.copy(ROOT / "data/raw/japanese_vowels" / name, folder / f"my_{name}")
    return [folder / f"my_{name}" for name in names]


def times(folder: Path) -> list[Path]:
    start = datetime(2024, 1, 1)
    columns = {
        "created": [start + timedelta(hours=i) for i in range(ROWS)],
        "text": [sentence(i) for i in range(ROWS)],
        "label": [i % 2 for i in range(ROWS)],
    }
    pq.write_table(pa.table(columns), folder / "posts.parquet")
    return [folder / "posts.parquet"]


def shuffled_days(folder: Path) -> list[Path]:
    start = datetime(2024, 1, 1)
    sent = [start + timedelta(days=37 * i % ROWS) for i in range(ROWS)]
    rows = [[f"{day:%d.%m.%Y %H:%M}", sentence(i), "ab"[i % 2]] for i, day in enumerate(sent)]
    return table(folder / "days.csv", ["sent", "text", "label"], rows)


def groups(folder: Path) -> list[Path]:
    rows = [[f"u{i % 30}", sentence(i), "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "chats.csv", ["user", "text", "label"], rows)


def folder_of_texts(folder: Path) -> list[Path]:
    for i in range(ROWS // 2):
        path = folder / "mails" / ("spam", "ham")[i % 2] / f"{i}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sentence(i))
    return [folder / "mails"]


def empty_cells(folder: Path) -> list[Path]:
    rows = [[sentence(i), "" if i % 5 == 0 else "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "gaps.csv", ["text", "label"], rows)


def rare_name(folder: Path) -> list[Path]:
    rows = [[sentence(i), "c" if i == 0 else "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "rare.csv", ["text", "label"], rows)


def escaped_marks(folder: Path) -> list[Path]:
    rows = [f'"he said \\"{sentence(i)}, now\\" again","{"ab"[i % 2]}"' for i in range(ROWS)]
    path = folder / "escaped.csv"
    path.write_text("\n".join(['"text","label"', *rows]) + "\n")
    return [path]


def rare_names(folder: Path) -> list[Path]:
    """Of more rows than a suggestion leaves out."""
    rows = [[sentence(i), f"c{i}" if i < ROWS // 10 else "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "many_rare.csv", ["text", "label"], rows)


def long_texts(folder: Path) -> list[Path]:
    rows = [[" ".join(sentence(i + k) for k in range(25)), "ab"[i % 2]] for i in range(ROWS)]
    return table(folder / "letters.csv", ["text", "label"], rows)
