"""The data report: every row that was read is in it, kept or not, with the reason."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conveyor.data import rules
from conveyor.data.copy import RowCopy
from conveyor.data.database import Database
from conveyor.data.part import Part
from conveyor.data.store import SPLITS

MAX_IDS = 20  # rows listed for each finding; counts include all rows
FINDINGS = f"""
    SELECT finding, count(*), min(row, {MAX_IDS})
    FROM (SELECT row, finding FROM findings UNION ALL {rules.CONFLICTS}) GROUP BY finding"""
REMAINING = "SELECT split, count(*) FROM remaining GROUP BY split"


def describe_files(parts: Sequence[Part], root: Path) -> list[dict[str, Any]]:
    """Return how the files were read: an entry for each dialect of each part.

    Args:
        root: the project folder, from which the paths in the report start.
    """
    groups: dict[str, list[tuple[str, Path, dict[str, Any]]]] = {}
    for part in parts:
        for path, table in part.files.items():
            key = str({"part": part.name, **table.dialect, "short_rows": 0})
            groups.setdefault(key, []).append((part.name, path, table.dialect))
    entries = []
    for members in groups.values():
        name, path, dialect = members[0]
        place = {"part": name, "first": os.path.relpath(path, root), "files": len(members)}
        short = sum(dialect.get("short_rows", 0) for _, _, dialect in members)
        entries.append(place | dialect | {"short_rows": short})
    return entries


def say_files(report: dict[str, Any]) -> list[str]:
    """Return a sentence for each entry of `describe_files`."""
    sentences = []
    for entry in report["files"]:
        hidden = ("first", "files", "encoding_is_guess")
        dialect = {k: v for k, v in entry.items() if k not in hidden and v}
        taken = ", ".join(f"{name.replace('_', ' ')} {value!r}" for name, value in dialect.items())
        more = f" and {entry['files'] - 1} more files" if entry["files"] > 1 else ""
        guess = "; the encoding is a guess: if letters are wrong, set dataset.source.encoding"
        sentences.append(
            f"{entry['first']}{more}: {taken}{guess if entry.get('encoding_is_guess') else ''}"
        )
    return sentences


def describe_rows(database: Database, copy: RowCopy, problems: Sequence[str]) -> dict[str, Any]:
    """Return what the report says of the rows once they are checked and split.

    Args:
        problems: that rows of the data set may have.
    """
    results = {finding: counts for finding, *counts in database.execute(FINDINGS).fetchall()}
    remaining = dict(database.execute(REMAINING).fetchall())
    duplicates = dict(database.execute(rules.DUPLICATES).fetchall())

    def describe(finding: str, count_name: str = "rows") -> dict[str, Any]:
        count, first = results.get(finding, (0, []))
        return {count_name: count, "ids": copy.ids(first)}

    return {
        "rows": {"read": len(copy)} | {name: remaining.get(name, 0) for name in SPLITS},
        "dropped": {problem: describe(problem) for problem in problems},
        "removed_between_splits": {pair: describe(pair, "removed") for pair in rules.LEAK_PAIRS},
        "duplicates_within": {name: duplicates.get(name, 0) for name in SPLITS},
        "conflicting_targets": describe("conflicting_targets"),
    }


def count_findings(report: dict[str, Any]) -> dict[str, int]:
    """Return the report's counts of problems, by a name that says what was done about them."""
    counts = {
        f"dropped: {reason.replace('_', ' ')}": dropped["rows"]
        for reason, dropped in report["dropped"].items()
    }
    counts |= {
        f"removed from {pair.replace('_in_', ', also in ')}": removed["removed"]
        for pair, removed in report["removed_between_splits"].items()
    }
    counts["kept: duplicates within a split"] = sum(report["duplicates_within"].values())
    counts["kept: equal input, other target"] = report["conflicting_targets"]["rows"]
    counts["filled: fewer fields than columns"] = sum(f["short_rows"] for f in report["files"])
    counts["truncated"] = sum(report["truncated"].values())
    if report["missing_values"] is not None:
        filled = report["missing_values"].values()
        counts["kept: missing values filled"] = sum(count["rows"] for count in filled)
    if "static" in report:
        values = [count for split in report["static"].values() for count in split.values()]
        counts["kept: static values missing"] = sum(count["missing"] for count in values)
        counts["kept: static categories new"] = sum(count.get("new", 0) for count in values)
    if report["steps"] is not None:
        counts["kept: gaps between steps"] = report["steps"]["series_with_gaps"]
    return counts
