"""Writes the report of a retraining: JSON, a Markdown page and plots."""

from pathlib import Path

from conveyor import files
from conveyor.escape import markdown_table, markdown_text
from conveyor.plots.drift import plot_distributions, plot_effects
from conveyor.retraining.drift import Finding
from conveyor.retraining.job import Outcome
from conveyor.retraining.review import Review

MAX_DISTRIBUTIONS = 6  # features whose distributions are plotted


def write(folder: Path, name: str, outcome: Outcome, limit: float) -> None:
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
        text = _page(f"{name}: {outcome.message}", outcome, plots)
        files.write_text(temporary / "report.md", text)


def _plot(review: Review, limit: float, folder: Path) -> None:
    effects = [(f.feature, f.effect, f.drifts) for f in review.findings]
    plot_effects(effects, limit, folder / "effects.png")
    if review.before is None or review.now is None:
        return
    before, now = review.before.samples, review.now.samples
    names = [f.feature for f in review.findings if f.feature in before and f.feature in now]
    samples = {name: (before[name], now[name]) for name in names[:MAX_DISTRIBUTIONS]}
    plot_distributions(samples, folder / "distributions.png")


def _page(title: str, outcome: Outcome, plots: list[str]) -> str:
    lines, review = [f"# {markdown_text(title)}"], outcome.review
    if review is None:
        return "\n".join([*lines, "", "The job failed before it reviewed the new rows.", ""])
    lines += ["", "## Why", ""]
    lines += [f"- {r.trigger}: {markdown_text(r.message)}{' (fired)' if r.fired else ''}"
              for r in review.decision.reasons]  # fmt: skip
    gates = (outcome.verdict or {}).get("gates", [])
    if gates:
        lines += ["", "## Gates", ""]
        lines += [f"- {markdown_text(g['gate'])}: {markdown_text(g['reason'])}" for g in gates]
    if review.evidence.champion is not None and review.evidence.unknown is None:
        lines += ["", "## New rows", "", *_new_rows(review)]
        lines += ["", "## Drift", "", *_drift(review.findings)]
        lines += [line for name in plots for line in ("", f"![{name}]({name})")]
    return "\n".join([*lines, ""])


def _new_rows(review: Review) -> list[str]:
    evidence, score = review.evidence, review.score
    lines = [
        f"The champion, version {evidence.champion}, was prepared with {evidence.before} rows. "
        f"Since then {evidence.arrived} rows are new or relabelled, and {review.gone} are gone."
    ]
    if score is not None:
        low, high = score.interval
        lines.append(
            f"It answers {score.right} of the {score.rows} rows that it has never seen correctly: "
            f"accuracy {score.accuracy:.4f} (95 %: {low:.4f} to {high:.4f})."
        )
    return lines


def _drift(findings: list[Finding]) -> list[str]:
    if not findings:
        return ["Not tested: fewer new rows than `retrain.drift.rows`."]
    rows = [
        [markdown_text(f.feature), f.test, f"{f.statistic:.4g}", f"{f.adjusted:.3g}",
         f"{f.measure} {f.effect:.3f}", "yes" if f.drifts else "no"]
        for f in findings
    ]  # fmt: skip
    return markdown_table(
        ["feature", "test", "statistic", "p, corrected", "effect", "drifts"], rows
    )
