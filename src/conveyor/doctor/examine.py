"""Runs the checks, and describes what they found."""

from collections.abc import Mapping, Sequence
from typing import Any

from conveyor.doctor import machine, project, records, store
from conveyor.doctor.finding import Check, Finding, problem
from conveyor.errors import ExitCode, InputError
from conveyor.paths import Paths
from conveyor.secrets import without_secret

# Less than a second, and each problem is one with which no command can do its work.
QUICK: Mapping[str, Check] = {
    "dvc.lock": project.check_dvc_lock,
    "environment": machine.check_environment_variables,
    "disk": machine.check_disk,
    "store": store.check_store,
}
CHECKS: Mapping[str, Check] = {
    **QUICK,
    "configuration": project.check_configuration,
    "champion": records.check_champion,
    "runs": records.check_runs,
    "leftovers": project.check_leftovers,
    "git": project.check_git,
    "versions": machine.check_versions,
    "GPU": machine.check_gpu,
    "schedule": project.check_schedule,
}
NEED_STORE = ("champion", "runs")  # MLflow would try for minutes to reach a store that is down

Findings = Mapping[str, Sequence[Finding]]


class NotReady(InputError):
    """A job cannot do its work here; the message says what to do first."""

    exit_code = ExitCode.FAILED


def examine(paths: Paths, checks: Mapping[str, Check] = CHECKS) -> Findings:
    """Run the checks. Returns what each of them found, in their order; an error in one of them is a
    problem like another, and does not keep the others from being run."""
    findings: dict[str, list[Finding]] = {}
    for name, check in checks.items():
        if name in NEED_STORE and has_problem({"store": findings.get("store", [])}):
            continue
        try:
            findings[name] = list(check(paths))
        except InputError as error:
            findings[name] = [problem(str(error), "")]
        except Exception as error:
            message = f"the check failed: {type(error).__name__}: {without_secret(str(error))}"
            findings[name] = [problem(message, "")]
    return findings


def has_problem(findings: Findings) -> bool:
    return any(finding.level == "problem" for each in findings.values() for finding in each)


def require_ready(paths: Paths) -> None:
    """Run the quick checks before a job.

    Raises:
        NotReady: a check found a problem; one line for each.
    """
    findings = examine(paths, QUICK)
    lines = [_line(f) for each in findings.values() for f in each if f.level == "problem"]
    if lines:
        raise NotReady("; ".join(lines))


def as_text(findings: Findings) -> str:
    """One line for each check and finding."""
    lines = []
    for name, each in findings.items():
        if not each:
            lines.append(f"ok       {name}")
        lines += [f"{finding.level:8} {name}: {_line(finding)}" for finding in each]
    return "\n".join(lines)


def as_json(findings: Findings) -> dict[str, Any]:
    """The findings as an object for programs; `ok` says whether there is no problem."""
    return {
        "ok": not has_problem(findings),
        "checks": list(findings),
        "findings": [
            {"check": name, "level": f.level, "message": f.message, "remedy": f.remedy}
            for name, each in findings.items()
            for f in each
        ],
    }


def _line(finding: Finding) -> str:
    return f"{finding.message}. Run: {finding.remedy}" if finding.remedy else finding.message
