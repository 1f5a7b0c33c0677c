"""The verdict in writing: JSON for programs, Markdown and HTML for people, tags for MLflow."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.escape import markdown_text, mlflow_name
from conveyor.gates import GateResult, Verdict
from conveyor.pages import load_templates
from conveyor.paths import VERDICT_FILE
from conveyor.registry.lineage import LINEAGE
from conveyor.registry.model_version import PASSED, WAIVED, ModelVersion

LONGEST_TAG = 4000  # characters
LONGEST_GATES = (
    60_000  # characters of the tags of all gates; MLflow takes 100,000 in a version's tag
)
LONGEST_DESCRIPTION = 4000  # characters; MLflow takes 5000
DIGITS = 12  # of a digest, for people
GATE = "gate."  # prefix of the tag of a gate's result


def write(folder: Path, version: ModelVersion, verdict: Verdict) -> None:
    """Write verdict.json, verdict.md and verdict.html, with the version's lineage."""
    outcome = "promoted to champion" if verdict.promote else "registered, not promoted"
    day = datetime.fromtimestamp(version.created, UTC).date()
    model = f", model {version.digest[:DIGITS]}" if version.digest else ""
    title = f"{version.name}, version {version.version}{model}, {day}: {outcome}"
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


def describe(verdict: Verdict, sentence: str) -> str:
    """The description of a version: a sentence, which MLflow's table of versions shows, and the
    table of the gates; Markdown."""
    return f"{markdown_text(sentence)}\n\n{render_markdown(verdict)}"[:LONGEST_DESCRIPTION]


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
    longest = min(LONGEST_TAG, LONGEST_GATES // max(1, len(verdict.results)))
    for number, result in enumerate(verdict.results):
        tags[mlflow_name(f"{GATE}{result.gate}", tags)] = _gate_tag(result, number, longest)
    return tags


def verdict_of(version: ModelVersion) -> Verdict | None:
    """The verdict that the tags of a version hold; None where no gate was asked.

    A tag of an earlier version of the program lacks the gate's place and exact name, and one that
    was too long lacks the numbers.
    """
    if version.verdict is None:
        return None
    tags = {key: json.loads(tag) for key, tag in version.tags.items() if key.startswith(GATE)}
    return Verdict(
        [
            GateResult(
                tag.get("gate", key.removeprefix(GATE)),
                tag["passed"],
                tag["reason"],
                tag["numbers"] if isinstance(tag["numbers"], dict) else {},
                tag.get("waived"),
            )
            for key, tag in sorted(tags.items(), key=lambda item: item[1].get("number", 0))
        ]
    )


def _gate_tag(result: GateResult, number: int, longest: int) -> str:
    content = {"gate": result.gate, "number": number, "passed": result.passed,
               "reason": result.reason, "numbers": result.numbers}  # fmt: skip
    if result.waived is not None:
        content["waived"] = result.waived
    text = json.dumps(content, ensure_ascii=False)
    if len(text) <= longest:
        return text
    short = {**content, "reason": result.reason[: longest // 8], "numbers": "in verdict.json"}
    return json.dumps(short, ensure_ascii=False)


def _number(value: Any) -> str:
    """A number of a gate as text; some gates have a number for each slice."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_number(inner)}" for name, inner in value.items())
    return f"{value:.5g}" if isinstance(value, float) else "none" if value is None else str(value)


PAGES = load_templates(__file__, number=_number)
