"""The sentence with which the description of a version begins."""

from conveyor.gates import Evidence, Verdict
from conveyor.tasks import Task
from conveyor.tasks.values import ModelOutputs


def summarize(evidence: Evidence, verdict: Verdict) -> str:
    """The verdict, the headline metric on the test rows, and that of the champion beside it.

    For instance "Promoted: accuracy 0.978, better than version 3 by 0.011 (p = 0.004)."; p is that
    of the task's paired test, one-sided. A refusal ends with its first reason.
    """
    metrics = evidence.task.metrics
    name, outcome = metrics.headline, "Promoted" if verdict.promote else "Refused"
    score = evidence.scores.get(name)
    value = "not defined on the test rows" if score is None else f"{score:.4g}"
    text = f"{outcome}: {metrics[name].title} {value}{_compare(evidence, score)}."
    return " ".join([text, *(f"{reason}." for reason in verdict.reasons[:1])])


def _compare(evidence: Evidence, score: float | None) -> str:
    """How the headline metric compares with the champion's; nothing where there is none."""
    version, champion = evidence.champion_version, evidence.champion
    if version is None or score is None:
        return ""
    if champion is None:
        return f"; it cannot be compared with version {version}, the champion"
    task = evidence.task
    name = task.metrics.headline
    theirs = Task(champion.spec).metrics.compute_one(name, evidence.targets, champion.outputs)
    ours = ModelOutputs(task.spec, evidence.challenger)
    p_values = task.comparison.p_values(evidence.targets, ours, champion)
    gain = task.metrics[name].gain(score, theirs)
    if gain == 0:
        return f", as that of version {version}"
    relation, p = ("better", p_values.better) if gain > 0 else ("worse", p_values.worse)
    return f", {relation} than version {version} by {abs(gain):.3g} (p = {p:.2g})"
