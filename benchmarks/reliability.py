"""Counts what the tests of reliability try, and how much of it ends as promised.

    python benchmarks/reliability.py                # all; some minutes, in the tests' environment
    python benchmarks/reliability.py requests       # one of: bad_inputs, requests, secrets
    python benchmarks/reliability.py --print        # the table of what was measured so far

Runs these tests and reads the numbers that they record; writes reliability.json. The table also has
the results of `make chaos` and benchmarks/slow_server.py, which they have written.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree

from conveyor import files

HERE = Path(__file__).parent
ROOT, RESULT = HERE.parent, Path(__file__).with_suffix(".json")
BELT = "tests/belt/test_belt.py"
TESTS = {
    "bad_inputs": ["tests/badinput/test_badinput.py", "-k", "a_bad_file or a_bad_configuration"],
    "requests": ["tests/server/test_fuzz.py", "-k", "ten_thousand"],
    "secrets": [f"{BELT}::test_no_secret_is_written_or_printed"],
}
NOT_RUN = "not run"


def run_tests(arguments: list[str]) -> dict[str, Any]:
    """Run tests.

    Returns:
        `passed` and `failed`: the number of tests; and the sum of each number that they record.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-m", "", "-p", "no:cacheprovider",
                   f"--junitxml={report}", *arguments]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=False)
        return count(ElementTree.parse(report).getroot())


def count(report: ElementTree.Element) -> dict[str, Any]:
    """The numbers of pytest's report in XML, as `run_tests` returns them."""
    numbers = Counter[str]({"passed": 0, "failed": 0})
    for case in report.iter("testcase"):
        has_failed = case.find("failure") is not None or case.find("error") is not None
        numbers["failed" if has_failed else "passed"] += 1
        for number in case.iter("property"):
            numbers[str(number.get("name"))] += int(str(number.get("value")))
    return dict(numbers)


def describe_kills(result: dict[str, Any]) -> str:
    parts = result["experiments"].values()
    killed, problems = (sum(part["killed"] for part in parts),
                        sum(len(part["problems"]) for part in parts))  # fmt: skip
    locks = sum(part["half_written_locks"] for part in parts)
    return f"{killed} kills, {problems} problems; {locks} times `dvc.lock` was left half-written"


def describe_bad_inputs(result: dict[str, Any]) -> str:
    total = result["passed"] + result["failed"]
    return (
        f"{result['passed']} of {total}: {result['refused']} are refused, {result['read']} are odd "
        "but read"
    )


def describe_requests(result: dict[str, Any]) -> str:
    statuses = {name.removeprefix("status_"): number for name, number in sorted(result.items())
                if name.startswith("status_")}  # fmt: skip
    counts = ", ".join(f"{number:,} × {status}" for status, number in statuses.items())
    wrong = f"in {result['failed']} of the tests a wrong one" if result["failed"] else "0 wrong"
    return f"{sum(statuses.values()):,} answers, {wrong} ({counts})"


def describe_secrets(result: dict[str, Any]) -> str:
    if "leaks" not in result:
        return "the test ended before it searched"
    return f"{result['leaks']} of {result['planted']} planted ones"


def describe_slow_server(result: dict[str, Any]) -> str:
    seconds = {name: median(values) for name, values in result["seconds"].items()}
    return (
        f"{result['added_share']:+.1%}: {seconds['slow']:.1f} s beside {seconds['direct']:.1f} s "
        f"(medians of {len(result['seconds']['slow'])}, `{result['experiment']}`, "
        f"{result['updates']} updates)"
    )


# What is promised, the bar, and what was measured, of a stored result.
ROWS: list[tuple[str, str, str, Callable[[dict[str, Any]], str]]] = [
    ("nothing is lost when a command is killed at a random instant (`make chaos`)",
     "200 kills, 0 problems", "chaos", describe_kills),
    ("a bad file or configuration ends with a clear message, and nothing half-written",
     "120, all of them", "bad_inputs", describe_bad_inputs),
    ("a malformed request gets a right answer or a clear refusal within 5 s, and leaves no memory",
     "10,000 requests, 0 wrong", "requests", describe_requests),
    ("no secret is in what a first `retrain`, `promote why` and `doctor` write or print",
     "0", "secrets", describe_secrets),
    ("training with an MLflow server that answers after 2 s takes no longer "
     "(`benchmarks/slow_server.py`)", "+10 %", "slow_server", describe_slow_server),
]  # fmt: skip


def table() -> str:
    """The table, as Markdown."""
    stored = read(RESULT) | {name: read(HERE / f"{name}.json") for name in ("chaos", "slow_server")}
    lines = ["| promise | bar | measured |", "| --- | --- | --- |"]
    for promise, bar, name, describe in ROWS:
        result = stored.get(name)
        lines.append(f"| {promise} | {bar} | {describe(result) if result else NOT_RUN} |")
    return "\n".join(lines)


def read(path: Path) -> dict[str, Any]:
    return files.read_json(path) if path.is_file() else {}


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("part", nargs="*", help=f"of {', '.join(TESTS)}; without it, all")
    parser.add_argument("--print", action="store_true", help="print the table, and measure nothing")
    args = parser.parse_args()
    unknown = set(args.part) - set(TESTS)
    if unknown:
        parser.error(f"part: expected one of {', '.join(TESTS)}; got {', '.join(sorted(unknown))}")
    for name in [] if args.print else args.part or TESTS:
        files.write_json(RESULT, read(RESULT) | {name: run_tests(TESTS[name])})
    print(table())


if __name__ == "__main__":
    main()
