"""Look at the project and at what surrounds it; say what is wrong, and which command mends it.

Nothing is changed, except what each command puts right first after one that was killed.

exit codes:
  0  no problem; notes need nothing to be done
  1  a problem
"""

import json
from argparse import ArgumentParser, Namespace

from conveyor.doctor.examine import as_json, as_text, examine, has_problem
from conveyor.paths import Paths
from pipeline import run_script


def doctor(args: Namespace) -> int:
    diagnoses = examine(Paths())
    print(json.dumps(as_json(diagnoses), indent=2) if args.json else as_text(diagnoses))
    return int(has_problem(diagnoses))


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the diagnoses as JSON")


if __name__ == "__main__":
    run_script(doctor, __doc__, add_options)
