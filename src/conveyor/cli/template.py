"""The files of a new project, which are this repository's own pipeline/, conf/ and dvc.yaml.

A wheel carries them as a folder of this package, where hatch_build.py puts them; an editable
installation takes those of the repository.
"""

import re
from pathlib import Path

CLI = Path(__file__).parent
VERSION_FILE = "conveyor.version"
PACKED = "template"  # the folder in a wheel
# What a new project gets, beside its own dvc.yaml and Makefile.
FOLDERS = ("pipeline", "conf", "schema", "data/raw/japanese_vowels", "data/raw/vader_tweets",
           "data/raw/trips", "data/raw/shop_visits", "data/raw/long_memory")  # fmt: skip
FILES = ("dvc.yaml", "params.yaml", ".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore",
         "artifacts/receipt/README.md", "extensions.py", "data/init/README.md",
         "data/init/.gitignore")  # fmt: skip
# Those which are the project's own from then on: `conveyor upgrade` leaves them alone.
OWN = ("data/", "artifacts/", ".dvc/", "params.yaml", "extensions.py")
HEADER = f"""\
# compose -> prepare -> sweep -> train -> evaluate -> register
# A stage lists the keys of artifacts/config.yaml that it reads. In place of the files of the
# installed package it depends on {VERSION_FILE}, which `conveyor upgrade` rewrites.
"""


def project_files() -> dict[str, Path | bytes]:
    """Return the files of a new project by name: the file to copy, or the content."""
    packed = CLI / PACKED
    root = packed if packed.is_dir() else CLI.parents[2]
    copied: dict[str, Path | bytes] = {name: root / name for name in template_names(root)}
    dvc_yaml = depend_on_package((root / "dvc.yaml").read_text("utf-8"))
    return copied | {"dvc.yaml": dvc_yaml.encode(), "Makefile": CLI / "templates" / "Makefile"}


def template_names(root: Path) -> list[str]:
    """Return the names of the files below `root` that a new project begins with."""
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*"))]
    return [*(path.relative_to(root).as_posix() for path in paths if is_source(path)), *FILES]


def is_source(path: Path) -> bool:
    """Return whether a path is a file that people wrote, not Python's bytecode."""
    return path.is_file() and path.suffix != ".pyc"


def depend_on_package(dvc_yaml: str) -> str:
    """Let the stages of a dvc.yaml depend on the installed package in place of its files.

    >>> print(depend_on_package('''# The belt.
    ... stages:
    ...   compose:
    ...     cmd: PYTHONPATH=src pipeline/python -m pipeline.compose
    ...     deps:
    ...       - conf
    ...       - pipeline/compose.py
    ...       - src/conveyor/compose.py
    ... ''').partition("stages:")[2])
    <BLANKLINE>
      compose:
        cmd: pipeline/python -m pipeline.compose
        deps:
          - conf
          - pipeline/compose.py
          - conveyor.version
    <BLANKLINE>
    """
    stages = "stages:" + dvc_yaml.partition("\nstages:")[2]
    stages = stages.replace("cmd: PYTHONPATH=src ", "cmd: ")
    stages = re.sub(r"^ +- src/.*\n", "", stages, flags=re.MULTILINE)
    stages = re.sub(
        r"^( +- )pipeline/.*\n", rf"\g<0>\1{VERSION_FILE}\n", stages, flags=re.MULTILINE
    )
    return HEADER + stages
