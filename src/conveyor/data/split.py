"""Assigns each usable row to train, validation or test."""

from collections.abc import Collection
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.split import SplitRules
from conveyor.data.copy import RowCopy
from conveyor.data.database import Database, by_row, small_integer
from conveyor.data.rules import REMAINING
from conveyor.data.store import SPLITS
from conveyor.errors import DataError

Rows = NDArray[np.int64]  # numbers of rows
MAX_RESERVED = 2  # rows of a stratum left for training; a larger min_rows asks for more data

# Rows that a split may take: those that no split has taken. A part that is a split as a whole keeps
# its rows.
CANDIDATES = """
    CREATE VIEW candidates AS
    SELECT * FROM usable ANTI JOIN taken USING (row) WHERE {condition}"""
# Rows that no split takes are for training.
ASSIGNED = """
    CREATE TABLE assigned AS
    SELECT row, code, coalesce(taken.split, 'train'::split) AS split
    FROM usable LEFT JOIN taken USING (row)"""
GROUP_CODE = 'dense_rank() OVER (ORDER BY "group")'
# All but `share` can divide a group, which would leak it into training.
DIVIDED_GROUPS = """
    SELECT count(*), min("group") FROM (
        SELECT "group" FROM assigned JOIN rows USING (row) WHERE split IN (?, ?)
        GROUP BY "group" HAVING count(DISTINCT split) = 2)"""


def assign(
    rules: SplitRules,
    database: Database,
    copy: RowCopy,
    strata: NDArray[np.int32],
    min_rows: int,
) -> None:
    """Make the table `assigned` of `usable`: first the test rows, then the validation rows.

    Args:
        strata: of each key of the target, (keys,), from which `share` draws equal shares.
        min_rows: training rows that a key needs.

    Raises:
        DataError: a part that is `given` is absent, a split is empty, or a group is in two splits.
    """
    others = [f"row NOT {_between(copy.parts[name])}" for name, take in rules.takes.items()
              if take.by == "given" and name in copy.parts]  # fmt: skip
    database.execute(f"CREATE TYPE split AS ENUM {SPLITS}")
    database.execute("CREATE TABLE taken (row BIGINT, split split)")
    database.execute(CANDIDATES.format(condition=" AND ".join(["true", *others])))
    for name, take in rules.takes.items() if len(strata) else ():
        value = None
        match take.by:
            case "given":
                _require_part(name, copy.parts)
                chosen = f"SELECT row FROM usable WHERE row {_between(copy.parts[name])}"
            case "column":
                chosen = f"SELECT row FROM candidates WHERE {name} = $value"
                value = {"value": take.value}
            case "order":
                [(count,)] = database.execute("SELECT count(*) FROM candidates").fetchall()
                last = round(take.share * count)
                chosen = f"SELECT row FROM candidates ORDER BY row DESC LIMIT {last}"
            case "time":
                chosen = f"SELECT row FROM candidates WHERE {name} >= $value"
                value = {"value": _find_oldest(name, take.share, database)}
            case "share":
                arguments = take.share, rules.seed, database, len(copy), strata
                if rules.group is None:
                    drawn = _draw_stratified(*arguments, reserved=min(min_rows, MAX_RESERVED))
                else:
                    drawn = _draw_groups(*arguments)
                database.register("drawn", pa.table({"row": drawn}))
                chosen = "SELECT row FROM drawn"
            case _:
                raise DataError(f"dataset.split.{name}.by: got {take.by}, which cuts windows only.")
        database.execute(f"INSERT INTO taken SELECT row, '{name}' FROM ({chosen})", value)
    database.execute(ASSIGNED)
    database.execute(REMAINING)
    if len(strata):  # else the checks report what is wrong with the rows
        _require_rows(database)
    if rules.group is not None:
        _require_whole_groups(database)


def _draw_stratified(
    share: float,
    seed: int,
    database: Database,
    rows: int,
    strata: NDArray[np.int32],
    *,
    reserved: int,
) -> Rows:
    """Draw a share of each stratum, in their order, and of a small one at least one row. Before
    that, it keeps the rows that training needs: of three rows, the test part gets one, and then the
    validation part none.

    Args:
        reserved: rows of a stratum that training needs.
    """
    draw, chosen = np.random.default_rng(seed), []
    stratum_of_row = _strata_of_candidates(database, rows, strata)  # (rows,)
    for stratum in np.unique(strata):
        members = np.flatnonzero(stratum_of_row == stratum)
        draw.shuffle(members)
        count = min(max(round(share * len(members)), 1), max(len(members) - reserved, 0))
        chosen.append(members[:count].copy())  # a view would keep all members in memory
    return np.concatenate(chosen)


def _draw_groups(
    share: float, seed: int, database: Database, rows: int, strata: NDArray[np.int32]
) -> Rows:
    """Draw whole groups with scikit-learn."""
    # Few data sets have groups, and the import takes a second.
    from sklearn.model_selection import StratifiedGroupKFold

    stratum_of_row = _strata_of_candidates(database, rows, strata)  # (rows,)
    candidates = np.flatnonzero(stratum_of_row >= 0)
    groups = by_row(database, GROUP_CODE, "candidates", rows, np.int32)[candidates]
    folds, count = max(2, round(1 / share)), len(np.unique(groups))
    if count < folds:
        raise DataError(
            f"dataset.split: expected at least {folds} groups for a share of {share:g}; got "
            f"{count}. Change the share, or dataset.split.group."
        )
    folding = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    places = np.zeros(len(candidates))
    _, positions = next(iter(folding.split(places, stratum_of_row[candidates], groups)))
    return candidates[positions]


def _find_oldest(name: str, share: float, database: Database) -> float:
    """Return the time from which on rows are of a part: that with which it comes nearest to its
    share, and leaves rows. The column `name` holds the times."""
    query = f"""
        SELECT {name} FROM (
            SELECT {name}, sum(count(*)) OVER (ORDER BY {name} DESC) AS rows,
                sum(count(*)) OVER () AS total
            FROM candidates GROUP BY {name})
        WHERE rows < total ORDER BY abs(rows - ? * total), {name} DESC LIMIT 1"""
    cut = database.execute(query, [share]).fetchone()
    if cut is None:
        raise DataError(
            f"dataset.split.{name}.column: expected rows of at least two times; got one time. "
            "Choose another column, or split by share."
        )
    return cut[0]


def _strata_of_candidates(
    database: Database, rows: int, strata: NDArray[np.int32]
) -> NDArray[np.signedinteger]:
    """Return the stratum of each row, (rows,); -1 for rows that are no candidates."""
    codes = by_row(database, "code", "candidates", rows, small_integer(len(strata)))
    return np.append(strata, -1).astype(small_integer(int(strata.max())))[codes]


def _between(rows: range) -> str:
    return f"BETWEEN {rows.start} AND {rows.stop - 1}"


def _require_part(name: str, parts: Collection[str]) -> None:
    if name not in parts:
        raise DataError(
            f"dataset.split.{name}: expected a part {name!r} in dataset.source.files, since `by` "
            f"is 'given'; got {', '.join(sorted(parts))}. Add the part, or change `by`."
        )


def _require_rows(database: Database) -> None:
    """Raise a DataError if a split is empty."""
    filled = database.execute("SELECT DISTINCT split FROM assigned").fetchall()
    for name in SPLITS:
        if (name,) not in filled:
            raise DataError(
                f"the {name} split: expected rows; got none. Change dataset.split or "
                "dataset.source.files; a share leaves each class the training rows of "
                "dataset.checks.min_rows."
            )


def _require_whole_groups(database: Database) -> None:
    """Raise a DataError if a group is in two splits."""
    for earlier, later in combinations(SPLITS, 2):
        [(count, group)] = database.execute(DIVIDED_GROUPS, [earlier, later]).fetchall()
        if count:
            raise DataError(
                f"dataset.split.group: expected each group in one split; got {count} groups "
                f"(such as {group!r}) with rows in both {earlier} and {later}. Split by share, or "
                "by a column that has one value for each group."
            )
