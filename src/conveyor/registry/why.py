"""Where a registered version comes from, and the commands that make it again."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from conveyor.git import find_repository
from conveyor.registry import lineage
from conveyor.registry.model_version import ModelVersion
from conveyor.registry.registry import Registry

MISSING = "not recorded"


def why(registry: Registry, version: str) -> str:
    """The chain from a version to its sources, and the commands that make it again.

    Raises:
        InputError: there is no such version.
    """
    model_version = registry.version(version)
    lines = [f"{name:<14} {value}" for name, value in describe_origin(model_version).items()]
    commands = [f"  {line}" for line in rebuild_steps(registry.paths.root, model_version.tags)]
    rebuild = f"  {rebuild_command(version)}"
    return "\n".join(
        [*lines, "", "to make it again, and compare:", rebuild, "which does:", *commands]
    )


def describe_origin(version: ModelVersion) -> dict[str, str]:
    """The verdict on a version, and the digests of what it comes from, by their titles."""
    tags = {lineage.INITIAL_WEIGHTS: lineage.SCRATCH, **version.tags}  # an old one has no such tag
    rows = {
        "version": f"models:/{version.name}/{version.version}, {version.verdict or MISSING}",
        "reasons": version.gates_passed if version.passed else version.reasons or None,
        "forced": tags.get("forced_reason"),
        **{title: tags.get(tag, MISSING) for title, tag in lineage.LINEAGE.items()},
    }
    if lineage.SEARCH not in tags:  # an old one has no such tag either
        del rows["search"]
    return {title: value for title, value in rows.items() if value is not None}


def rebuild_command(version: str) -> str:
    """The command that makes a version again, and compares the bytes."""
    return f"python -m pipeline.promote rebuild {version}"


def rebuild_steps(root: Path, tags: Mapping[str, str]) -> list[str]:
    """The commands of a rebuild by hand. The project may be a subfolder of its repository."""
    repository = find_repository(root)
    if repository is None or lineage.REVISION not in tags:
        return ["nothing: it was registered outside a git repository"]
    lines = [
        f"git clone {quote(str(repository.top))} rebuilt && cd rebuilt",
        f"git checkout {tags[lineage.REVISION]}",
    ]
    patch = tags.get(lineage.PATCH_DIGEST, lineage.NO_PATCH)
    if patch.startswith(lineage.NOT_KEPT):
        lines.append(f"# apply the uncommitted changes, which were {patch}")
    elif patch != lineage.NO_PATCH:
        run = tags.get(lineage.TRAIN_RUN, MISSING)
        lines.append(f"git apply source.patch   # {lineage.PATCH} of the train run {run}")
    if repository.prefix:
        lines.append(f"cd {quote(repository.prefix)}")
    if tags.get(lineage.INITIAL_WEIGHTS, lineage.SCRATCH) != lineage.SCRATCH:
        lines.append("dvc pull data/init/champion.dvc   # the weights from which it began")
    lines.append("dvc pull data/raw/*.dvc   # where data are imported")
    if tags.get(lineage.SEARCH) != lineage.EARLIER:
        return [*lines, "dvc repro --force train"]
    return [
        *lines,
        "dvc repro --force prepare",
        "# write artifacts/sweep/best.yaml with the parameters in the version's config.yaml",
        "dvc repro --force --single-item train",
    ]
