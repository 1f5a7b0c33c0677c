"""Sentences on what was found in the steps of files."""

from collections.abc import Mapping

from conveyor.data.windows.read import ReadSteps
from conveyor.tasks.forecasting.options import ForecastSpec, ForecastTarget


def say_findings(
    read: ReadSteps, counts: Mapping[str, int], target: ForecastTarget | ForecastSpec
) -> list[str]:
    """Return a sentence for each kind of finding.

    Args:
        counts: of the grid, or the sums of several, see `grid.Grid`.
    """
    return say_counted({
        f"{read.missing_time} rows have no time, and are left out": read.missing_time,
        f"{read.empty_cells} cells of the wide table are empty, and no steps": read.empty_cells,
        f"{read.not_finite} infinite values count as missing": read.not_finite,
        f"{read.unsorted} rows are earlier than a row before them; they are sorted": read.unsorted,
        f"{counts['duplicate_steps']} rows have the time of another row of their series; "
        f"dataset.target.duplicates is {target.duplicates}": counts["duplicate_steps"],
        f"{counts['missing_steps']} steps are missing in {counts['gaps']} gaps of "
        f"{counts['series_with_gaps']} series; dataset.target.gaps is {target.gaps}":
            counts["gaps"],
    })  # fmt: skip


def say_counted(sentences: Mapping[str, int]) -> list[str]:
    """Return the sentences whose number is not 0."""
    return [sentence for sentence, count in sentences.items() if count]
