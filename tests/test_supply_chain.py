"""The packages underneath: their licences, what is known against them, and a list of them."""

import json
import sys
from collections.abc import Sequence
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "requirements"))
import audit  # noqa: E402
import licences  # noqa: E402


def metadata_of(**fields: str | Sequence[str]) -> Any:
    package = Message()
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            package[name.replace("_", "-")] = value
    return package


def test_the_installed_packages_have_allowed_licences_or_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert licences.main() == 0, capsys.readouterr().err
    assert set(licences.EXCEPTIONS) <= set(licences.locked_names())


@pytest.mark.parametrize(
    ("fields", "expression", "is_allowed"),
    [
        ({"License_Expression": "Apache-2.0 OR GPL-2.0-or-later"}, None, True),
        ({"License_Expression": "MPL-2.0 AND (Apache-2.0 OR MIT)"}, None, True),
        ({"License_Expression": "MIT AND GPL-3.0-only"}, None, False),
        ({"License_Expression": "AGPL-3.0-only"}, None, False),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT", True),
        ({"Classifier": ["License :: OSI Approved :: MIT License",
                         "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]},
         "MIT AND GNU General Public License v3 (GPLv3)", False),
        ({"Classifier": "License :: OSI Approved", "License": "BSD"}, "BSD-3-Clause", True),
        ({"License": "Proprietary"}, "Proprietary", False),
        ({}, "", False),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_new_and_old_metadata(
    fields: dict[str, Any], expression: str | None, is_allowed: bool
) -> None:
    read = licences.licence_of(metadata_of(**fields))
    assert read == (expression if expression is not None else fields["License_Expression"])
    assert licences.is_allowed(read) == is_allowed


SOUND = {"name": "numpy", "version": "2.3", "vulns": []}
WEAK = {"name": "old", "version": "1.0",
        "vulns": [{"id": "CVE-2020-1", "fix_versions": ["1.1"]}]}  # fmt: skip
UNKNOWN = {"name": "odd", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "code", "message"),
    [
        ([SOUND], 0, "1 packages looked up, 0 of them with known"),
        ([SOUND, WEAK], 1, "old 1.0: CVE-2020-1, mended in 1.1"),
        ([SOUND, UNKNOWN], 2, "expected an answer about 2 packages; got none about 1"),
        ([WEAK, UNKNOWN], 2, "old 1.0: CVE-2020-1"),
        (None, 2, "expected an answer from pypi.org; got ConnectionError: no route. Run"),
    ],
)
def test_no_answer_is_no_good_news(
    packages: Any, code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps({"dependencies": packages})
    answer = f"print({text!r})"
    if packages is None:
        answer = "raise SystemExit('Traceback\\nConnectionError: no route')"
    assert audit.audit(tmp_path / "belt.lock", [sys.executable, "-c", answer]) == code
    output = capsys.readouterr()
    assert message in output.out + output.err
    assert "Traceback" not in output.err
