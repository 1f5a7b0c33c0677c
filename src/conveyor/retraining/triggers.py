"""Whether to train tonight: a pure function of what was found, with its reasons."""

from collections.abc import Callable
from dataclasses import dataclass

from conveyor.config.retrain import When


@dataclass(frozen=True)
class Evidence:
    """What is known before a training.

    Attributes:
        champion: its version; None where there is none.
        unknown: why the champion's rows cannot be compared with today's; None where they can.
        arrived: rows that are new, or have another label than before.
        before: rows the champion was prepared with.
        age_days: of the champion.
        tested: how many features were tested for drift; none where too few rows arrived.
        drifting: those that drift.
        accuracy: of the champion on new rows; None where none was scored.
        scored: how many those were.
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
    trigger: str
    fired: bool
    words: str


@dataclass(frozen=True)
class Decision:
    """Train, if any trigger fired."""

    reasons: list[Reason]

    @property
    def train(self) -> bool:
        return any(reason.fired for reason in self.reasons)

    @property
    def words(self) -> str:
        """The reasons that fired; all of them where none did."""
        fired = [reason.words for reason in self.reasons if reason.fired]
        return "; ".join(fired or [reason.words for reason in self.reasons])


def _always(found: Evidence, when: When) -> Reason | None:
    del found
    if not when.always:
        return None
    return Reason("always", True, "data, code or configuration changed, which is always a reason")


def _no_champion(found: Evidence, when: When) -> Reason | None:
    del when
    if found.champion is None:
        return Reason("champion", True, "there is no champion yet")
    if found.unknown is not None:
        return Reason("champion", True, found.unknown)
    return None


def _rows(found: Evidence, when: When) -> Reason | None:
    if when.rows is None:
        return None
    words = f"{found.arrived} rows are new or relabelled, and {when.rows} are a reason"
    return Reason("rows", found.arrived >= when.rows, words)


def _share(found: Evidence, when: When) -> Reason | None:
    if when.share is None:
        return None
    share = found.arrived / max(1, found.before)
    words = f"new or relabelled rows are {share:.1%} of those before, and {when.share:.1%} a reason"
    return Reason("share", share >= when.share, words)


def _age(found: Evidence, when: When) -> Reason | None:
    if when.age_days is None:
        return None
    words = f"the champion is {found.age_days:.1f} days old, and {when.age_days:g} are a reason"
    return Reason("age", found.age_days >= when.age_days, words)


def _drift(found: Evidence, when: When) -> Reason | None:
    if not when.drift:
        return None
    if not found.tested:
        words = f"drift was not tested: {found.arrived} new rows are fewer than retrain.drift.rows"
        return Reason("drift", False, words)
    shown = ", ".join(found.drifting[:5]) + (", ..." if len(found.drifting) > 5 else "")
    words = (
        f"{len(found.drifting)} features drift: {shown}"
        if shown
        else (f"none of {found.tested} features drifts")
    )
    return Reason("drift", bool(found.drifting), words)


def _accuracy(found: Evidence, when: When) -> Reason | None:
    limit = when.accuracy
    if limit is None:
        return None
    if found.accuracy is None or found.scored < limit.rows:
        words = f"{found.scored} new rows were scored, and {limit.rows} are needed to judge"
        return Reason("accuracy", False, words)
    words = (
        f"the champion's accuracy on {found.scored} new rows is {found.accuracy:.4f}, and less "
        f"than {limit.below:g} is a reason"
    )
    return Reason("accuracy", found.accuracy < limit.below, words)


TRIGGERS: tuple[Callable[[Evidence, When], Reason | None], ...] = (
    _no_champion,
    _always,
    _rows,
    _share,
    _age,
    _drift,
    _accuracy,
)


def decide(found: Evidence, when: When) -> Decision:
    """Ask every trigger that is on; each answers with a reason, whether it fired or not."""
    reasons = [reason for trigger in TRIGGERS if (reason := trigger(found, when)) is not None]
    return Decision(reasons or [Reason("none", False, "no trigger is on; see retrain.when")])
