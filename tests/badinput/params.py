"""The forms of a case of configuration."""

from tests.badinput.harness import ConfigCase

LEVELS = "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 10)}]\n" for i in range(1, 10))
DATASET = "choose: {}\ndataset: "


def params(what: str, text: bytes | str, expected: str, code: int = 2) -> ConfigCase:
    return ConfigCase(what, text, expected, (), code)


def dataset(what: str, text: str, expected: str, code: int = 2) -> ConfigCase:
    """A change of the data set of the default experiment."""
    return ConfigCase(what, f"choose: {{}}\ndataset: {text}\n", expected, (), code)


def argument(what: str, *arguments: str, expected: str, code: int = 2) -> ConfigCase:
    return ConfigCase(what, "choose: {}\n", expected, ("--print", *arguments), code)
