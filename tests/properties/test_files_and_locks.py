"""The store, the locks and the configuration, for any content and any order of calls."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from conveyor.compose import compose
from conveyor.config import Config, ConfigError, overlay
from conveyor.data.store import SPLITS, Prepared
from conveyor.encoding.characters import is_blank
from conveyor.errors import DataError
from conveyor.paths import Paths
from conveyor.sweep.locks import FileLocks
from tests.data.making import TEXT, prepared

ROOT = Path(__file__).parents[2]
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries({"text": st.none() | WORDS, "label": st.sampled_from(["a", "b", " a "])}),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(max_examples=25)
@given(ROWS)
def test_each_row_is_in_the_store_or_in_the_report(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    good = [{"text": f"row {i}", "label": "ab"[i % 2]} for i in range(12)]
    try:
        store, report = prepared(folder, [*good, *rows], TEXT, checks__max_dropped_share=1.0)
    except DataError:
        assert not (folder / "prepared").exists()
        return
    require_whole(store, report, [*good, *rows])


def require_whole(store: Prepared, report: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    stored = [str(row) for name in SPLITS for row in store.split(name).rows]
    gone = sum(entry["rows"] for entry in report["dropped"].values())
    removed = sum(entry["removed"] for entry in report["removed_between_splits"].values())
    assert len(stored) + gone + removed == len(rows) == report["rows"]["read"]
    texts = [row["text"] for row in rows if row["text"] is not None]
    assert set(stored) <= set(texts)
    assert not any(is_blank(text, unescape_html=False) for text in stored)
    assert report["dropped"]["missing_input"]["rows"] == sum(row["text"] is None for row in rows)
    splits = [set(map(str, store.split(name).rows)) for name in SPLITS]
    assert not splits[0] & splits[2]
    assert not splits[1] & splits[2]


class Locks(RuleBasedStateMachine):
    """Two drivers of one study: a lock has one holder, whatever they do in whatever order."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.drivers = [FileLocks(self.folder), FileLocks(self.folder)]
        self.holder: dict[str, int] = {}

    @rule(driver=st.integers(0, 1), name=st.sampled_from(["one", "two"]))
    def hold(self, driver: int, name: str) -> None:
        if self.holder.get(name) == driver:
            return
        assert self.drivers[driver].hold(name) is (name not in self.holder)
        self.holder.setdefault(name, driver)

    @precondition(lambda self: self.holder)
    @rule(driver=st.integers(0, 1))
    def release_all(self, driver: int) -> None:
        self.drivers[driver].release_all()
        self.holder = {name: other for name, other in self.holder.items() if other != driver}

    @invariant()
    def each_driver_sees_what_is_held(self) -> None:
        for driver in self.drivers:
            for name in ("one", "two"):
                assert driver.is_held(name) is (name in self.holder)

    def teardown(self) -> None:
        for driver in self.drivers:
            driver.release_all()


def test_a_lock_has_one_holder_whatever_two_drivers_do(tmp_path: Path) -> None:
    case = type("LocksHere", (Locks,), {"folder": tmp_path}).TestCase
    case.settings = settings(max_examples=15, stateful_step_count=10, deadline=None)
    case().runTest()


@pytest.fixture(scope="module")
def config() -> Config:
    return compose(Paths(ROOT))


def leaves(values: Any, path: str = "") -> list[str]:
    if not isinstance(values, dict) or not values:
        return [path]
    return [leaf for k, v in values.items() for leaf in leaves(v, f"{path}.{k}" if path else k)]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.lists(WORDS, max_size=2)
)


def lay_over(config: Config, name: str, value: Any) -> Config | str:
    """Return the changed configuration, or the message that refuses the value."""
    try:
        return overlay(config, {name: value})
    except ConfigError as error:
        return str(error)


@settings(max_examples=400)
@given(st.data())
def test_any_value_of_any_setting_is_taken_as_it_is_or_refused_by_its_name(
    config: Config, data: st.DataObject
) -> None:
    names = [name for name in leaves(config.model_dump(mode="json"))
             if not name.startswith(("choose", "sweep.space"))]  # fmt: skip
    name = data.draw(st.sampled_from(names))
    changed = lay_over(config, name, value := data.draw(VALUES))
    if isinstance(changed, str):
        assert name.partition(".")[0] in changed  # a section checks its fields together
        return
    dumped = changed.model_dump(mode="json")
    assert overlay(changed, {name: value}).model_dump(mode="json") == dumped
    json.dumps(dumped, allow_nan=False)  # no NaN and no infinity is let in
