"""What a person does with the registry: promote a version, or roll back; and the hooks' calls."""

from dataclasses import asdict, replace

from filelock import Timeout

from conveyor.config import Hooks
from conveyor.errors import InputError
from conveyor.hooks import notify
from conveyor.registry import history
from conveyor.registry.history import Change
from conveyor.registry.model_version import CHAMPION
from conveyor.registry.registry import PREVIOUS, Registry

EVENT = "champion changed"
LONGEST_REASON = 2000  # characters; a tag of MLflow's holds 5000


def promote(
    registry: Registry, version: str, *, force: bool = False, reason: str | None = None
) -> Change | None:
    """Make a version champion; None if it is champion already.

    Raises:
        InputError: there is no such version, or its files are missing or damaged; a gate refused it
            and `force` is not set; or `force` is set without a reason.
    """
    model_version, reason = registry.version(version), _check_reason(reason)
    if registry.aliases().get(CHAMPION) == version:
        return None
    model_version.fetch(registry.paths)
    if force and not reason:
        raise InputError("--force needs a reason, which is recorded; add --reason TEXT")
    if model_version.passed:
        default = f"by hand; {model_version.gates_passed}"
        return registry.set_champion(version, history.PROMOTED, reason or default)
    if not force:
        refusal = model_version.reasons or "it was registered without a verdict"
        raise InputError(
            f"version {version} of {registry.name} did not pass the gates: {refusal}. "
            "To promote it anyway, add --force --reason TEXT"
        )
    registry.set_tags(version, {"forced": "true", "forced_reason": reason or ""})
    return registry.set_champion(version, history.FORCED, reason or "")


def rollback(
    registry: Registry, to: str | None = None, *, reason: str | None = None
) -> Change | None:
    """Return to the previous champion, or to an earlier one; None if that is champion already.

    Raises:
        InputError: there is no champion, no earlier one, `to` was never champion, or the files of
            the target are missing or damaged.
    """
    reason, aliases = _check_reason(reason), registry.aliases()
    champion, previous = aliases.get(CHAMPION), aliases.get(PREVIOUS)
    if champion is None:
        raise InputError(
            f"{registry.name} has no champion; promote a version first, or run "
            "`python -m pipeline.retrain`, which brings a lost champion back"
        )
    target = to or _previous_champion(registry, champion, previous)
    version = registry.version(target)
    if target == champion:
        return None
    changes = registry.history.changes()
    if target not in {v for c in changes for v in (c.before, c.after)} | {previous}:
        raise InputError(
            f"version {target} of {registry.name} was never champion; to make it champion: "
            f"python -m pipeline.promote {target}"
        )
    version.fetch(registry.paths)
    return registry.set_champion(target, history.ROLLED_BACK, reason or "by hand")


def notify_hooks(registry: Registry, config: Hooks) -> list[Change]:
    """Call the hooks for each change whose hooks were not called yet, and record the deliveries.

    Call it without the registry's lock: a hook may be slow, or change the champion itself. One
    process calls the hooks at a time, in the order of the changes. It checks for new changes after
    it releases its lock, so another process can leave its own change to it. A hook that fails does
    not affect the promotion. If a process dies before the calls, the next one makes them.

    Returns:
        The changes that this call announced.
    """
    announced: list[Change] = []
    while registry.history.unannounced():
        try:
            with registry.hooks_lock.acquire(timeout=0):
                changes = registry.history.unannounced()
                announced += [_call_hooks(registry, config, change) for change in changes]
        except Timeout:
            break
    return announced


def _call_hooks(registry: Registry, config: Hooks, change: Change) -> Change:
    payload = {"model": registry.name, "action": change.action, "from": change.before,
               "to": change.after, "who": change.who, "when": change.when,
               "reason": change.reason}  # fmt: skip
    deliveries = [asdict(delivery) for delivery in notify(config, EVENT, payload)]
    announced = replace(change, hooks=deliveries)
    registry.history.record(announced)
    return announced


def _previous_champion(registry: Registry, champion: str, previous: str | None) -> str:
    targets = registry.history.rollback_targets()
    target = targets[-2] if len(targets) > 1 and targets[-1] == champion else previous
    if target is None or target == champion:
        raise InputError(
            f"there is nothing to roll back to: {registry.name} had no champion before version "
            f"{champion}"
        )
    return target


def _check_reason(reason: str | None) -> str | None:
    if reason is not None and len(reason) > LONGEST_REASON:
        raise InputError(
            f"--reason: expected at most {LONGEST_REASON} characters; got {len(reason)}"
        )
    return reason.strip() if reason else None
