"""A query becomes one file: its types, its order, and what each refusal says. Real databases."""

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from postgres import temporary_server
from sqlalchemy import create_engine, text

from conveyor.config.dataset import Engine
from conveyor.config.source import Source
from conveyor.errors import DataError, InputError
from conveyor.fetch import server as sql_server
from conveyor.fetch.fetch import FetchResult, fetch
from conveyor.fetch.spool import Spool

ENGINE = Engine(threads=1, memory="80MB")
FILE = "data/raw/rows.parquet"
ROWS = [(i % 7, f"word {i}", i / 4) for i in range(3000)]


def source(url: str, query: str = "SELECT * FROM rows") -> Source:
    return Source.model_validate({
        "format": "parquet", "files": {"all": FILE}, "hub": None, "revision": None, "header": None,
        "delimiter": "auto", "quote": '"', "encoding": "auto", "compression": "auto",
        "decimal": ".", "missing": [], "sheet": None,
        "sql": {"url": url, "queries": {"all": query}},
    })  # fmt: skip


def run(folder: Path, url: str, query: str = "SELECT * FROM rows") -> FetchResult:
    (result,) = fetch(source(url, query), ENGINE, folder, folder / "scratch")
    assert list((folder / "scratch").glob("fetch*")) == []
    return result


def table(folder: Path) -> pa.Table:
    return pq.read_table(folder / FILE)


def sqlite(path: Path, create: str, rows: list[Any], name: str = "rows") -> str:
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE {name} ({create})")
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with temporary_server() as url:
        yield url


@pytest.mark.parametrize("database", ["sqlite", "duckdb"])
def test_equal_rows_give_equal_bytes_in_whatever_order_they_lie(
    tmp_path: Path, database: str
) -> None:
    contents = []
    expected = ROWS if database == "sqlite" else ROWS[:300]  # DuckDB inserts row by row
    for order in range(2):
        folder = tmp_path / str(order)
        folder.mkdir()
        rows = random.Random(order).sample(expected, len(expected))
        if database == "sqlite":
            url = sqlite(folder / "a.db", "number INT, word TEXT, share REAL", rows)
        else:
            url = f"duckdb:///{folder / 'a.duckdb'}"
            with duckdb.connect(str(folder / "a.duckdb")) as writer:
                writer.execute("CREATE TABLE rows (number BIGINT, word VARCHAR, share DOUBLE)")
                writer.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
        result = run(folder, url)
        contents.append((folder / FILE).read_bytes())
        assert result.changed
        assert not run(folder, url).changed
        assert table(folder).to_pylist() == [
            dict(zip(("number", "word", "share"), row, strict=True)) for row in sorted(expected)
        ]
    assert contents[0] == contents[1]


def test_zero_and_minus_zero_have_an_order(tmp_path: Path) -> None:
    contents = []
    for order in ([0.0, -0.0] * 9, [-0.0, 0.0] * 9):
        values = ", ".join(f"({value}::DOUBLE)" for value in order)
        run(tmp_path, "duckdb://", f"SELECT * FROM (VALUES {values}) AS t(x)")
        contents.append((tmp_path / FILE).read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2.5], pa.float64(), [1.0, 2.5]),
        ([None] * 1500 + ["late"], pa.string(), ["late"] + [None] * 1500),
        ([2] * 1500 + ["one"], pa.string(), ["2"] * 1500 + ["one"]),
        ([None, None], pa.string(), [None, None]),
        ([b"ab", None], pa.binary(), [b"ab", None]),
        ([7, 2**62], pa.int64(), [7, 2**62]),
    ],
    ids=["fractions later", "text later", "mixed", "empty", "bytes", "large"],
)
def test_a_column_has_the_type_that_holds_all_of_its_values(
    tmp_path: Path, values: list[Any], kind: pa.DataType, expected: list[Any]
) -> None:
    run(tmp_path, sqlite(tmp_path / "a.db", "x", [(value,) for value in values]))
    column = table(tmp_path).column("x")
    assert (column.type, column.to_pylist()) == (kind, expected)


POSTGRES_ROW = """
    SELECT 1::smallint AS small, 1.50::numeric(6, 2) AS amount, true AS yes, 'ä'::text AS word,
        '2024-05-01'::date AS day, '2024-05-01 10:00+02'::timestamptz AS instant,
        '2024-05-01 10:00'::timestamp AS clock, ARRAY[[1.5, 2], [3, 4]]::float8[] AS series,
        '{"b": 1, "a": [2]}'::jsonb AS more, '\\x6162'::bytea AS raw,
        '7f3c8f2e-0000-4000-8000-000000000000'::uuid AS id
    WHERE 'a%b' LIKE 'a\\%%' AND 'x :y' <> ''
"""


def test_postgres_keeps_types_and_takes_its_password_from_the_environment(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "p@ss/word:%")
    for url in (postgres.replace("conveyor@", "conveyor:$DB_PASSWORD@"), "$DATABASE_URL"):
        monkeypatch.setenv("DATABASE_URL", postgres)
        run(tmp_path, url, POSTGRES_ROW)
        (row,) = table(tmp_path).to_pylist()
        assert row == {
            "small": 1, "amount": Decimal("1.50"), "yes": True, "word": "ä",
            "day": date(2024, 5, 1), "instant": datetime(2024, 5, 1, 8, tzinfo=UTC),
            "clock": datetime(2024, 5, 1, 10), "series": [[1.5, 2.0], [3.0, 4.0]],
            "more": '{"a": [2], "b": 1}', "raw": b"ab",
            "id": "7f3c8f2e-0000-4000-8000-000000000000",
        }  # fmt: skip
        (tmp_path / FILE).unlink()


def test_a_query_on_postgres_changes_nothing(tmp_path: Path, postgres: str) -> None:
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT generate_series(1, 3) AS x"))
    with pytest.raises(DataError, match="query that the database can run"):
        run(tmp_path, postgres, "DELETE FROM kept RETURNING x")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM kept")).scalar() == 3
    engine.dispose()


def test_what_a_server_says_is_shown_without_a_secret(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    with pytest.raises(InputError, match=r'"\$SECRET" does not exist') as refusal:
        run(tmp_path, postgres.replace("/postgres", "/$SECRET"))
    assert "hunter2" not in str(refusal.value)


def test_a_server_sends_its_rows_one_batch_after_another(tmp_path: Path, postgres: str) -> None:
    run(tmp_path, postgres, "SELECT count(*) AS cursors FROM pg_cursors")
    assert table(tmp_path).to_pylist() == [{"cursors": 1}]


def test_times_of_different_offsets_are_one_column(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ["time"])
    for hours in (1, 2):  # as before and after summer time begins
        zone = timezone(timedelta(hours=hours))
        spool.add([(datetime(2024, 3, 31, 12, tzinfo=zone),)])
    spool.close()
    times = pa.Table.from_batches(spool.read()).column("time").to_pylist()
    assert times == [datetime(2024, 3, 31, hour, tzinfo=UTC) for hour in (11, 10)]


def test_rows_of_a_server_are_read_in_batches(tmp_path: Path, postgres: str) -> None:
    with sql_server.connect(postgres) as connection:
        query = "SELECT generate_series(1, 2500) AS x"
        names, batches = sql_server.stream(connection, query, postgres, "query")
        assert names == ["x"]
        assert [len(batch) for batch in batches] == [1000, 1000, 500]


REFUSALS = {
    "no table": ("{lite}", "SELECT * FROM nowhere", "query that the database can run; got no such"),
    "syntax": ("{lite}", "SELEC 1", "queries.all: expected a query.*syntax error"),
    "no rows": ("{lite}", "SELECT * FROM rows WHERE x > 9", "expected rows; got none"),
    "no select": ("{lite}", "DELETE FROM rows", "expected a query that returns rows"),
    "two names": ("{lite}", "SELECT x, x FROM rows", "different names; got x more than once"),
    "no file": ("sqlite:///{folder}/none.db", "SELECT 1", "expected an SQLite file; got none at"),
    "no secret file": ("sqlite:///{folder}/$SECRET", "SELECT 1", r"got none at .*/\$SECRET"),
    "no secret duck": ("duckdb:///{folder}/$SECRET", "SELECT 1", r"got none at .*/\$SECRET"),
    "no duck": ("duckdb:///{folder}/none.db", "SELECT 1", "expected a DuckDB file; got none at"),
    "not a duck": ("duckdb:///{folder}/text.txt", "SELECT 1", "cannot open .*text.txt"),
    "duck syntax": ("duckdb://", "SELEC 1", "query that the database can run; got Parser Error"),
    "duck names": ("duckdb://", "SELECT 1 AS a, 2 AS a", "different names; got a more than once"),
    "duck at work": ("duckdb://", "SELECT 'a'::INT", "can run; got Conversion Error"),
    "dialect": ("nosuch://host/db", "SELECT 1", "expected a database that SQLAlchemy knows"),
    "no URL": ("rows.db", "SELECT 1", "expected a URL such as"),
    "driver": ("mysql+pymysql://u:$SECRET@host/db", "SELECT 1",
               r"needs the package pymysql, which is not installed. Run: uv pip install pymysql"),
    "variable": ("postgresql://u:$UNSET_VARIABLE@host/db", "SELECT 1",
                 "the environment variable UNSET_VARIABLE is not set"),
    "closed": ("postgresql://u:$SECRET@127.0.0.1:1/db", "SELECT 1", "cannot open postgresql://u:"),
    "whole URL": ("$WHOLE", "SELECT 1", r"cannot open \$WHOLE"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_what_to_change_and_leaves_the_file(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("WHOLE", "postgresql://u:hunter2@127.0.0.1:1/hunter2")
    (tmp_path / "text.txt").write_text("no database" * 2000)
    lite = sqlite(tmp_path / "a.db", "x INT", [(1,)])
    run(tmp_path, lite)
    before = (tmp_path / FILE).read_bytes()
    url, query, message = REFUSALS[case]
    with pytest.raises(InputError, match=message) as refusal:
        run(tmp_path, url.format(lite=lite, folder=tmp_path), query)
    assert "hunter2" not in str(refusal.value)
    assert (tmp_path / FILE).read_bytes() == before
    assert not (tmp_path / "none.db").exists()


def test_no_file_is_replaced_unless_all_queries_succeed(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "a.db", "x INT", [(1,)])
    values = source(url).model_dump()
    parts = ("train", "test")
    values["files"] = {part: f"data/raw/{part}.parquet" for part in parts}
    values["sql"]["queries"] = {"train": "SELECT * FROM rows", "test": "SELECT * FROM nowhere"}
    with pytest.raises(DataError, match=r"queries\.test: "):
        fetch(Source.model_validate(values), ENGINE, tmp_path, tmp_path / "scratch")
    assert not (tmp_path / "data").exists()
