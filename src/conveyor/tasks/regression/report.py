"""What the report of a regression has beside metrics: targets, slices, errors, plots."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.escape import plot_data_text
from conveyor.pages import load_templates
from conveyor.tasks.regression import plots
from conveyor.tasks.regression.metrics import COLUMN_METRICS, NumericPredictions
from conveyor.tasks.regression.options import RegressionReport, RegressionSpec
from conveyor.tasks.regression.strata import slice_by_target
from conveyor.tasks.values import ScoredRows

SLICE_METRICS = ("mae", "rmse", "coverage")


def _format_number(value: float | None) -> str:
    """Format a metric that may not be defined."""
    return "" if value is None else f"{value:.4g}"


PAGES = load_templates(__file__, number=_format_number)


class Report:
    """See `conveyor.tasks.facets.Report`."""

    def __init__(self, spec: RegressionSpec) -> None:
        self._spec, self._columns = spec, spec.columns

    def details(self, test: ScoredRows, worst_rows: int) -> dict[str, Any]:
        """Return `per_target`, each metric of each target; `slices_by_target`, the metrics of the
        quarters of the rows by each target; `interval`, the share of rows that it promises to
        hold; and `worst`, the rows of the largest error in standard deviations, the largest first.
        """
        quantiles = self._spec.quantiles
        return {
            "per_target": self._score_columns(self._pair(test)),
            "slices_by_target": self._score_slices(test),
            "interval": None if quantiles is None else quantiles[-1] - quantiles[0],
            "worst": self._list_worst(test, worst_rows),
        }

    def section(self, details: dict[str, Any]) -> str:
        """Return the details as Markdown, with the plots of `draw`."""
        defined = {name for scores in details["per_target"].values() for name in scores}
        metrics = [name for name in COLUMN_METRICS if name in defined]
        titles = {name: COLUMN_METRICS[name].title for name in metrics}
        slice_metrics = [name for name in SLICE_METRICS if name in defined]
        return PAGES.get_template("details.md").render(
            details, metrics=metrics, titles=titles, slice_metrics=slice_metrics
        )

    def draw(self, test: ScoredRows, options: RegressionReport, folder: Path) -> None:
        """Write the plots, and predicted and true numbers as CSV, from which `dvc plots` compares
        experiments."""
        count = min(len(test.ids), options.max_points)
        drawn = np.linspace(0, len(test.ids) - 1, count).round().astype(int)
        predictions, outputs = self._pair(test), self._pair(test).outputs
        true, predicted = predictions.targets[drawn], predictions.predicted[drawn]
        bounds = None if outputs.quantiles is None else (outputs.low[drawn], outputs.high[drawn])
        plots.plot_predictions(true, predicted, bounds, self._columns, folder / "predicted.png")
        plots.plot_residuals(true, predicted, self._columns, folder / "residuals.png")
        points = [
            [plot_data_text(name), *(f"{number:.6g}" for number in pair)]
            for column, name in enumerate(self._columns)
            for pair in zip(true[:, column], predicted[:, column], strict=True)
        ]
        files.write_csv(folder / "predicted.csv", ["column", "true", "predicted"], points)
        errors = predictions.row_errors
        plots.plot_errors_by_length(test.lengths[drawn], errors[drawn], folder / "errors.png")

    def predictions(self, test: ScoredRows) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of predictions.csv: `target`, `predicted` and, of quantiles,
        `low` and `high`; with several targets, of each target, such as `predicted NAME`."""
        pair = self._pair(test)
        fields = {"target": pair.targets, "predicted": pair.predicted}
        if pair.outputs.quantiles is not None:
            fields |= {"low": pair.outputs.low, "high": pair.outputs.high}
        single = len(self._columns) == 1
        header = [f if single else f"{f} {name}" for name in self._columns for f in fields]
        numbers = np.stack(list(fields.values()), axis=2).reshape(len(test.ids), -1)
        cells = [[f"{number:.9g}" for number in row] for row in numbers]
        table = [[row_id, *row] for row_id, row in zip(test.ids, cells, strict=True)]
        return ["id", *header], table

    def _pair(self, test: ScoredRows) -> NumericPredictions:
        return NumericPredictions(test.targets, test.outputs, self._spec)

    def _score_columns(self, predictions: NumericPredictions) -> dict[str, dict[str, float]]:
        """Return the metrics of each target, without those that are not defined."""
        scores: dict[str, dict[str, float]] = {name: {} for name in self._columns}
        for metric, (_, function, _) in COLUMN_METRICS.items():
            for name, value in zip(self._columns, function(predictions).tolist(), strict=True):
                if np.isfinite(value):
                    scores[name][metric] = value
        return scores

    def _score_slices(self, test: ScoredRows) -> list[dict[str, Any]]:
        slices = []
        for position, name in enumerate(self._columns):
            for title, rows in slice_by_target(test.targets[:, [position]], [name]):
                predictions = NumericPredictions(test.targets[rows], test.outputs[rows], self._spec)
                scores = self._score_columns(predictions)[name]
                slices.append({"slice": title, "rows": int(rows.sum()), **scores})
        return slices

    def _list_worst(self, test: ScoredRows, count: int) -> list[dict[str, Any]]:
        """The row itself is listed where it is a text."""
        predictions = self._pair(test)
        errors = predictions.row_errors
        worst = np.argsort(-errors, kind="stable")[:count]
        return [
            {
                "id": test.ids[row],
                "target": self._by_column(predictions.targets[row]),
                "predicted": self._by_column(predictions.predicted[row]),
                "error": round(float(errors[row]), 6),
                "length": int(test.lengths[row]),
                "row": test.text(row),
            }
            for row in worst.tolist()
        ]

    def _by_column(self, numbers: NDArray[np.floating]) -> dict[str, float]:
        return dict(zip(self._columns, numbers.tolist(), strict=True))
