"""Parts of the page of a run: tables that the stages wrote, and the plots of an evaluation."""

from pathlib import Path

import pytest

from conveyor.report.figures import draw_baselines
from conveyor.report.markdown import to_html


@pytest.mark.parametrize(
    ("cell", "is_whole"),
    [
        ("-0.0063", True),
        ("-4.105e-12", True),
        ("**1,234.5**", True),
        ("0.3049 to 0.5120", True),
        ("12%", True),
        ("median", False),
        ("3 of 4 rows", False),
        ("2024-06-01", False),
        ("", False),
    ],
)
def test_no_line_ends_within_a_number_of_a_table(cell: str, is_whole: bool) -> None:
    page = to_html(f"| model |\n| --- |\n| {cell} |\n", Path("reports"), Path("index.html"))
    assert page.count('<td class="whole">') == is_whole


def test_a_long_name_of_a_metric_stands_where_it_has_room() -> None:
    name = "mean absolute error in standard deviations"
    plot = draw_baselines(
        {"baselines": {"median": 0.8}, "value": 0.5, "interval": (0.4, 0.6), "title": name,
         "better": "lower"}
    )  # fmt: skip
    assert plot["title"] == f"{name} on the test rows (lower is better)"
    assert plot["layout"]["xaxis"]["title"]["text"] == ""
