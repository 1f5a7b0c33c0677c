"""The verdict in writing: JSON for programs, Markdown and HTML for people, tags for MLflow."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from conveyor import files
from conveyor.escape import markdown_table, markdown_text, mlflow_name
from conveyor.gates import GateResult, Verdict
from conveyor.paths import VERDICT_FILE
from conveyor.registry.lineage import lineage_of
from conveyor.registry.model_version import PASSED, ModelVersion

LONGEST_TAG = 4000  # characters; MLflow takes 5000
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1d2430;background:#f6f7f9;margin:0}
main{max-width:68rem;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
.outcome{border-left:.4rem solid;padding:.8rem 1.2rem;background:#fff;margin-bottom:1rem}
.yes{border-color:#1a7f4b}.no{border-color:#b3261e}
table{border-collapse:collapse;width:100%;background:#fff}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;border-bottom:1px solid #e3e6ea}
th{font-weight:600;white-space:nowrap}.mark{white-space:nowrap;font-weight:600}
.passed{color:#1a7f4b}.refused{color:#b3261e}
.numbers{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere;color:#48525f}
"""


def write(folder: Path, version: ModelVersion, verdict: Verdict) -> None:
    """Write verdict.json, verdict.md and verdict.html, with the version's lineage."""
    lineage = lineage_of(version.tags)
    outcome = "promoted to champion" if verdict.promote else "registered, not promoted"
    title = f"{version.name}, version {version.version}: {outcome}"
    content = {
        "version": version.version,
        "promote": verdict.promote,
        "gates": [asdict(result) for result in verdict.results],
        "lineage": lineage,
    }
    with files.replacing_folder(folder) as temporary:
        files.write_json(temporary / VERDICT_FILE, content)
        files.write_text(temporary / "verdict.md", _markdown_page(title, verdict, lineage))
        files.write_text(temporary / "verdict.html", html_page(title, verdict, lineage))


def verdict_tags(verdict: Verdict) -> dict[str, str]:
    """The outcome, the reasons of a refusal, and each gate's result with its numbers."""
    tags = {
        "verdict": PASSED if verdict.promote else "refused",
        "reasons": "; ".join(verdict.reasons)[:LONGEST_TAG],
    }
    for result in verdict.results:
        tags[mlflow_name(f"gate.{result.gate}", tags)] = _gate_tag(result)
    return tags


def _gate_tag(result: GateResult) -> str:
    content = {"passed": result.passed, "reason": result.reason, "numbers": result.numbers}
    text = json.dumps(content, ensure_ascii=False)
    if len(text) <= LONGEST_TAG:
        return text
    short = {**content, "reason": result.reason[:500], "numbers": "in verdict.json"}
    return json.dumps(short, ensure_ascii=False)


def markdown(verdict: Verdict) -> str:
    """A table of all gates with their reasons."""
    rows = []
    for result in verdict.results:
        outcome = "passed" if result.passed else "**refused**"
        rows.append([markdown_text(result.gate), outcome, markdown_text(result.reason)])
    return "\n".join(markdown_table(["gate", "", "why"], rows))


def _markdown_page(title: str, verdict: Verdict, lineage: Mapping[str, str]) -> str:
    origin = "\n".join(f"- {name}: `{value}`" for name, value in lineage.items())
    return f"# {title}\n\n{markdown(verdict)}\n\n## Lineage\n\n{origin}\n"


def html_page(title: str, verdict: Verdict, lineage: Mapping[str, str]) -> str:
    """One page that needs no network: outcome, all gates with numbers (refusals first), lineage."""
    passed = sum(result.passed for result in verdict.results)
    gates = "\n".join(
        f"<tr><th>{escape(result.gate)}</th>{_mark(result.passed)}<td>{escape(result.reason)}</td>"
        f'<td class="numbers">{_numbers(result.numbers)}</td></tr>'
        for result in sorted(verdict.results, key=lambda result: result.passed)
    )
    origin = "\n".join(
        f'<tr><th>{escape(name)}</th><td class="numbers">{escape(value)}</td></tr>'
        for name, value in lineage.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>
<div class="outcome {"yes" if verdict.promote else "no"}"><h1>{escape(title)}</h1>
{passed} of {len(verdict.results)} gates passed</div>
<h2>Gates</h2><table><tr><th>gate</th><th></th><th>why</th><th>numbers</th></tr>
{gates}</table>
<h2>Lineage</h2><table>{origin}</table></main></body></html>
"""


def _mark(passed: bool) -> str:
    outcome = "passed" if passed else "refused"
    return f'<td class="mark {outcome}">{outcome}</td>'


def _numbers(numbers: Mapping[str, Any]) -> str:
    rows = (f"{escape(name)} {escape(_format(value))}" for name, value in numbers.items())
    return "<br>".join(rows)


def _format(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_format(inner)}" for name, inner in value.items())
    return f"{value:.5g}" if isinstance(value, float) else "none" if value is None else str(value)
