"""A server that is told to stop, and what it writes while it runs."""

import io
import json
import logging
import time
from pathlib import Path

import pytest
from server_process import JSON, serving

from conveyor.paths import Paths
from conveyor.server.json_log import JsonFormatter

BODY = json.dumps({"inputs": ["good morning"]}).encode()


def test_a_client_that_never_ends_holds_a_server_up_no_longer_than_the_drain(
    word_product: Path, tmp_path: Path
) -> None:
    options = ("--model", str(word_product), "--drain", "1", "--log-format", "json")
    with serving(Paths(tmp_path), tmp_path / "log", *options) as server:
        endless, waiting = server.connect(), server.connect()
        for connection in (endless, waiting):
            connection.putrequest("POST", "/invocations")
            for name, value in {**JSON, "content-length": str(len(BODY))}.items():
                connection.putheader(name, value)
            connection.endheaders(BODY[:5])
        time.sleep(0.3)
        start = time.monotonic()
        server.process.terminate()
        time.sleep(0.2)
        with pytest.raises(ConnectionRefusedError):
            server.connect().connect()  # it accepts none while it finishes the open requests
        waiting.send(BODY[5:])
        assert waiting.getresponse().status == 200
        assert server.process.wait(30) == 0
        assert 0.8 < time.monotonic() - start < 10
        endless.close()
    for line in server.output.splitlines():
        entry = json.loads(line)
        assert {"time", "level", "logger", "message"} <= entry.keys()
    messages = [json.loads(line)["message"] for line in server.output.splitlines()]
    assert messages[0].endswith(str(server.connect().port))
    assert messages[-1] == "the server has stopped"


def test_a_failure_has_its_traceback_in_one_line_of_json() -> None:
    logger, lines = logging.Logger("conveyor.server"), io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    try:
        raise ZeroDivisionError("by\nzero")
    except ZeroDivisionError:
        logger.exception("version %s failed", 7)
    [line] = lines.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["message"]) == ("error", "version 7 failed")
    assert "Traceback" in entry["exception"]
