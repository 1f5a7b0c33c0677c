"""Reviews the new rows before a training: their number, their drift, the champion on them."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from conveyor.config import Retrain
from conveyor.config.dataset import NO_STATIC
from conveyor.data.store import SPLITS, Prepared
from conveyor.retraining.drift import Finding, Summary, compare
from conveyor.retraining.profile import (
    Profile,
    read_rows,
    read_rows_between,
    summarise_inputs,
    summarise_predictions,
)
from conveyor.retraining.triggers import Decision, TriggerInputs, check_triggers
from conveyor.serving import LoadedModel
from conveyor.tasks.values import Score


@dataclass(frozen=True)
class Review:
    """The comparison of today's data with the champion's, and the decision to train or not.

    Attributes:
        gone: number of rows that the champion was prepared with and that the data no longer have.
        findings: one for each feature tested for drift.
        score: the champion on rows it has never seen; None if there is none.
        before: summary of the champion's rows; empty if they cannot be compared.
        now: summary of the new rows; empty if too few arrived.
    """

    inputs: TriggerInputs
    decision: Decision
    gone: int = 0
    findings: list[Finding] = field(default_factory=list)
    score: Score | None = None
    before: Summary = field(default_factory=Summary)
    now: Summary = field(default_factory=Summary)

    def as_json(self) -> dict[str, Any]:
        """The part of report.json that says why the job trained or not."""
        reasons = [
            {"trigger": reason.trigger, "fired": reason.fired, "words": reason.message}
            for reason in self.decision.reasons
        ]
        inputs = asdict(self.inputs)
        del inputs["score"]  # see champion_on_new_rows
        return {
            "train": self.decision.train,
            "reasons": reasons,
            "evidence": inputs,
            "rows_gone": self.gone,
            "drift": [asdict(finding) for finding in self.findings],
            "champion_on_new_rows": None if self.score is None else _score_as_json(self.score),
        }


def _score_as_json(score: Score) -> dict[str, Any]:
    return {"rows": score.rows, score.metric: score.value, "interval": list(score.interval),
            **score.numbers}  # fmt: skip


def review_without_champion(config: Retrain) -> Review:
    """The review where no champion can serve; it always trains."""
    inputs = TriggerInputs()
    return Review(inputs, check_triggers(inputs, config.when))


def review_data(
    config: Retrain,
    prepared: Prepared,
    version: str,
    age_days: float,
    model: LoadedModel,
    profile: Profile | None,
) -> Review:
    """Compare today's prepared data with the data that the champion was prepared with.

    Args:
        version: of the champion.
        age_days: of the champion's version.
        model: the champion.
        profile: of the champion's data; None if it was never saved in this MLflow store.
    """
    reason = _find_mismatch(prepared, model, profile)
    if profile is None or reason is not None:
        inputs = TriggerInputs(version, reason, age_days=age_days)
        return Review(inputs, check_triggers(inputs, config.when))
    rows = read_rows(prepared, SPLITS)
    fresh = rows.where(~np.isin(rows.pairs, profile.pairs))
    unseen = rows.where(~np.isin(rows.inputs, profile.inputs))
    predictions = model.predict(unseen.raw) if unseen.raw else None
    score, now, findings = None, Summary(), []
    if predictions is not None:
        score = model.task.comparison.score(unseen.targets, predictions.outputs)
    if len(fresh.raw) >= config.drift.rows:
        now = summarise_inputs(fresh, model)
        if predictions is not None:  # of the rows with a new input only
            now = now.merge(summarise_predictions(unseen.raw, model, predictions))
        findings = compare(profile.summary, now, config.drift)
    inputs = TriggerInputs(
        champion=version,
        unit=prepared.unit,
        arrived=len(fresh.raw),
        before=len(profile.pairs),
        age_days=age_days,
        tested=len(findings),
        drifting=tuple(finding.feature for finding in findings if finding.drifts),
        score=score,
    )
    existing = np.concatenate([rows.pairs, read_rows_between(prepared).pairs])
    gone = int((~np.isin(profile.pairs, existing)).sum())
    decision = check_triggers(inputs, config.when)
    return Review(inputs, decision, gone, findings, score, profile.summary, now)


def _find_mismatch(prepared: Prepared, model: LoadedModel, profile: Profile | None) -> str | None:
    """Why the champion's rows cannot be compared with today's; None if they can."""
    if model.kind != prepared.meta.kind:
        return f"the champion reads {model.kind}; the data are {prepared.meta.kind} now"
    channels, others = model.encoder.channels, prepared.encoder.channels
    if channels != others:
        return f"the champion reads {channels} channels; the data have {others} now"
    data = prepared.encoder.static or NO_STATIC
    for kind, columns in (
        ("numbers", (model.static.numbers, data.numbers)),
        ("categories", (model.static.categories, data.categories)),
    ):
        if set(columns[0]) != set(columns[1]):
            names = " and ".join(", ".join(each) or "none" for each in columns)
            return f"the static {kind} of the champion and of the data differ: {names}"
    if not model.encoder.accepts_missing and prepared.encoder.accepts_missing:
        return "the champion refuses missing values, which the data may have now"
    if not model.task.answers.matches(prepared.meta.target):
        return "the champion has another target than the data have now"
    if profile is None:
        return "no profile of the champion's rows is in this MLflow store, so all may be new"
    return None
