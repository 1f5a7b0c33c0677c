"""The page of a trace in a real Chromium: it draws, loads nothing, and everybody can read it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, grave_violations

from conveyor.inspection.heat_maps import draw_layers
from conveyor.inspection.page import describe_answer, render_page
from conveyor.inspection.trace import LayerTrace, Trace, trace_row
from conveyor.serving import LoadedModel


def test_a_long_answer_ends_after_a_whole_number() -> None:
    numbers = [1.234e7 + 1e4 * place for place in range(30)]
    answer = describe_answer({"forecast": numbers, "label": "x" * 100, "step": [1, 2]})
    numbers_on_page = answer["forecast"].removesuffix(", …").split(", ")
    assert 3 < len(numbers_on_page) < 30
    assert numbers_on_page == [f"{number:.4g}" for number in numbers[: len(numbers_on_page)]]
    assert answer["label"] == "x" * 59 + "…"
    assert answer["step"] == "1, 2"


@pytest.mark.parametrize(("units", "title"), [(1, "1 unit"), (2, "2 units")])
def test_the_axis_of_a_layer_counts_its_units(units: int, title: str) -> None:
    layer = LayerTrace(1, "forward", "SimpleRNN", {"hidden state": np.zeros((3, units))})
    [[plot]] = draw_layers(Trace([[0.0]], {}, ["1", "2", "3"], [layer]))
    assert plot["layout"]["yaxis"]["title"]["text"] == title


def test_everybody_can_read_the_page_and_it_loads_nothing(
    word_product: Path, tmp_path: Path
) -> None:
    model, path = LoadedModel.load(word_product), tmp_path / "inspect.html"
    hacking = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    trace = trace_row(word_product, model, f"good {hacking} evening")
    path.write_text(render_page(trace, "0123456789ab"))
    assert path.stat().st_size < 5e6
    with chromium() as browser:
        schemes: tuple[Any, ...] = ("light", "dark")
        for scheme in schemes:
            tab = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})
            requests: list[str] = []
            tab.on("request", lambda request, seen=requests: seen.append(request.url))
            tab.goto(path.as_uri())
            tab.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
            assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [
                path.as_uri()
            ]
            plots = tab.locator(".plot")
            assert plots.count() in (3, 6, 12)
            assert tab.locator(".plot .heatmaplayer image").count() == plots.count()
            assert tab.evaluate("window.hacked") is None
            assert "[script]" in tab.locator(".plot .xaxislayer-above").first.text_content()
            assert tab.locator(".plot .yaxislayer-above .ytick").count() == 0  # no unit is named
            plots.first.hover(position={"x": 150, "y": 150})
            assert "unit" in tab.locator(".hoverlayer").first.text_content(timeout=5000)
            names = "document.querySelector('.plot').data[0].customdata"
            assert "[script]" in tab.evaluate(f"{names}[0]")
            assert tab.evaluate(f"{names}.length") == trace.layers[0].states["cell state"].shape[1]
            assert grave_violations(tab) == []
            tab.close()


RIGHT_ENDS = """(ticks) => ticks.map((tick) => tick.getBoundingClientRect().right)"""


@pytest.mark.parametrize(("width", "fewest"), [(1200, 20), (390, 8)])
def test_the_names_of_many_steps_do_not_stand_upon_each_other(
    tmp_path: Path, width: int, fewest: int
) -> None:
    steps = [f"{1 + 4 * place}…{4 + 4 * place}" for place in range(100)]
    layer = LayerTrace(1, "forward", "SimpleRNN", {"hidden state": np.zeros((100, 2))})
    path = tmp_path / "inspect.html"
    path.write_text(render_page(Trace(np.zeros((400, 1)), {}, steps, [layer]), "0123456789ab"))
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": width, "height": 844})
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-drawn]", timeout=60_000, state="attached")
        ends = tab.locator(".plot .xtick text").evaluate_all(RIGHT_ENDS)
    assert fewest <= len(ends) <= 24
    assert np.diff(ends).min() > 12
