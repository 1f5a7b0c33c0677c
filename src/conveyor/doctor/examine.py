"""Runs the checks, and describes what they found."""

from collections.abc import Mapping, Sequence
from typing import Any

from conveyor.doctor import machine, project, records, store
from conveyor.doctor.diagnosis import Check, Diagnosis, problem
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
    "given up": records.check_given_up,
    "leftovers": project.check_leftovers,
    "git": project.check_git,
    "versions": machine.check_versions,
    "GPU": machine.check_gpu,
    "schedule": project.check_schedule,
}
NEED_STORE = ("champion", "runs")  # MLflow would try for minutes to reach a store that is down

Diagnoses = Mapping[str, Sequence[Diagnosis]]


class NotReady(InputError):
    """A job cannot do its work here; the message says what to do first."""

    exit_code = ExitCode.FAILED


def examine(paths: Paths, checks: Mapping[str, Check] = CHECKS) -> Diagnoses:
    """Run the checks. Returns what each of them found, in their order; an error in one of them is a
    problem like another, and does not keep the others from being run."""
    diagnoses: dict[str, list[Diagnosis]] = {}
    for name, check in checks.items():
        if name in NEED_STORE and has_problem({"store": diagnoses.get("store", [])}):
            continue
        try:
            diagnoses[name] = list(check(paths))
        except InputError as error:
            diagnoses[name] = [problem(str(error), "")]
        except Exception as error:
            message = f"the check failed: {type(error).__name__}: {without_secret(str(error))}"
            diagnoses[name] = [problem(message, "")]
    return diagnoses


def has_problem(diagnoses: Diagnoses) -> bool:
    return any(diagnosis.level == "problem" for each in diagnoses.values() for diagnosis in each)


def require_ready(paths: Paths) -> None:
    """Run the quick checks before a job.

    Raises:
        NotReady: a check found a problem; one line for each.
    """
    diagnoses = examine(paths, QUICK)
    lines = [_line(f) for each in diagnoses.values() for f in each if f.level == "problem"]
    if lines:
        raise NotReady("; ".join(lines))


def as_text(diagnoses: Diagnoses) -> str:
    """One line for each check and diagnosis."""
    lines = []
    for name, each in diagnoses.items():
        if not each:
            lines.append(f"ok       {name}")
        lines += [f"{diagnosis.level:8} {name}: {_line(diagnosis)}" for diagnosis in each]
    return "\n".join(lines)


def as_json(diagnoses: Diagnoses) -> dict[str, Any]:
    """The diagnoses as an object for programs; `ok` says whether there is no problem."""
    return {
        "ok": not has_problem(diagnoses),
        "checks": list(diagnoses),
        "diagnoses": [
            {"check": name, "level": f.level, "message": f.message, "remedy": f.remedy}
            for name, each in diagnoses.items()
            for f in each
        ],
    }


def _line(diagnosis: Diagnosis) -> str:
    return (
        f"{diagnosis.message}. Run: {diagnosis.remedy}" if diagnosis.remedy else diagnosis.message
    )
