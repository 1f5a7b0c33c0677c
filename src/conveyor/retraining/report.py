"""One retraining as JSON, a readable page and pictures."""

from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.escape import markdown_text
from conveyor.plots import drift as pictures
from conveyor.retraining.drift import Finding
from conveyor.retraining.job import Outcome
from conveyor.retraining.review import Review

CURVES = 6  # features whose distributions are drawn


def write(folder: Path, name: str, outcome: Outcome, limit: float) -> None:
    """Write report.json, report.md and, where drift was tested, two pictures of it.

    Args:
        limit: the least effect that counts as drift.
    """
    review = outcome.review
    with files.replacing_folder(folder) as made:
        files.write_json(made / "report.json", {"name": name, **outcome.as_json()})
        if review is not None and review.findings:
            shown = [(f.feature, f.effect, f.drifts) for f in review.findings]
            pictures.effects(shown, limit, made / "effects.png")
            _curves(review, made / "distributions.png")
        drawn = sorted(path.name for path in made.glob("*.png"))
        text = _page(f"{name}: {outcome.words}", outcome, drawn)
        files.write_text(made / "report.md", text)


def _curves(review: Review, path: Path) -> None:
    if review.before is None or review.now is None:
        return
    before, now = review.before.samples, review.now.samples
    largest = [f.feature for f in review.findings if f.feature in before and f.feature in now]
    pictures.distributions({name: (before[name], now[name]) for name in largest[:CURVES]}, path)


def _page(title: str, outcome: Outcome, drawn: list[str]) -> str:
    lines, review = [f"# {title}"], outcome.review
    if review is None:
        return "\n".join([*lines, "", "It failed before it had looked at the new rows.", ""])
    lines += ["", "## Why", ""]
    lines += [f"- {r.trigger}: {markdown_text(r.words)}{' (fired)' if r.fired else ''}"
              for r in review.decision.reasons]  # fmt: skip
    gates = (outcome.verdict or {}).get("gates", [])
    if gates:
        lines += ["", "## Gates", "", *map(_gate_line, gates)]
    if review.evidence.champion is not None and review.evidence.unknown is None:
        lines += ["", "## New rows", "", *_new_rows(review)]
        lines += ["", "## Drift", "", *_drift(review.findings)]
        lines += [line for name in drawn for line in ("", f"![{name}]({name})")]
    return "\n".join([*lines, ""])


def _gate_line(gate: dict[str, Any]) -> str:
    return f"- {markdown_text(gate['gate'])}: {markdown_text(gate['reason'])}"


def _new_rows(review: Review) -> list[str]:
    found, score = review.evidence, review.score
    lines = [
        f"Version {found.champion}, the champion, was prepared with {found.before} rows. Since "
        f"then {found.arrived} are new or relabelled, and {review.gone} gone."
    ]
    if score is not None:
        low, high = score.interval
        lines.append(
            f"It answers {score.right} of the {score.rows} that it has never seen rightly: "
            f"accuracy {score.accuracy:.4f} (95 %: {low:.4f} to {high:.4f})."
        )
    return lines


def _drift(findings: list[Finding]) -> list[str]:
    if not findings:
        return ["Not tested: fewer new rows than `retrain.drift.rows`."]
    rows = [
        f"| {markdown_text(f.feature)} | {f.test} | {f.statistic:.4g} | {f.adjusted:.3g} | "
        f"{f.measure} {f.effect:.3f} | {'yes' if f.drifts else 'no'} |"
        for f in findings
    ]
    head = "| feature | test | statistic | p, corrected | effect | drifts |"
    return [head, "| --- | --- | --- | --- | --- | --- |", *rows]
