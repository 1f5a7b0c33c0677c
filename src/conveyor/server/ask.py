"""The process that asks the registry.

It imports nothing of weight, so that it starts before the server's own imports: where MLflow has
to be asked, that is what takes longest until the first answer.
"""

import subprocess
import sys
from dataclasses import dataclass, field


@dataclass
class Ask:
    """`conveyor.tracking.watch`: one line for each version that an alias comes to point at.

    Attributes:
        name: of the model; None for the one of the resolved configuration.
        every: seconds between two looks at the alias; None to look once.
    """

    name: str | None
    alias: str
    every: float | None
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, also again after it died."""
        command = [sys.executable, "-m", "conveyor.tracking.watch", "--alias", self.alias]
        command += [] if self.name is None else ["--name", self.name]
        command += [] if self.every is None else ["--every", str(self.every)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,  # Ctrl-C is for the server, which ends it
        )  # fmt: skip

    def stop(self) -> None:
        """End it; its standard input closes too, should this process be killed."""
        self.process.terminate()
