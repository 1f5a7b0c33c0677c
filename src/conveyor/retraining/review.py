"""Before a training: what arrived, whether it drifts, and how the champion does on it."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from conveyor.config import Retrain
from conveyor.data.split import SPLITS
from conveyor.data.store import Prepared
from conveyor.encoding import SeriesEncoder
from conveyor.retraining.drift import Finding, Summary, compare
from conveyor.retraining.profile import (
    Profile,
    ProfiledRows,
    answer_summary,
    learnt_summary,
    rows_of,
)
from conveyor.retraining.triggers import Decision, Evidence, decide
from conveyor.serving import LoadedModel, Predictions


@dataclass(frozen=True)
class Score:
    """The champion on rows that it has never seen, whatever split they are in now."""

    rows: int
    right: int

    @property
    def accuracy(self) -> float:
        return self.right / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        """95 % (Wilson 1927)."""
        found = stats.binomtest(self.right, self.rows).proportion_ci(method="wilson")
        return float(found.low), float(found.high)


@dataclass(frozen=True)
class Review:
    """What was found, and what was decided."""

    evidence: Evidence
    decision: Decision
    gone: int = 0  # rows that the champion was prepared with, and that are no more
    findings: list[Finding] = field(default_factory=list)
    score: Score | None = None
    before: Summary | None = None
    now: Summary | None = None

    def as_json(self) -> dict[str, Any]:
        score = self.score
        scored = None if score is None else {
            "rows": score.rows, "right": score.right, "accuracy": score.accuracy,
            "interval": list(score.interval),
        }  # fmt: skip
        return {
            "train": self.decision.train,
            "reasons": [asdict(reason) for reason in self.decision.reasons],
            "evidence": asdict(self.evidence),
            "rows_gone": self.gone,
            "drift": [asdict(finding) for finding in self.findings],
            "champion_on_new_rows": scored,
        }


def without_champion(config: Retrain) -> Review:
    found = Evidence()
    return Review(found, decide(found, config.when))


def review(
    config: Retrain, prepared: Prepared, version: str, age_days: float, model: LoadedModel,
    known: Profile | None,
) -> Review:  # fmt: skip
    """Compare today's prepared data with what the champion was prepared with.

    Args:
        model: the champion.
        known: its profile; None where its data were never seen here.
    """
    why = _incomparable(prepared, model, known)
    if known is None or why is not None:
        found = Evidence(version, why, age_days=age_days)
        return Review(found, decide(found, config.when))
    rows = rows_of(prepared, SPLITS)
    fresh = rows.where(~np.isin(rows.pairs, known.pairs))
    unseen = rows.where(~np.isin(rows.inputs, known.inputs))
    answers = model.predict(unseen.raw) if unseen.raw else None
    score = _score(unseen, answers)
    now, findings = Summary(), []
    if len(fresh.raw) >= config.drift.rows:
        now = _summarise(fresh, unseen, model, answers)
        findings = compare(known.summary, now, config.drift)
    found = Evidence(
        champion=version, arrived=len(fresh.raw), before=len(known.pairs), age_days=age_days,
        tested=len(findings),
        drifting=tuple(f.feature for f in findings if f.drifts),
        accuracy=score.accuracy if score else None, scored=score.rows if score else 0,
    )  # fmt: skip
    gone = int((~np.isin(known.pairs, rows.pairs)).sum())
    decided = decide(found, config.when)
    return Review(found, decided, gone, findings, score, known.summary, now)


def _incomparable(prepared: Prepared, model: LoadedModel, known: Profile | None) -> str | None:
    if model.kind != prepared.meta.kind:
        return f"the champion reads {model.kind}, and the data are {prepared.meta.kind} now"
    encoder = model.encoder
    if isinstance(encoder, SeriesEncoder) and encoder.channels != prepared.meta.features:
        return (
            f"the champion reads {encoder.channels} channels, and the data have "
            f"{prepared.meta.features} now"
        )
    if known is None:
        return "which rows the champion was trained with is not known here, so all may be new"
    return None


def _score(unseen: ProfiledRows, answers: Predictions | None) -> Score | None:
    if answers is None:
        return None
    pairs = zip(answers.labels, unseen.labels, strict=True)
    return Score(len(unseen.raw), sum(told == label for told, label in pairs))


def _summarise(
    fresh: ProfiledRows, unseen: ProfiledRows, model: LoadedModel, answers: Predictions | None
) -> Summary:
    """Inputs and labels of all fresh rows; answers on those whose input is new too."""
    seen = learnt_summary(fresh, model)
    if answers is None:
        return seen
    told = answer_summary(unseen, model, answers)
    return Summary(seen.counts | told.counts, seen.samples | told.samples, told.rates)
