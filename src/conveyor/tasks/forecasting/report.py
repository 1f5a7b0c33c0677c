"""What the report of a forecast has beside metrics: steps, columns, series, fans."""

from pathlib import Path
from typing import Any

import numpy as np

from conveyor import files
from conveyor.pages import load_templates
from conveyor.raw_row import sequence_of
from conveyor.tasks.forecasting import plots
from conveyor.tasks.forecasting.comparison import field_name
from conveyor.tasks.forecasting.metrics import METRICS, PairedForecasts
from conveyor.tasks.forecasting.options import ForecastReport, ForecastSpec
from conveyor.tasks.forecasting.outputs import Forecasts
from conveyor.tasks.values import ScoredRows

STEP_METRICS = ("mae", "rmse", "scaled_mae", "mase", "coverage")
PAST = 2  # horizons of the context that a fan shows
MAX_SERIES = 1000  # that report.json lists


def _format_number(value: float | None) -> str:
    """Format a metric that may not be defined."""
    return "" if value is None else f"{value:.4g}"


PAGES = load_templates(__file__, number=_format_number)


class Report:
    """See `conveyor.tasks.facets.Report`."""

    def __init__(self, spec: ForecastSpec) -> None:
        self._spec = spec

    def details(self, test: ScoredRows, worst_rows: int) -> dict[str, Any]:
        """Return the metrics `by_step` of the horizon, `by_column` and by series (`worst_series`,
        the largest error first); `series`, their number; `interval`, the share that it promises to
        hold; and `worst`, the origins of the largest error."""
        pair = self._pair(test)
        quantiles = self._spec.quantiles
        by_series = self._score_series(pair, test)
        return {
            "by_step": self._score_steps(pair),
            "by_column": self._score_columns(pair),
            "series": len(by_series),
            "worst_series": by_series[:MAX_SERIES],
            "interval": None if quantiles is None else quantiles[-1] - quantiles[0],
            "worst": self._list_worst(pair, test, worst_rows),
        }

    def section(self, details: dict[str, Any]) -> str:
        """Return the details as Markdown, with the plots of `draw`."""
        return PAGES.get_template("details.md").render(
            details, step_metrics=STEP_METRICS, column_metrics=STEP_METRICS,
            titles={name: METRICS[name].title for name in STEP_METRICS},
        )  # fmt: skip

    def draw(self, test: ScoredRows, options: ForecastReport, folder: Path) -> None:
        """Write the plots, and the errors by step as CSV, from which `dvc plots` compares
        experiments."""
        pair, quantiles = self._pair(test), self._spec.quantiles
        by_step = self._score_steps(pair)
        promised = None if quantiles is None else quantiles[-1] - quantiles[0]
        plots.plot_steps(by_step, promised, folder / "steps.png")
        rows = [[score["step"], f"{score['scaled_mae']:.6g}"] for score in by_step]
        files.write_csv(folder / "steps.csv", ["step", "scaled_mae"], rows)
        count = min(options.fans, len(test.ids))
        drawn = np.linspace(0, len(test.ids) - 1, count).round().astype(int)
        context, horizon = self._spec.context, self._spec.horizon
        columns = len(self._spec.columns)
        before = [
            np.asarray(sequence_of(test.raw[int(row)]))[
                max(0, context - PAST * horizon) : context, :columns
            ]
            for row in drawn
        ]
        fans = Forecasts(test.outputs[drawn], self._spec)
        titles = [test.ids[row] for row in drawn]
        values = pair.values[drawn]
        plots.plot_fans(before, values, fans, titles, self._spec.columns, folder / "fans.png")
        by_series = self._score_series(pair, test)
        if len(by_series) > 1:
            plots.plot_series(by_series[: options.series], folder / "series.png")

    def predictions(self, test: ScoredRows) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of predictions.csv: an origin a row, with `target 1`, `predicted
        1` and, of quantiles, `low 1` and `high 1` for each step; with several columns, of each
        column, such as `predicted NAME 1`."""
        pair = self._pair(test)
        fields = {"target": pair.values, "predicted": pair.forecasts.point}
        if self._spec.quantiles is not None:
            fields |= {"low": pair.forecasts.low, "high": pair.forecasts.high}
        columns, horizon = self._spec.columns, self._spec.horizon
        header = [
            field_name(field, name, step, len(columns))
            for field in fields for name in columns for step in range(horizon)
        ]  # fmt: skip
        numbers = np.stack(list(fields.values()), axis=1).reshape(len(test.ids), -1)
        cells = [[f"{number:.9g}" for number in row] for row in numbers]
        table = [[row_id, *row] for row_id, row in zip(test.ids, cells, strict=True)]
        return ["id", *header], table

    def _pair(self, test: ScoredRows) -> PairedForecasts:
        return PairedForecasts(np.asarray(test.targets), test.outputs, self._spec)

    def _score(
        self, pair: PairedForecasts, rows: Any, columns: Any, steps: Any
    ) -> dict[str, float]:
        """Return the metrics of a part of the forecasts, without those that are not defined."""
        part = pair.part(rows, columns, steps)
        scores = {name: METRICS[name].function(part) for name in STEP_METRICS}
        return {name: score for name, score in scores.items() if np.isfinite(score)}

    def _score_steps(self, pair: PairedForecasts) -> list[dict[str, Any]]:
        whole = slice(None)
        return [
            {"step": step + 1, **self._score(pair, whole, whole, slice(step, step + 1))}
            for step in range(self._spec.horizon)
        ]

    def _score_columns(self, pair: PairedForecasts) -> dict[str, dict[str, float]]:
        whole = slice(None)
        return {
            name: self._score(pair, whole, slice(column, column + 1), whole)
            for column, name in enumerate(self._spec.columns)
        }

    def _score_series(self, pair: PairedForecasts, test: ScoredRows) -> list[dict[str, Any]]:
        """Return the metrics of each series, the largest error first."""
        numbers, whole, scores = pair.truth.series, slice(None), []
        for number in np.unique(numbers):
            rows = np.flatnonzero(numbers == number)
            name = test.ids[int(rows[0])].rpartition("@")[0]
            part = self._score(pair, rows, whole, whole)
            scores.append({"series": name, "rows": len(rows), **part})
        return sorted(scores, key=lambda score: -score["scaled_mae"])

    def _list_worst(
        self, pair: PairedForecasts, test: ScoredRows, count: int
    ) -> list[dict[str, Any]]:
        errors = pair.row_errors
        worst = np.argsort(-errors, kind="stable")[:count]
        return [{"id": test.ids[row], "error": round(float(errors[row]), 6)}
                for row in worst.tolist()]  # fmt: skip
