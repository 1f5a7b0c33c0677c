"""Puts the files of a new project into the wheel, where `conveyor new` finds them."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TemplateHook(BuildHookInterface):
    """Adds pipeline/, conf/ and the other files of a project to a wheel.

    An editable installation gets none: there the files are those of the repository beside src/.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from conveyor.cli.template import PACKED, template_names

        target = Path("conveyor") / "cli" / PACKED
        build_data["force_include"] |= {
            str(root / name): (target / name).as_posix() for name in template_names(root)
        }
