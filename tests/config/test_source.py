"""The options of `dataset.source`: their limits, and what they were called."""

from pathlib import Path

import pytest

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.paths import Paths

PROJECT = Paths(Path(__file__).parents[2])
BAD = {
    "delimiter=tab": "delimiter: expected auto or one ASCII character; got 'tab'. A tab in YAML is",
    "quote=auto": "quote: expected null or one ASCII character; got 'auto'",
    "encoding=latin-99": "encoding: expected auto, or an encoding such as latin-1; got 'latin-99'",
    "compression=lz4": "compression: expected 'auto', 'none', 'gzip', ",
    "decimal=x": "decimal: expected '.' or ','; got 'x'",
    "missing=[null]": "missing.0: expected a string or an integer or a number; got None",
    "sheet=true": "sheet: expected a string or an integer; got True",
    "+quoted=true": "quoted: there is no such setting; it is now dataset.source.quote, as in",
}


def test_all_bad_options_are_listed_with_what_they_may_be() -> None:
    with pytest.raises(ConfigError, match=r"not valid") as refusal:
        compose(PROJECT, [f"+dataset.source.{o[1:]}" if o[0] == "+" else f"dataset.source.{o}"
                          for o in BAD])  # fmt: skip
    lines = str(refusal.value)
    for message in BAD.values():
        assert f"dataset.source.{message}" in lines


def test_options_that_yaml_gives_types_are_kept() -> None:
    options = ["missing=[n/a,-999,no]", 'delimiter="|"', "sheet=2", "quote=null"]
    source = compose(PROJECT, [f"dataset.source.{option}" for option in options]).dataset.source
    assert source.missing == ["n/a", -999, "no"]
    assert (source.delimiter, source.sheet, source.quote) == ("|", 2, None)


def test_the_quotation_mark_is_no_delimiter() -> None:
    with pytest.raises(ConfigError, match=r"quote: expected another character than delimiter"):
        compose(PROJECT, ["dataset.source.delimiter='|'", "dataset.source.quote='|'"])
