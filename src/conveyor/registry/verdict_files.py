"""The verdict in writing: JSON for programs, Markdown and HTML for people, tags for MLflow."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.escape import mlflow_name
from conveyor.gates import GateResult, Verdict
from conveyor.pages import load_templates
from conveyor.paths import VERDICT_FILE
from conveyor.registry.lineage import LINEAGE
from conveyor.registry.model_version import PASSED, WAIVED, ModelVersion

LONGEST_TAG = 4000  # characters; MLflow takes 5000


def write(folder: Path, version: ModelVersion, verdict: Verdict) -> None:
    """Write verdict.json, verdict.md and verdict.html, with the version's lineage."""
    outcome = "promoted to champion" if verdict.promote else "registered, not promoted"
    title = f"{version.name}, version {version.version}: {outcome}"
    content = {
        "version": version.version,
        "promote": verdict.promote,
        "gates": [asdict(result) for result in verdict.results],
        "lineage": {tag: version.tags[tag] for tag in LINEAGE.values() if tag in version.tags},
    }
    with files.replacing_folder(folder) as temporary:
        files.write_json(temporary / VERDICT_FILE, content)
        for name in ("verdict.md", "verdict.html"):
            page = PAGES.get_template(name).render(title=title, results=verdict.results, **content)
            files.write_text(temporary / name, page)


def render_markdown(verdict: Verdict) -> str:
    """A table of all gates with their reasons."""
    return PAGES.get_template("gates.md").render(results=verdict.results).rstrip()


def verdict_tags(verdict: Verdict) -> dict[str, str]:
    """The outcome, the reasons of a refusal or of a waiver, and each gate's result with its
    numbers."""
    tags = {
        "verdict": PASSED if verdict.promote else "refused",
        "reasons": "; ".join(verdict.reasons)[:LONGEST_TAG],
    }
    if verdict.waived:
        tags[WAIVED] = verdict.waived[:LONGEST_TAG]
    for result in verdict.results:
        tags[mlflow_name(f"gate.{result.gate}", tags)] = _gate_tag(result)
    return tags


def _gate_tag(result: GateResult) -> str:
    content = {"passed": result.passed, "reason": result.reason, "numbers": result.numbers}
    if result.waived is not None:
        content["waived"] = result.waived
    text = json.dumps(content, ensure_ascii=False)
    if len(text) <= LONGEST_TAG:
        return text
    short = {**content, "reason": result.reason[:500], "numbers": "in verdict.json"}
    return json.dumps(short, ensure_ascii=False)


def _number(value: Any) -> str:
    """A number of a gate as text; some gates have a number for each slice."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_number(inner)}" for name, inner in value.items())
    return f"{value:.5g}" if isinstance(value, float) else "none" if value is None else str(value)


PAGES = load_templates(__file__, number=_number)
