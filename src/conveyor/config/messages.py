"""Pydantic's errors in this project's form: FIELD: expected X; got Y. Where to change it."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Origin = Callable[[str], str]  # dotted key -> the file in which it stands

LONGEST_VALUE = 200  # characters of a value in a message
DISCRIMINATORS = ("kind", "by", "task")  # fields whose value chooses the class of their section
# Settings of earlier versions, and what to write instead.
MOVED = {
    "dataset.columns.label": "dataset.target, as in `target: {task: classification, column: NAME}`",
    "dataset.checks.min_rows_per_class": "dataset.checks.min_rows",
    "dataset.labels": "dataset.target, as in `target: {task: classification, column: NAME, "
    "classes: null, thresholds: null}`",
    "dataset.source.quoted": "dataset.source.quote, as in `quote: '\"'` for quotation marks, or "
    "`quote: null` where quotes are text",
    "evaluate.calibration_bins": "evaluate.report.calibration_bins",
    "gates.max_ece": "gates.bars.ece, as in `bars: {ece: {min: null, max: 0.25}}`",
    "retrain.when.accuracy": "retrain.when.score, as in `score: {worse_than: 0.9, rows: 50}`",
    "sweep.pruner.warmup_epochs": "sweep.pruner.warmup_validations",
    "train.class_weights": "head.class_weights",
    "train.label_smoothing": "head.label_smoothing",
}
# Pydantic's wording -> this project's. The rules apply in this order.
REWORDINGS = (
    (r"^Value error, ", ""),
    (r", unable to parse .*| or instance of .*| after validation, not \d+$", ""),
    (r"^String should match pattern ", "expected a match of "),
    (r"^Input should be a valid (?=[aeiou])", "expected an "),
    (r"^Input should be a valid ", "expected a "),
    (r"^Input should be (?=greater|less)", "expected a number "),
    (r"^(Input should be|\w+ should have) ", "expected "),
)


def explain(error: ValidationError, values: Mapping[str, Any], origin: Origin) -> str:
    """Describe every bad field of an error, one per line.

    Args:
        values: what was refused.
        origin: names the file in which a dotted key stands.
    """
    reasons: dict[
        str, list[str]
    ] = {}  # by dotted key; several where a value may have several forms
    for detail in error.errors():
        keys, section = _locate(detail, values)
        reason = _reason(detail)
        if detail["type"] == "extra_forbidden":
            missing = [d["loc"][-1] for d in error.errors() if d["type"] == "missing"
                       and d["loc"][:-1] == detail["loc"][:-1]]  # fmt: skip
            settings = [str(key) for key in (*section, *missing) if key != keys[-1]]
            moved = MOVED.get(".".join(map(str, keys)))
            reason += f"; it is now {moved}" if moved else suggest(str(keys[-1]), settings)
        reasons.setdefault(".".join(map(str, keys)), []).append(reason)
    lines = ["the configuration is not valid:"]
    for dotted, of_key in reasons.items():
        if not dotted:
            lines += [f"  {reason}" for reason in of_key]
            continue
        for reason in _join_alternatives(of_key):
            stop = "" if reason.endswith("?") else "."
            lines.append(f"  {dotted}: {reason}{stop} Change it in {origin(dotted)}")
    return "\n".join(lines)


def _join_alternatives(reasons: Sequence[str]) -> Sequence[str]:
    """Join "expected A; got X" and "expected B; got X" to "expected A or B; got X"."""
    parts = [re.fullmatch(r"expected (.*); got (.*)", reason, re.DOTALL) for reason in reasons]
    if None in parts or len({part[2] for part in parts if part}) > 1:
        return reasons
    expected = " or ".join(part[1] for part in parts if part)
    return [f"expected {expected}; got {parts[0][2]}"] if parts[0] else reasons


def explain_first(error: ValidationError, values: Mapping[str, Any]) -> str:
    """Describe the first bad value of a file that the program wrote, without a full stop."""
    detail = error.errors()[0]
    keys, _ = _locate(detail, values)
    if detail["type"] == "extra_forbidden":
        return f"expected no key {'.'.join(map(str, keys))!r}; got {str(detail['input'])[:80]!r}"
    return f"{'.'.join(map(str, keys))}: {_reason(detail)}"


def suggest(name: str, names: Sequence[str]) -> str:
    """Return `; did you mean NAME?` with the name that resembles `name`; empty if none does."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _reason(detail: ErrorDetails) -> str:
    value, message = detail["input"], detail["msg"]
    match detail["type"]:
        case "extra_forbidden":
            return "there is no such setting"
        case "missing" | "union_tag_not_found":
            return "expected a value; got none"
        case "union_tag_invalid":
            context = detail.get("ctx", {})
            expected, last = context["expected_tags"].rsplit(", ", 1)
            return f"expected {expected} or {last}; got {context['tag']!r}"
        case "secret":
            return message  # without the value, which may contain a password
    for pattern, replacement in REWORDINGS:
        message = re.sub(pattern, replacement, message)
    # A section is too long to be repeated in a message.
    repeated = "; got " in message or isinstance(value, Mapping | BaseModel)
    return message if repeated else f"{message}; got {_shorten(repr(value))}"


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _locate(detail: ErrorDetails, values: Mapping[str, Any]) -> tuple[list[str | int], Any]:
    """The keys that lead to a bad field, and the mapping or list in which it stands or is missing.

    Pydantic's location also names the arms of unions, as in `dataset.text.columns`.
    """
    node: Any = values
    section, keys = node, []
    for i, part in enumerate(detail["loc"], start=1):
        is_last = i == len(detail["loc"])
        if isinstance(node, Mapping):
            if not is_last and part in [node.get(field) for field in DISCRIMINATORS]:
                continue
            inside = part in node
        else:
            inside = isinstance(node, list) and isinstance(part, int)
        if inside or (is_last and detail["type"] == "missing"):
            keys.append(part)
            section = node
        node = node[part] if inside else node  # type: ignore[index]
    if detail["type"].startswith("union_tag"):
        keys.append(detail.get("ctx", {})["discriminator"].strip("'"))
    return keys, section
