"""A task, and its facets.

A facet is a module of the task's folder, imported when it is asked for, so that a stage which does
not train loads no Keras, and a server no scikit-learn.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from conveyor.extensions import extend, rows_of
from conveyor.metrics import Metric, MetricTable
from conveyor.tasks.answers import Answers
from conveyor.tasks.comparison import Comparison, PairedTest
from conveyor.tasks.explained import Explained
from conveyor.tasks.facets import Baselines, Head, Report, Target
from conveyor.tasks.options import TargetSpec

TASKS = ("classification", "multilabel", "regression", "tagging", "forecasting")


class Task:
    """The task of one target, and its facets."""

    def __init__(self, spec: TargetSpec) -> None:
        self.spec = spec
        self.name: str = spec.task

    @cached_property
    def metrics(self) -> MetricTable:
        table: MetricTable = _import(self.name, "metrics").make_table(self.spec)
        return replace(table, metrics=load_metrics(self.name))

    @cached_property
    def baselines(self) -> Baselines:
        return _import(self.name, "baselines").Baselines(self.spec)

    @cached_property
    def comparison(self) -> Comparison:
        return _import(self.name, "comparison").Comparison(self.spec)

    @cached_property
    def report(self) -> Report:
        return _import(self.name, "report").Report(self.spec)

    @cached_property
    def answers(self) -> Answers:
        return _import(self.name, "answers").Answers(self.spec)

    @cached_property
    def explained(self) -> Explained:
        return _import(self.name, "explained").Explained(self.spec)

    def plot_targets(self, report: Mapping[str, Any], folder: Path) -> None:
        """Draw the targets of prepared data, from its data report."""
        _import(self.name, "data_plots").plot_targets(report, folder)

    def head(self, options: Any) -> Head:
        """Return the head, which needs Keras, with the options of the section `head`."""
        return _import(self.name, "head").Head(self.spec, options)


def load_target(options: Any, stored_names: Mapping[str, list[str]], kind: str) -> Target:
    """Return the reader of the targets that `dataset.target` describes.

    Args:
        stored_names: by column, the names of its numbers, if the source has them.
        kind: of the data set, "text" or "series".
    """
    return _import(options.task, "target").Target(options, stored_names, kind)


def load_metrics(name: str) -> Mapping[str, Metric]:
    """Return the metrics of a task by name, whatever its target; a project's own come last."""
    added = rows_of("METRICS").get(name, {})
    return extend("METRICS", _import(name, "metrics").METRICS, added)


def load_headline(name: str) -> str:
    """Return the name of a task's headline metric, whatever its target."""
    return _import(name, "metrics").HEADLINE


def load_tests(name: str) -> Mapping[str, PairedTest]:
    """Return the paired tests of a task, by name."""
    return _import(name, "comparison").Comparison.tests


def _import(task: str, facet: str) -> Any:
    return import_module(f"conveyor.tasks.{task}.{facet}")
