"""Where a registered version comes from, and the commands that make it again."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from conveyor.git import find_repository
from conveyor.registry import lineage
from conveyor.registry.registry import Registry

MISSING = "not recorded"


def why(registry: Registry, version: str) -> str:
    """The chain from a version to its sources, and the commands that make it again.

    Raises:
        InputError: there is no such version.
    """
    model_version = registry.version(version)
    tags = model_version.tags
    rows = {
        "version": f"models:/{registry.name}/{version}, {model_version.verdict or MISSING}",
        "reasons": (
            model_version.gates_passed if model_version.passed else model_version.reasons or None
        ),
        "forced": tags.get("forced_reason"),
        **{title: tags.get(tag, MISSING) for title, tag in lineage.LINEAGE.items()},
    }
    lines = [f"{name:<14} {value}" for name, value in rows.items() if value is not None]
    commands = [f"  {line}" for line in _commands(registry.paths.root, tags)]
    rebuild = f"  python -m pipeline.promote rebuild {version}"
    return "\n".join(
        [*lines, "", "to make it again, and compare:", rebuild, "which does:", *commands]
    )


def _commands(root: Path, tags: Mapping[str, str]) -> list[str]:
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
    lines += ["dvc pull data/raw/*.dvc   # where data are imported", "dvc repro --force train"]
    return lines
