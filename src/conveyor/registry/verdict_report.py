"""The verdict as files, for people and for the retraining job."""

from collections.abc import Mapping
from pathlib import Path

from conveyor import files
from conveyor.gates.verdict import Verdict
from conveyor.paths import VERDICT_FILE
from conveyor.registry.verdict_page import verdict_page


def write(
    folder: Path, name: str, version: str, verdict: Verdict, lineage: Mapping[str, str]
) -> None:
    """Write verdict.json, verdict.md and verdict.html.

    Args:
        lineage: where the version comes from: what it is called, and the value.
    """
    outcome = "promoted to champion" if verdict.promote else "registered, not promoted"
    title = f"{name}, version {version}: {outcome}"
    told = {"version": version, **verdict.as_json(), "lineage": dict(lineage)}
    origin = "\n".join(f"- {what}: `{value}`" for what, value in lineage.items())
    page = f"# {title}\n\n{verdict.as_markdown()}\n\n## Lineage\n\n{origin}\n"
    with files.replacing_folder(folder) as made:
        files.write_json(made / VERDICT_FILE, told)
        files.write_text(made / "verdict.md", page)
        files.write_text(made / "verdict.html", verdict_page(title, verdict, lineage))
