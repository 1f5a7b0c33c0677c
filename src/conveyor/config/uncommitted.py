"""How params.yaml differs from the last commit: `dvc exp run -S` leaves its changes there."""

from pathlib import Path
from typing import Any

import yaml

from conveyor.config.load import flatten
from conveyor.git import GitError, git


def uncommitted_settings(params: Path) -> list[str]:
    """Return the settings of params.yaml that differ from the last commit, as Hydra writes them.

    `KEY=VALUE` is new or changed, `~KEY` is gone. There are none outside git, or before a commit
    holds the file.
    """
    try:
        text = git(params.parent, "show", f"HEAD:./{params.name}")
    except GitError:
        return []
    committed, current = _read(text), _read(params.read_text("utf-8"))
    changed = [f"{key}={yaml_value(value)}" for key, value in current.items()
               if key not in committed or committed[key] != value]  # fmt: skip
    return [*changed, *(f"~{key}" for key in committed if key not in current)]


def _read(text: str) -> dict[str, Any]:
    """Settings by dotted key. A choice that names no file is none."""
    settings = flatten(yaml.safe_load(text) or {})
    return {key: value for key, value in settings.items() if value is not None}


def yaml_value(value: Any) -> str:
    """Return a value as one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
