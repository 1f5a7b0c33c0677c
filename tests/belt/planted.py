"""Secrets in the places where people put them, and the search for them in all that is written."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from clone import Clone

# Each secret is its place and this, so that a leak says where it is from. In two parts, since the
# clone has this file too.
MARK = "-".join(("planted", "3f9c61"))

PLACES: set[str] = set()  # of the secrets so far


def secret(place: str) -> str:
    PLACES.add(place)
    return f"{place.replace(' ', '-')}-{MARK}"


@dataclass(frozen=True)
class Planted:
    """The secrets of a clone.

    Attributes:
        variables: of the commands' environment.
        homes: the files that hold a secret, as people wrote them.
    """

    variables: dict[str, str] = field(default_factory=dict)
    homes: list[Path] = field(default_factory=list)

    @classmethod
    def plant(cls, clone: Clone) -> "Planted":
        """Twelve of them: five variables, five files, and two settings of git."""
        names = ("AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD", "HF_TOKEN", "PGPASSWORD")
        variables = {name: secret(name) for name in names}
        variables["DATABASE_URL"] = f"postgresql://me:{secret('database url')}@127.0.0.1:9/rows"
        url = "https://127.0.0.1:9/cache"
        remote = f"['remote \"store\"']\n    url = {url}\n    password = {secret('dvc')}\n"
        contents = {
            ".env": f"PASSWORD={secret('env file')}\n",
            ".dvc/config.local": remote,
            "api.token": secret("token file"),
            "tls.key": secret("key file"),
            "deploy/.netrc": f"machine a login b password {secret('netrc')}\n",
        }
        homes = [clone.root / name for name in contents]
        for path, content in zip(homes, contents.values(), strict=True):
            path.write_text(content)
        clone.git("remote", "add", "origin", f"https://me:{secret('git remote')}@example.org/x.git")
        clone.git("config", "http.extraheader", f"Authorization: Basic {secret('git header')}")
        return cls(variables, [*homes, clone.root / ".git/config"])

    def remove(self, clone: Clone) -> None:
        for path in self.homes[:-1]:
            path.unlink()
        clone.git("remote", "remove", "origin")
        clone.git("config", "--unset", "http.extraheader")

    def find_leaks(self, clone: Clone) -> list[str]:
        """The files below the clone that hold a secret and are not its home, each with the start of
        the line."""
        leaks = []
        for path in sorted(clone.root.rglob("*")):
            if path.is_file() and path not in self.homes:
                leaks += [f"{path.relative_to(clone.root)}: {line}" for line in lines_of(path)]
        return leaks


def lines_of(path: Path) -> Iterator[str]:
    """What stands before each mark in a file, also in a compressed one."""
    texts = [path.read_bytes()]
    with suppress(zlib.error):  # an object of git
        texts.append(zlib.decompress(texts[0]))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            texts += [archive.read(name) for name in archive.namelist()]
    for text in texts:
        start = text.find(MARK.encode())
        if start >= 0:
            yield repr(text[max(0, start - 60) : start + len(MARK)])
