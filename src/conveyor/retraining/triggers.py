"""Decides whether to train: a pure function of the evidence, with its reasons."""

from collections.abc import Callable
from dataclasses import dataclass

from conveyor.config.retrain import When

MAX_NAMED = 5  # features that a reason names


@dataclass(frozen=True)
class Evidence:
    """What the job knows before a training.

    Attributes:
        champion: its version; None if there is none.
        unknown: why the champion's rows cannot be compared with today's; None if they can.
        arrived: number of rows that are new, or have another label than before.
        before: number of rows that the champion was prepared with.
        age_days: age of the champion's version, in days.
        tested: number of features tested for drift; 0 if too few rows arrived.
        drifting: the features that drift.
        accuracy: the champion's accuracy on new rows; None if no row was scored.
        scored: number of rows scored.
    """

    champion: str | None = None
    unknown: str | None = None
    arrived: int = 0
    before: int = 0
    age_days: float = 0.0
    tested: int = 0
    drifting: tuple[str, ...] = ()
    accuracy: float | None = None
    scored: int = 0


@dataclass(frozen=True)
class Reason:
    """The answer of one trigger."""

    trigger: str
    fired: bool
    message: str


@dataclass(frozen=True)
class Decision:
    """Train if any trigger fired."""

    reasons: list[Reason]

    @property
    def train(self) -> bool:
        return any(reason.fired for reason in self.reasons)

    @property
    def summary(self) -> str:
        """The messages of the triggers that fired, or of all triggers if none fired."""
        fired = [reason.message for reason in self.reasons if reason.fired]
        return "; ".join(fired or [reason.message for reason in self.reasons])


def decide(evidence: Evidence, when: When) -> Decision:
    """Ask each trigger that is on; each returns a reason, whether it fires or not."""
    reasons = [reason for trigger in TRIGGERS if (reason := trigger(evidence, when)) is not None]
    return Decision(reasons or [Reason("none", False, "no trigger is on; see retrain.when")])


def _check_champion(evidence: Evidence, when: When) -> Reason | None:
    del when
    if evidence.champion is None:
        return Reason("champion", True, "there is no champion yet")
    if evidence.unknown is not None:
        return Reason("champion", True, evidence.unknown)
    return None


def _check_always(evidence: Evidence, when: When) -> Reason | None:
    del evidence
    if not when.always:
        return None
    message = "data, code or configuration changed, and retrain.when.always is true"
    return Reason("always", True, message)


def _check_rows(evidence: Evidence, when: When) -> Reason | None:
    if when.rows is None:
        return None
    message = f"{evidence.arrived} rows are new or relabelled (trains from {when.rows})"
    return Reason("rows", evidence.arrived >= when.rows, message)


def _check_share(evidence: Evidence, when: When) -> Reason | None:
    if when.share is None:
        return None
    share = evidence.arrived / max(1, evidence.before)
    message = (
        f"new or relabelled rows are {share:.1%} of the champion's rows (trains from "
        f"{when.share:.1%})"
    )
    return Reason("share", share >= when.share, message)


def _check_age(evidence: Evidence, when: When) -> Reason | None:
    if when.age_days is None:
        return None
    message = f"the champion is {evidence.age_days:.1f} days old (trains from {when.age_days:g})"
    return Reason("age", evidence.age_days >= when.age_days, message)


def _check_drift(evidence: Evidence, when: When) -> Reason | None:
    if not when.drift:
        return None
    if not evidence.tested:
        return Reason(
            "drift",
            False,
            f"drift was not tested: {evidence.arrived} new rows are fewer than retrain.drift.rows",
        )
    if not evidence.drifting:
        return Reason("drift", False, f"none of {evidence.tested} features drifts")
    names = ", ".join(evidence.drifting[:MAX_NAMED])
    more = ", ..." if len(evidence.drifting) > MAX_NAMED else ""
    return Reason("drift", True, f"{len(evidence.drifting)} features drift: {names}{more}")


def _check_accuracy(evidence: Evidence, when: When) -> Reason | None:
    limit = when.accuracy
    if limit is None:
        return None
    if evidence.accuracy is None or evidence.scored < limit.rows:
        message = f"{evidence.scored} new rows were scored; accuracy needs {limit.rows}"
        return Reason("accuracy", False, message)
    message = (
        f"the champion's accuracy on {evidence.scored} new rows is {evidence.accuracy:.4f} "
        f"(trains below {limit.below:g})"
    )
    return Reason("accuracy", evidence.accuracy < limit.below, message)


TRIGGERS: tuple[Callable[[Evidence, When], Reason | None], ...] = (
    _check_champion,
    _check_always,
    _check_rows,
    _check_share,
    _check_age,
    _check_drift,
    _check_accuracy,
)
