"""Answers of one row from two programs."""

from typing import Any

import pytest


def assert_close(answers: Any, expected: Any) -> None:
    """Numbers agree to seven digits; all else is equal."""
    if isinstance(expected, dict):
        assert answers.keys() == expected.keys()
        for name, value in expected.items():
            assert_close(answers[name], value)
    elif isinstance(expected, list):
        assert len(answers) == len(expected)
        for answer, value in zip(answers, expected, strict=True):
            assert_close(answer, value)
    elif isinstance(expected, float):
        assert answers == pytest.approx(expected, rel=1e-5, abs=1e-6)
    else:
        assert answers == expected
