"""The rules by which rows are removed or reported, each a query over the tables of a database.

`rows` has all rows, `usable` those without a problem, `assigned` the split of each of these. A row
that a rule removes is in `findings`; all others of `assigned` are `remaining`.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from conveyor.config.dataset import Checks
from conveyor.data.database import Database
from conveyor.data.store import SPLITS
from conveyor.errors import DataError

# What the reader finds in a row, and `NOT_ACCEPTED`. An input is missing if it is null; it is empty
# if it is a blank text or a series without a step.
PROBLEMS = ("missing_input", "empty_input", "missing_values", "not_finite", "missing_target",
            "unknown_target", "rare_target")  # fmt: skip
LEAK_PAIRS = ("train_in_test", "train_in_validation", "validation_in_test")

# A digest stands for the input of a row: equal ones are those of equal inputs only.
ROWS = """
    CREATE TABLE rows AS
    SELECT * EXCLUDE (id, raw, content), md5_number(content) AS digest FROM source"""
# A key is a target that a usable row has; its code is its place among the sorted ones.
KEYS = """
    CREATE TABLE keys AS
    SELECT target AS key, count(*) AS rows,
        (row_number() OVER (ORDER BY target) - 1)::INTEGER AS code
    FROM rows WHERE problem IS NULL GROUP BY target"""
USABLE = """
    CREATE VIEW usable AS
    SELECT * FROM rows JOIN keys ON target = key WHERE problem IS NULL"""
# Of 10 million rows, DELETE would need more memory than all other queries.
REMAINING = """
    CREATE VIEW remaining AS SELECT * FROM assigned ANTI JOIN findings USING (row)"""
# The reader says what is wrong with a row.
UNUSABLE = "SELECT row, problem AS finding FROM rows WHERE problem IS NOT NULL"
# No model can predict a target that no training row has, or that is left out as too rare.
NOT_ACCEPTED = "SELECT row, ? AS finding FROM remaining SEMI JOIN not_accepted USING (code)"
# Rows whose input another row has too, with the last split that has it.
COPIES = """
    CREATE TABLE copies AS
    SELECT row, split, code, digest, max(split) OVER (PARTITION BY digest) AS last_split
    FROM rows JOIN remaining USING (row) SEMI JOIN
        (SELECT digest FROM rows GROUP BY digest HAVING count(*) > 1) USING (digest)"""
# A model must not be trained or chosen on what it is tested on. Test rows stay, so that published
# splits remain comparable.
LEAKS = """
    SELECT row, split || '_in_' || last_split AS finding FROM copies WHERE split < last_split"""
# No model can predict all of several rows of equal input and different target.
CONFLICTS = """
    SELECT row, 'conflicting_targets' AS finding FROM copies
    WHERE split = last_split AND digest IN (
        SELECT digest FROM copies WHERE split = last_split
        GROUP BY digest HAVING min(code) < max(code))"""
DUPLICATES = """
    SELECT split, count(*) - count(DISTINCT digest) FROM copies
    WHERE split = last_split GROUP BY split"""


def read_keys(database: Database, key_type: pa.DataType) -> tuple[pa.Array, NDArray[np.int64]]:
    """Make `keys`, `usable` and `findings` of `rows`, and return the keys and the rows of each."""
    for query in (KEYS, USABLE, f"CREATE TABLE findings AS {UNUSABLE}"):
        database.execute(query)
    keys = database.sql("SELECT key, rows FROM keys ORDER BY code").to_arrow_table()
    return keys["key"].combine_chunks().cast(key_type), keys["rows"].to_numpy()


def count_keys(database: Database, keys: int) -> dict[str, NDArray[np.int64]]:
    """Return by split the number of rows of each key, (keys,)."""
    counts = {name: np.zeros(keys, np.int64) for name in SPLITS}
    query = "SELECT split, code, count(*) FROM remaining GROUP BY split, code"
    for split, code, rows in database.execute(query).fetchall():
        counts[split][code] = rows
    return counts


def remove_targets(database: Database, accepted: NDArray[np.bool_], problem: str) -> None:
    """Remove the rows of keys that are not accepted.

    Args:
        accepted: by key, (keys,).
        problem: of PROBLEMS, that such a row has.
    """
    database.register("not_accepted", pa.table({"code": np.flatnonzero(~accepted)}))
    database.execute(f"INSERT INTO findings {NOT_ACCEPTED}", [problem])


def remove_leaks(database: Database) -> None:
    """Remove rows whose input is in a later split too."""
    database.execute(COPIES)
    database.execute(f"INSERT INTO findings {LEAKS}")


def require_usable(checks: Checks, report: dict[str, Any]) -> None:
    """Raise a DataError if too many of the rows that were read are dropped."""
    rows = report["rows"]["read"]
    dropped = {reason: entry["rows"] for reason, entry in report["dropped"].items()}
    if sum(dropped.values()) > checks.max_dropped_share * rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count)
        hint = ""
        if dropped["missing_values"]:
            hint = (
                "Set dataset.encoding.missing to forward or mask to use rows with missing values. "
            )
        raise DataError(
            "dataset.checks.max_dropped_share: expected a share of unusable rows of at most "
            f"{checks.max_dropped_share:g}; got {sum(dropped.values())} of {rows} rows "
            f"({reasons}). {hint}Change the files, name cells that mean none in "
            "dataset.source.missing, or raise the limit."
        )
