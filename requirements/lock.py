"""Write the lock files of this folder: `make lock`.

All dependencies are resolved at once, so that every file pins the same versions. `belt.lock` holds
what the belt needs; `<addition>.lock` holds what a group or an extra of pyproject.toml needs beyond
it. Versions that are locked already stay, unless pyproject.toml no longer allows them; delete the
lock files to take the newest versions.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent
COMPILE = ("-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes",
           "--no-emit-index-url", "--no-header", "--python-version", "3.11")  # fmt: skip
BUILD = "build"  # the group that an editable installation needs: part of belt.lock


def compile_lock(output: Path, *options: str) -> None:
    """Resolve pyproject.toml into `output`; pins that the file has already are preferred."""
    command = [sys.executable, *COMPILE, *options, "-o", str(output)]
    subprocess.run(command, cwd=FOLDER.parent, check=True)


def entries(lock: Path) -> dict[str, str]:
    """Each pinned requirement of a lock file, with the lines of its hashes and origins."""
    blocks: dict[str, str] = {}
    pin = ""
    for line in lock.read_text().splitlines(keepends=True):
        if line.startswith("    #   -c "):  # names the temporary file of the whole resolution
            continue
        if not line.startswith((" ", "#")):
            pin = line.removesuffix("\n").removesuffix(" \\")
            blocks[pin] = ""
        blocks[pin] += line
    return blocks


def main() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    additions = {name: ["--group", name] for name in groups if name != BUILD}
    for extra in project["project"]["optional-dependencies"]:
        additions[extra] = ["pyproject.toml", "--extra", extra]

    with tempfile.TemporaryDirectory() as temporary:
        resolution = Path(temporary) / "resolution.txt"
        pins = {
            pin: block for lock in FOLDER.glob("*.lock") for pin, block in entries(lock).items()
        }
        resolution.write_text("".join(pins.values()))
        all_groups = [option for group in groups for option in ("--group", group)]
        compile_lock(resolution, "pyproject.toml", "--all-extras", *all_groups)

        pinned = ["--constraint", str(resolution)]
        belt = Path(temporary) / "belt.txt"
        compile_lock(belt, "pyproject.toml", "--group", BUILD, *pinned)
        needed = entries(belt)
        (FOLDER / "belt.lock").write_text("".join(needed.values()))
        for name, options in additions.items():
            lock = Path(temporary) / f"{name}.txt"
            compile_lock(lock, *options, *pinned)
            added = [block for pin, block in entries(lock).items() if pin not in needed]
            (FOLDER / f"{name}.lock").write_text("".join(added))


if __name__ == "__main__":
    main()
