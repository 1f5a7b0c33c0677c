"""Check the licences of the installed packages of the lock files: `make licences`.

A package may be used if its own metadata name an allowed licence, or if it is an exception that is
named here with its reason.
"""

import re
import sys
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

FOLDER = Path(__file__).parent
# Licences that ask for a notice, or for the source of changed files, and for nothing of the rest.
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause",
    "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "OFL-1.1", "PSF-2.0", "Unlicense",
    "Zlib", "ZPL-2.1",
}  # fmt: skip
# How metadata without an SPDX expression name them.
OLD_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Zope Public License": "ZPL-2.1",
}
EXCEPTIONS = {
    "asyncssh": "EPL-2.0; comes with DVC, which uses it for SSH remotes, and is used unchanged",
    "axe-playwright-python": "MIT by the file in its package; for tests, with axe-core (MPL-2.0)",
    "grandalf": "GPL-2.0 or EPL-1.0; comes with DVC, for `dvc dag`, and is used unchanged",
    "huey": "MIT by the file in its package; comes with MLflow",
    "namex": "Apache-2.0 by the file in its package; comes with Keras",
    "psycopg": "LGPL-3.0; of the extra postgres, a library that is used unchanged",
    "psycopg-binary": "LGPL-3.0; of the extra postgres, a library that is used unchanged",
    "psycopg2-binary": "LGPL-3.0; of the extra postgres, a library that is used unchanged",
    "pygit2": "GPL-2.0 with an exception for programs that link it; comes with DVC",
    "skops": "MIT by the file in its package; comes with MLflow",
}
NO_LICENCE = ("OSI Approved", "DFSG approved")  # classifiers that name none


def licence_of(package: PackageMetadata) -> str:
    """The SPDX expression of a package, or what its older fields say in its place."""
    expression = package.get("License-Expression")
    if expression:
        return expression
    classifiers = [c.split(" :: ")[-1] for c in package.get_all("Classifier") or ()
                   if c.startswith("License") and not c.endswith(NO_LICENCE)]  # fmt: skip
    names = classifiers or (package.get("License") or "").strip().splitlines()[:1]
    return " AND ".join(OLD_NAMES.get(name.strip(), name.strip()) for name in names)


def is_allowed(expression: str) -> bool:
    """Whether an expression can be met by allowed licences; its brackets hold alternatives.

    >>> is_allowed("MPL-2.0 AND (GPL-3.0 OR MIT)"), is_allowed("MIT AND GPL-3.0"), is_allowed("")
    (True, False, False)
    """
    return all(
        any(term.strip("() ") in ALLOWED for term in re.split(r"\s+OR\s+", part))
        for part in re.split(r"\s+AND\s+", expression)
    )


def locked_names() -> list[str]:
    """The packages of all lock files."""
    lines = [line for lock in FOLDER.glob("*.lock") for line in lock.read_text().splitlines()]
    return sorted({line.partition("==")[0] for line in lines if line[:1].isalnum()})


def main() -> int:
    """Print the packages of each licence. Returns 1 if one of them is not allowed."""
    by_licence: dict[str, list[str]] = {}
    refused, used = [], set()
    for name in locked_names():
        try:
            licence = licence_of(metadata(name))
        except PackageNotFoundError:  # of another system, or of an extra that is not installed
            continue
        by_licence.setdefault(licence, []).append(name)
        if name in EXCEPTIONS:
            used.add(name)
        elif not is_allowed(licence):
            refused.append(f"{name}: {licence or 'its metadata name no licence'}")
    for licence, names in sorted(by_licence.items(), key=lambda item: -len(item[1])):
        print(f"{len(names):4}  {licence or 'none named'}: {', '.join(names)}")
    for name in sorted(used):
        print(f"exception: {name}: {EXCEPTIONS[name]}")
    for line in refused:
        print(f"not allowed: {line}", file=sys.stderr)
    return bool(refused)


if __name__ == "__main__":
    sys.exit(main())
