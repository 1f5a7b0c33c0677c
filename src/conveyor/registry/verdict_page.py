"""The verdict as one page that needs no network."""

from collections.abc import Mapping
from html import escape
from typing import Any

from conveyor.gates.verdict import Verdict

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


def verdict_page(title: str, verdict: Verdict, lineage: Mapping[str, str]) -> str:
    """HTML of the verdict: outcome, every gate with its numbers, where the model comes from."""
    passed = sum(result.passed for result in verdict.results)
    gates = "\n".join(
        f"<tr><th>{escape(one.gate)}</th>{_mark(one.passed)}<td>{escape(one.reason)}</td>"
        f'<td class="numbers">{_numbers(one.numbers)}</td></tr>'
        for one in sorted(verdict.results, key=lambda result: result.passed)
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
    word = "passed" if passed else "refused"
    return f'<td class="mark {word}">{word}</td>'


def _numbers(numbers: Mapping[str, Any]) -> str:
    return "<br>".join(f"{escape(name)} {escape(_shown(value))}" for name, value in numbers.items())


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(inner)}" for name, inner in value.items())
    return f"{value:.5g}" if isinstance(value, float) else "none" if value is None else str(value)
