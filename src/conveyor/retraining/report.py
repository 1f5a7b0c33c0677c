"""Writes the report of a retraining: JSON, a Markdown page and plots."""

from datetime import UTC, datetime
from pathlib import Path

from conveyor import files
from conveyor.pages import load_templates
from conveyor.retraining.job import RetrainOutcome, outcome_of
from conveyor.retraining.review import Review

PAGES = load_templates(__file__)
MAX_DISTRIBUTIONS = 6  # features whose distributions are plotted


def write(folder: Path, name: str, outcome: RetrainOutcome, limit: float) -> None:
    """Write report.json, report.md and, if drift was tested, two plots of it.

    Args:
        name: of the project.
        limit: `retrain.drift.effect`, the smallest effect that counts as drift.
    """
    with files.replacing_folder(folder) as temporary:
        files.write_json(temporary / "report.json", {"name": name, **outcome.as_json()})
        if outcome.review is not None and outcome.review.findings:
            _plot(outcome.review, limit, temporary)
        plots = sorted(path.name for path in temporary.glob("*.png"))
        page = PAGES.get_template("report.md").render(
            title=f"{name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {outcome.headline}",
            details=outcome.details.splitlines(),
            model=(outcome.verdict or {}).get("lineage", {}).get("model_digest"),
            review=outcome.review,
            gates=[(outcome_of(gate), gate) for gate in outcome.gates],
            plots=plots,
        )
        files.write_text(temporary / "report.md", page)


def _plot(review: Review, limit: float, folder: Path) -> None:
    # Loads Matplotlib, which a night without news spares.
    from conveyor.plots.drift import plot_distributions, plot_effects

    effects = [(f.feature, f.effect, f.drifts) for f in review.findings]
    plot_effects(effects, limit, folder / "effects.png")
    before, now = review.before.samples, review.now.samples
    names = [f.feature for f in review.findings if f.feature in before and f.feature in now]
    samples = {name: (before[name], now[name]) for name in names[:MAX_DISTRIBUTIONS]}
    plot_distributions(samples, folder / "distributions.png")
