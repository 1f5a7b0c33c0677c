"""Writes reports/index.html."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from conveyor import files
from conveyor.durations import format_duration
from conveyor.errors import InputError
from conveyor.html import DIGITS, load_pages
from conveyor.html.assets import image_address, plotly_script
from conveyor.paths import Paths
from conveyor.report import artifacts, figures
from conveyor.report.belt import BeltRun, describe_belt
from conveyor.report.markdown import to_html
from conveyor.report.registered import NOTHING, list_links, read_registered
from conveyor.stage_log import describe_error

log = logging.getLogger(__name__)

T = TypeVar("T")


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 100 else format_duration(value)


PAGES = load_pages(__file__, seconds=_seconds, image=image_address)


def write(paths: Paths, belt: BeltRun) -> Path:
    """Write the page of the project as it is now, and return its path.

    What is missing is named on the page: a stage that failed, no sweep, nothing registered.
    """
    page = PAGES.get_template("index.html").render(_collect(paths, belt))
    files.write_text(paths.report, page)
    return paths.report


@contextmanager
def page_after(paths: Paths) -> Iterator[None]:
    """Write the page after the body, whatever its outcome. A page that cannot be written is a
    warning, since it must not hide the outcome."""
    began = time.time()
    try:
        yield
    finally:
        try:
            log.info("the page of this run: %s", write(paths, BeltRun(began)))
        except Exception as error:
            log.warning("the page was not written: %s", describe_error(error))


def _collect(paths: Paths, belt: BeltRun) -> dict[str, Any]:
    """Return what the template shows."""
    problems: list[str] = []

    def read(function: Callable[..., T], *arguments: Any) -> T | None:
        try:
            return function(*arguments)
        except InputError as error:
            problems.append(str(error))
            return None

    request = read(artifacts.read_request, paths)
    model = read(artifacts.read_model, paths)
    digest = None if model is None else model["digest"]
    registered, links = NOTHING, {}
    if request is not None:
        name = request["name"]
        registered = read_registered(name, digest, paths, ask_store=not belt.settled)
        links = list_links(name, registered, paths)
    sweep = None if request is None else read(artifacts.read_sweep, paths, request["config"])
    evaluation = None
    if model is not None:
        evaluation = read(artifacts.read_evaluation, paths, model["task"])
    plots, card = _draw(sweep, model, evaluation), read(artifacts.read_model_card, paths)
    return {
        "now": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "request": request,
        "stages": describe_belt(paths, belt),
        "data": read(artifacts.read_data_card, paths),
        "sweep": sweep,
        "model": model and _describe_model(model, registered["version"]),
        "evaluation": evaluation,
        "evaluation_page": evaluation
        and to_html(evaluation["markdown"], paths.evaluation, paths.report),
        "model_card": card and to_html(card, paths.model_card.parent, paths.report, headings=3),
        "registered": registered,
        "links": links,
        "problems": problems,
        "plots": plots,
        "plotly": plotly_script() if any(plots.values()) else None,
        "nonce": secrets.token_urlsafe(),  # only the page's own scripts have it, so no other runs
    }


def _describe_model(model: dict[str, Any], version: dict[str, str] | None) -> dict[str, Any]:
    written = f"{datetime.fromtimestamp(model['written'], UTC):%Y-%m-%d}"
    day = written if version is None else version["day"]
    return {**model, "short": model["digest"][:DIGITS], "day": day}


def _draw(
    sweep: dict[str, Any] | None, model: dict[str, Any] | None, evaluation: dict[str, Any] | None
) -> dict[str, list[dict[str, Any]]]:
    """Return the interactive plots of each section."""
    plots: dict[str, list[dict[str, Any]]] = {
        "sweep": [],
        "training": [],
        "layers": [],
        "evaluation": [],
    }
    if sweep and any(row["objective"] for row in sweep["trials"]):
        names = sweep["trials"], sweep["parameters"], sweep["objective"], sweep["better"]
        plots["sweep"].append(figures.draw_history(*names))
        if sweep["importance"]:
            importance = figures.draw_importance(sweep["importance"], sweep["objective"])
            plots["sweep"].append(importance)
    if model and model["history"]:
        plots["training"] = figures.draw_learning_curves(
            model["history"], model["card"].best_update
        )
        plots["layers"] = figures.draw_layers(model["history"])
    if evaluation and evaluation["interval"] is not None:
        plots["evaluation"].append(figures.draw_baselines(evaluation))
        if evaluation["slices"]["rows"]:
            plots["evaluation"].append(figures.draw_slices(evaluation))
    return plots
