"""A clone of the project as it stands, and DVC run in it for real."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml
from mlflow import MlflowClient

ROOT = Path(__file__).parents[1]
WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "tests"), ("EMAIL", "tests@example.org"))
}


def site_packages() -> str:
    """Where the packages of the environment lie that runs the tests."""
    return sysconfig.get_path("purelib")


@dataclass(frozen=True)
class Done:
    """A command that ended: its exit code and everything it said."""

    code: int
    text: str

    def ran(self) -> list[str]:
        """Stages that DVC ran, in order."""
        marks = [line for line in self.text.splitlines() if line.startswith("Running stage '")]
        return [line.split("'")[1] for line in marks]


@dataclass(frozen=True)
class Clone:
    """A project folder that a test may change."""

    root: Path

    @classmethod
    def make(cls, root: Path, experiment: str = "smoke") -> "Clone":
        """Copy the tracked files of this project and commit them, with another experiment."""
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True)
        for name in listed.stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(
                    ROOT / name, root / name
                )  # with its mode: dvc.yaml starts pipeline/python
        clone = cls(root)
        clone.edit("params.yaml", "experiment: japanese_vowels", f"experiment: {experiment}")
        clone.git("init", "-q")
        clone.commit("as cloned")
        return clone

    def run(self, *command: str, **environment: str) -> Done:
        done = subprocess.run(
            command, cwd=self.root, env=self.variables(**environment), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout)

    def start(
        self, *command: str, output: IO[bytes] | int = subprocess.DEVNULL, **environment: str
    ) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own, and do not wait for it."""
        return subprocess.Popen(
            command, cwd=self.root, env=self.variables(**environment), stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def variables(self, **environment: str) -> dict[str, str]:
        """The environment of the clone's commands."""
        inherited = {k: v for k, v in os.environ.items()
                     if k not in ("PYTHONPATH", "MLFLOW_TRACKING_URI", "DVC_ROOT")}  # fmt: skip
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        source = {"PYTHONPATH": str(self.root / "src")}  # the clone's code, wherever the tests' is
        return {**inherited, **WHO, **source, "PATH": path, **environment}

    def set_up(self) -> None:
        """Give the clone what `make setup` and its additions leave: an environment of its own.

        Its packages are those of the environment that runs the tests; `conveyor` is the clone's.
        """
        environment = self.root / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        (packages / "shared.pth").write_text(f"{self.root / 'src'}\n{site_packages()}\n")
        for script in filter(Path.is_file, Path(sys.executable).parent.iterdir()):
            text = script.read_bytes()
            if text.startswith(b"#!") and not (environment / "bin" / script.name).exists():
                first, _, rest = text.partition(b"\n")
                if b"python" in first:
                    copy = environment / "bin" / script.name
                    copy.write_bytes(f"#!{environment}/bin/python\n".encode() + rest)
                    copy.chmod(0o755)
        for lock in sorted((self.root / "requirements").glob("*.lock")):  # belt.lock first
            suffix = "" if lock.stem == "belt" else f"-{lock.stem}"
            (environment / f".ready{suffix}").touch()

    def dvc(self, *arguments: str) -> Done:
        done = self.run("dvc", *arguments)
        assert done.code == 0, done.text
        return done

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.code == 0, done.text
        return done.text

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message, "--allow-empty")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
        path.write_text(text.replace(old, new))

    def read(self, name: str) -> Any:
        text = (self.root / name).read_text()
        return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)

    def client(self) -> MlflowClient:
        where = f"sqlite:///{self.root / 'mlflow.db'}"
        return MlflowClient(where, where)

    def runs(self, stage: str, name: str = "smoke") -> list[Any]:
        """Runs of one stage, oldest first."""
        client = self.client()
        experiment = client.get_experiment_by_name(name)
        assert experiment is not None
        found = client.search_runs([experiment.experiment_id], f"tags.stage = '{stage}'",
                                   order_by=["attributes.start_time ASC"])  # fmt: skip
        return list(found)
