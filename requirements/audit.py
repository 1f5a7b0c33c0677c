"""Look for known vulnerabilities in the locked packages: `make audit`. Needs the network.

pip-audit counts a package of which the server knows nothing as sound. Here it counts as not looked
at, so that no answer is no good news.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
AUDIT = (sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json",
         "--progress-spinner", "off")  # fmt: skip


def audit(lock: Path, command: Sequence[str] = AUDIT) -> int:
    """Print what is known of the packages of a lock file.

    Returns:
        0: nothing is known against any of them; 1: there are vulnerabilities; 2: not all of them
        could be looked up.
    """
    done = subprocess.run([*command, "--requirement", lock], capture_output=True, text=True,
                          check=False)  # fmt: skip
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last_line = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        print(
            f"{lock.name}: expected an answer from pypi.org; got {last_line[:200]}. "
            "Run `make audit` where the network reaches it",
            file=sys.stderr,
        )
        return 2
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    weak = [package for package in packages if package.get("vulns")]
    for package in weak:
        for weakness in package["vulns"]:
            fixed = ", ".join(weakness["fix_versions"]) or "no version"
            print(f"{package['name']} {package['version']}: {weakness['id']}, mended in {fixed}")
    if unknown:
        print(
            f"{lock.name}: expected an answer about {len(packages)} packages; got none about "
            f"{len(unknown)} of them, such as {unknown[0]}. Run `make audit` where the network "
            "reaches pypi.org itself",
            file=sys.stderr,
        )
    print(f"{lock.name}: {len(packages) - len(unknown)} packages looked up, {len(weak)} of them "
          "with known vulnerabilities")  # fmt: skip
    return 2 if unknown else int(bool(weak))


if __name__ == "__main__":
    sys.exit(max(audit(lock) for lock in sorted(FOLDER.glob("*.lock"))))
