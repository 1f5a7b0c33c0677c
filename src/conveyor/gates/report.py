"""The verdict as files, for people and for the retraining job."""

from pathlib import Path

from conveyor import files
from conveyor.gates.decide import Verdict

VERDICT_FILE = "verdict.json"


def write(folder: Path, name: str, version: str, verdict: Verdict) -> None:
    """Write verdict.json and verdict.md."""
    outcome = "promoted to champion" if verdict.promote else "registered, not promoted"
    title = f"# {name}, version {version}: {outcome}"
    with files.replacing_folder(folder) as made:
        files.write_json(made / VERDICT_FILE, {"version": version, **verdict.as_json()})
        files.write_text(made / "verdict.md", f"{title}\n\n{verdict.as_markdown()}\n")
