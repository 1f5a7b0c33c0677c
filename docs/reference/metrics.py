"""Each metric with its direction, formula and source, by task."""

import inspect
import re

from conveyor.metrics import Metric
from conveyor.tasks.task import TASKS, load_headline, load_metrics

from . import table

LINE = re.compile(r"^(Formula|Source): (.+?)(?=\n\w+: |\Z)", re.MULTILINE | re.DOTALL)


def write() -> str:
    """Return a table for each task."""
    parts: list[str] = []
    for task in TASKS:
        parts.append(f"## {task}\n\nThe headline metric is `{load_headline(task)}`.\n")
        rows = [_row(name, metric) for name, metric in load_metrics(task).items()]
        parts.append(table(["metric", "better", "what it is", "formula", "source"], rows) + "\n")
    return "\n".join(parts)


def _row(name: str, metric: Metric) -> list[str]:
    text, formula, source = read_description(metric)
    return [f"`{name}`<br>{metric.title}", metric.better, text, formula, source]


def read_description(metric: Metric) -> tuple[str, str, str]:
    """Return description, formula and source, from the docstring of a metric's function.

    A metric of numbers is the mean of a function of each column, which has the docstring.

    Raises:
        ValueError: the docstring lacks one of them.
    """
    function = getattr(metric.function, "__self__", metric).function
    document = inspect.getdoc(function) or ""
    lines = {key: " ".join(value.split()) for key, value in LINE.findall(document)}
    if lines.keys() != {"Formula", "Source"}:
        raise ValueError(
            f"{function.__module__}.{function.__name__}: expected a docstring with the lines "
            f"`Formula: ...` and `Source: ...`; got {document!r}"
        )
    text = document.partition("\n\nFormula: ")[0]
    return " ".join(text.split()), lines["Formula"], lines["Source"]
