"""Decides whether to train: a pure function of the inputs, with its reasons."""

from dataclasses import dataclass

from conveyor.config.retrain import ScoreLimit, When
from conveyor.tasks.values import Score

MAX_NAMED = 5  # features that a reason names


@dataclass(frozen=True)
class TriggerInputs:
    """What the job knows before a training.

    Attributes:
        champion: its version; None if there is none.
        unknown: why the champion's rows cannot be compared with today's; None if they can.
        unit: what is counted, in the plural; see `Prepared.unit`.
        arrived: number of rows that are new, or have another label than before.
        before: number of rows that the champion was prepared with.
        age_days: age of the champion's version, in days.
        tested: number of features tested for drift; 0 if too few rows arrived.
        drifting: the features that drift.
        score: of the champion on new rows; None if no row was scored.
    """

    champion: str | None = None
    unknown: str | None = None
    unit: str = "rows"
    arrived: int = 0
    before: int = 0
    age_days: float = 0.0
    tested: int = 0
    drifting: tuple[str, ...] = ()
    score: Score | None = None


@dataclass(frozen=True)
class Reason:
    """Whether one trigger fired, and why."""

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


def check_triggers(inputs: TriggerInputs, when: When) -> Decision:
    """Collect the reason of each trigger that is on, whether it fires or not."""
    reasons: list[Reason] = []
    if inputs.champion is None or inputs.unknown is not None:
        message = inputs.unknown or "there is no champion"
        reasons.append(Reason("champion", True, message))
    if when.always:
        message = "data, code or configuration changed, and retrain.when.always is true"
        reasons.append(Reason("always", True, message))
    if when.rows is not None:
        message = f"{inputs.arrived} {inputs.unit} are new or relabelled (trains from {when.rows})"
        reasons.append(Reason("rows", inputs.arrived >= when.rows, message))
    if when.share is not None:
        share = inputs.arrived / max(1, inputs.before)
        unit = inputs.unit
        message = f"new or relabelled {unit} are {share:.1%} of the champion's {unit}"
        message = f"{message} (trains from {when.share:.1%})"
        reasons.append(Reason("share", share >= when.share, message))
    if when.age_days is not None:
        age = inputs.age_days
        message = f"the champion is {age:.1f} days old (trains from {when.age_days:g})"
        reasons.append(Reason("age", age >= when.age_days, message))
    if when.drift:
        reasons.append(_check_drift(inputs))
    if when.score is not None:
        reasons.append(_check_score(inputs, when.score))
    return Decision(reasons or [Reason("none", False, "no trigger is on; see retrain.when")])


def _check_drift(inputs: TriggerInputs) -> Reason:
    if not inputs.tested:
        few = f"{inputs.arrived} new {inputs.unit} are fewer than retrain.drift.rows"
        return Reason("drift", False, f"drift was not tested: {few}")
    if not inputs.drifting:
        return Reason("drift", False, f"none of {inputs.tested} features drifts")
    names = ", ".join(inputs.drifting[:MAX_NAMED])
    more = ", ..." if len(inputs.drifting) > MAX_NAMED else ""
    return Reason("drift", True, f"{len(inputs.drifting)} features drift: {names}{more}")


def _check_score(inputs: TriggerInputs, limit: ScoreLimit) -> Reason:
    score, unit = inputs.score, inputs.unit
    rows = 0 if score is None else score.rows
    if score is None or rows < limit.rows:
        message = f"{rows} new {unit} were scored; a score needs {limit.rows}"
        return Reason("score", False, message)
    message = (
        f"the champion's {score.metric} on {rows} new {unit} is {score.value:.4f} "
        f"(trains if worse than {limit.worse_than:g})"
    )
    return Reason("score", score.is_worse_than(limit.worse_than), message)
