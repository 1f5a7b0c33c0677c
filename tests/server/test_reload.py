"""A champion that moves under load: no request is lost, each answer is its version's own."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registered import point
from server_process import Server, ask, serving, until

from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving import LoadedModel

MOVES, CLIENTS = 20, 3


@dataclass
class Client:
    """Sends row after row over one connection, until `stop` is set."""

    server: Server
    rows: list[Any]
    answers: list[tuple[int, str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection = self.server.connect()
        number = 0
        try:
            while not self.stop.is_set():
                status, answer, headers = ask(
                    connection, "/invocations", {"inputs": [self.rows[number]]}
                )
                if status != 200 or answer["model_version"] != headers["x-model-version"]:
                    self.failures.append(f"{status} {answer}")
                else:
                    self.answers.append((number, answer["model_version"], answer["predictions"][0]))
                number = (number + 1) % len(self.rows)
        except Exception as error:
            self.failures.append(repr(error))


def test_no_request_fails_and_every_answer_is_its_versions_own_while_the_champion_moves(
    project: Paths, tmp_path: Path
) -> None:
    rows = [row.tolist() for row in Prepared(project.prepared).split("test").rows[:8]]
    expected = {
        version: [LoadedModel.load(project.root / f"model-{version}").predict([row]).records()[0]
                  for row in rows]
        for version in ("1", "2")
    }  # fmt: skip
    assert all(a != b for a, b in zip(*expected.values(), strict=True))
    options = ("--name", "toys", "--reload", "--poll", "0.05")
    point(project, 1)
    with serving(project, tmp_path / "log", *options) as server:
        clients = [Client(server, rows) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for move in range(MOVES):
            goal = str(2 - move % 2)
            point(project, int(goal))
            until(lambda: server.ask("/ping")[2]["x-model-version"] == goal)  # noqa: B023
        for client in clients:
            client.stop.set()
        for thread in threads:
            thread.join()
    assert [failure for client in clients for failure in client.failures] == []
    answers = [answer for client in clients for answer in client.answers]
    assert len(answers) > MOVES * CLIENTS
    assert {version for _, version, _ in answers} == {"1", "2"}
    assert all(answer == expected[version][row] for row, version, answer in answers)
    assert server.output.count("in place of") == MOVES


def test_a_version_that_cannot_be_loaded_is_logged_and_the_old_one_still_answers(
    project: Paths, tmp_path: Path
) -> None:
    point(project, 1)
    options = ("--name", "toys", "--reload", "--poll", "0.05")
    with serving(project, tmp_path / "log", *options) as server:
        point(project, 3)
        until(lambda: "version 3 of toys cannot be loaded" in server.output)
        assert "version 1 still serves" in server.output
        assert server.ask("/ping")[2]["x-model-version"] == "1"
        point(project, 2)
        until(lambda: server.ask("/ping")[2]["x-model-version"] == "2")
    point(project, 1)
