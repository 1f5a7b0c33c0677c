"""How far a reader has to walk through the code, and how it reads in numbers.

    python benchmarks/rooms.py                  # this folder
    python benchmarks/rooms.py --base db30c09   # beside another revision
    python benchmarks/rooms.py --trace sweep    # the walk of one script, function by function

A walk begins at the script of a stage or a command and follows its calls, depth first in the order
of the source, each function once. A room is a top-level folder of src/conveyor (errors, paths and
files are not counted). A return is an entry into a room that the walk has left before.
"""

import argparse
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from call_graph import Project
from house import House
from walk import Walk

ROOT = Path(__file__).parents[1]


def walks(root: Path) -> dict[str, Walk]:
    """The walk of each script in pipeline/."""
    project = Project.read(root)
    scripts = sorted(path.stem for path in (root / "pipeline").glob("[a-z]*.py"))
    return {script: Walk.of(project, script) for script in scripts}


def checkout(revision: str, folder: Path) -> Path:
    """Write the files of a git revision into a folder."""
    command = ["git", "archive", revision, "src", "pipeline"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def print_tables(roots: dict[str, Path]) -> None:
    """Two Markdown tables: returns of each walk, and the numbers of the house."""
    by_root = {name: walks(root) for name, root in roots.items()}
    scripts = sorted({script for walks_of_root in by_root.values() for script in walks_of_root})
    counts = [
        [script, *(str(walks_of_root[script].returns) if script in walks_of_root else "-"
                   for walks_of_root in by_root.values())]
        for script in scripts
    ]  # fmt: skip
    print(table(["returns of a walk", *roots], counts), end="\n\n")
    numbers = [House.of(root).rows() for root in roots.values()]
    print(table(["", *roots], [[name, *(n[name] for n in numbers)] for name in numbers[0]]))


def trace(script: str) -> None:
    for step in Walk.of(Project.read(ROOT), script).steps:
        mark = f"   <- {'back to' if step.returns else 'into'} {step.entered}" * bool(step.entered)
        print("  " * step.depth + step.name.removeprefix("conveyor.") + mark)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", metavar="REV", help="a git revision to show beside this folder")
    parser.add_argument("--trace", metavar="SCRIPT", help="print the walk of one script")
    args = parser.parse_args()
    if args.trace:
        trace(args.trace)
        return
    with tempfile.TemporaryDirectory() as folder:
        base = {args.base: checkout(args.base, Path(folder))} if args.base else {}
        print_tables({**base, "here": ROOT})


if __name__ == "__main__":
    main()
