"""What a person does with the registry: promote, roll back, ask why."""

from dataclasses import replace

from filelock import Timeout
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from conveyor.config import Hooks
from conveyor.errors import InputError
from conveyor.hooks import notify
from conveyor.registry import history, lineage
from conveyor.registry.champion import CHAMPION
from conveyor.registry.history import Change
from conveyor.registry.registry import PREVIOUS, PROMOTED, VERDICT, Registry
from conveyor.tracking.runs import DATA_DIGEST, MODEL_DIGEST

CHANGED = "champion changed"  # the event's name
UNKNOWN = "not recorded"
LONGEST_REASON = 2000  # characters; a tag of MLflow's holds 5000


def promote(
    registry: Registry, version: str, *, force: bool = False, reason: str | None = None
) -> Change | None:
    """Make a version champion; None if it is already.

    Raises:
        InputError: there is no such version; a gate refused it and `force` is not given, or
            `force` is given without a reason.
    """
    found, reason = find_version(registry, version), _checked(reason)
    if registry.aliases().get(CHAMPION) == version:
        return None
    passed = found.tags.get(VERDICT) == PROMOTED
    if force and not reason:
        raise InputError("--force came without a reason; add --reason TEXT, it is kept")
    if not passed and not force:
        why = found.tags.get("reasons") or "it was registered without a verdict"
        raise InputError(f"version {version} of {registry.name} did not pass the gates: {why}. "
                         "To promote it all the same: --force --reason TEXT")  # fmt: skip
    if passed:
        words = reason or "by hand; it passed every gate"
        return registry.serve(version, history.PROMOTED, words)
    registry.tag(version, {"forced": "true", "forced_reason": reason or ""})
    return registry.serve(version, history.FORCED, reason or "")


def rollback(
    registry: Registry, to: str | None = None, *, reason: str | None = None
) -> Change | None:
    """Back to the champion before, or to an earlier one; None if it serves already.

    Raises:
        InputError: there is no champion, nothing before it, or `to` never was champion.
    """
    reason, names = _checked(reason), registry.aliases()
    serving = names.get(CHAMPION)
    if serving is None:
        raise InputError(f"{registry.name} has no champion; promote a version first")
    known = registry.history()
    if to is None:
        stack = history.standing(known)
        before = stack[-2] if len(stack) > 1 and stack[-1] == serving else names.get(PREVIOUS)
        if before is None or before == serving:
            raise InputError(f"there is nothing to roll back to: no champion of {registry.name} "
                             f"came before version {serving}")  # fmt: skip
        to = before
    find_version(registry, to)
    if to == serving:
        return None
    served = {c.after for c in known} | {c.before for c in known} | {names.get(PREVIOUS)}
    if to not in served:
        raise InputError(f"version {to} of {registry.name} never was champion; to make it one: "
                         f"python -m pipeline.promote {to}")  # fmt: skip
    return registry.serve(to, history.ROLLED_BACK, reason or "by hand")


def announce(registry: Registry, config: Hooks) -> list[Change]:
    """Tell the hooks of every change that they were not told of; their answers are kept with it.

    To be called without the registry's lock: a receiver may be slow, or change the champion
    itself. One process tells at a time, in order; it looks again after it let the lock go, so
    another one that finds it telling can leave its own change to it. A hook that fails changes
    nothing of the promotion. A process that died after the change is made up for by the next.

    Returns:
        The changes that were announced by this call.
    """
    told: list[Change] = []
    while _untold(registry):
        try:
            with registry.telling.acquire(timeout=0):
                told += [_tell(registry, config, change) for change in _untold(registry)]
        except Timeout:
            break
    return told


def _untold(registry: Registry) -> list[Change]:
    """Changes nobody was told of, oldest first, without one that was written down, never made."""
    known, serving = registry.history(), registry.aliases().get(CHAMPION)
    after = [*(change.before for change in known[1:]), serving]  # what served after each change
    return [c for c, then in zip(known, after, strict=True) if c.hooks is None and c.after == then]


def _tell(registry: Registry, config: Hooks, change: Change) -> Change:
    told = {"model": registry.name, "action": change.action, "from": change.before,
            "to": change.after, "who": change.who, "when": change.when,
            "reason": change.reason}  # fmt: skip
    deliveries = [one.as_json() for one in notify(config, CHANGED, told)]
    done = replace(change, hooks=deliveries)
    history.record(registry.client, registry.name, done)
    return done


def find_version(registry: Registry, version: str) -> ModelVersion:
    """Raises: InputError: there is no such version; the message lists those that there are."""
    try:
        return registry.client.get_model_version(registry.name, version)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        every = registry.client.search_model_versions(f"name = '{registry.name}'")
        there = ", ".join(sorted((str(v.version) for v in every), key=int)) or "none"
        raise InputError(f"{registry.name} has no version {version!r}; there are: {there}. "
                         "`dvc repro` registers one") from None  # fmt: skip


def why(registry: Registry, version: str) -> str:
    """The chain from a version to its sources, and the commands that make it again.

    Raises:
        InputError: there is no such version.
    """
    tags = find_version(registry, version).tags
    chain = [
        ("version", f"models:/{registry.name}/{version}, {tags.get(VERDICT, UNKNOWN)}"),
        ("reasons", tags.get("reasons") or "every gate passed"),
        ("train run", tags.get(lineage.TRAIN_RUN, UNKNOWN)),
        ("model digest", tags.get(MODEL_DIGEST, UNKNOWN)),
        ("config digest", tags.get(lineage.CONFIG_DIGEST, UNKNOWN)),
        ("data digest", tags.get(DATA_DIGEST, UNKNOWN)),
        ("dvc.lock", tags.get(lineage.LOCK_DIGEST, UNKNOWN)),
        ("git revision", tags.get(lineage.REVISION, UNKNOWN)),
        ("source patch", tags.get(lineage.PATCH_DIGEST, UNKNOWN)),
    ]
    if "forced_reason" in tags:
        chain.insert(2, ("forced", tags["forced_reason"]))
    lines = [f"{what:<14} {value}" for what, value in chain]
    return "\n".join([*lines, "", "to make it again, and compare:",
                      f"  python -m pipeline.promote rebuild {version}",
                      "which does:", *(f"  {line}" for line in _commands(tags))])  # fmt: skip


def _commands(tags: dict[str, str]) -> list[str]:
    patch = tags.get(lineage.PATCH_DIGEST, lineage.NO_PATCH)
    lines = ["git clone . rebuilt && cd rebuilt",
             f"git checkout {tags.get(lineage.REVISION, UNKNOWN)}"]  # fmt: skip
    if patch != lineage.NO_PATCH:
        lines.append(f"git apply source.patch   # {lineage.PATCH} of the train run "
                     f"{tags.get(lineage.TRAIN_RUN, UNKNOWN)}")  # fmt: skip
    return [
        *lines,
        "dvc pull data/raw/*.dvc   # where data are imported",
        "dvc repro --force train",
    ]


def _checked(reason: str | None) -> str | None:
    if reason is not None and len(reason) > LONGEST_REASON:
        raise InputError(f"the reason has {len(reason)} characters; at most {LONGEST_REASON}")
    return reason.strip() if reason else None
