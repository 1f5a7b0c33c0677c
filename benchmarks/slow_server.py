"""How much longer a training takes if the MLflow server answers after two seconds.

    PYTHONPATH=src:.:tests python benchmarks/slow_server.py            # the default experiment
    PYTHONPATH=src:.:tests python benchmarks/slow_server.py --updates auto --experiment smoke

A real server, and a proxy before it that waits before it passes a request on. Each round trains
once through either. Values are sent while the network is trained, so that what a slow server costs
is the same for a short and a long training: the requests before and after it. The default is a
training of more than a minute. The result is written to benchmarks/slow_server.json.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import requests
from clone import ROOT, Clone
from mlflow_server import MlflowServer

from conveyor import files

DELAY = 2.0  # seconds
RESULT = ROOT / "benchmarks" / "slow_server.json"
PASSED = ("content-type", "authorization")  # headers of a request
UNSENT = "records of runs wait"


@contextmanager
def slow_proxy(address: str) -> Iterator[str]:
    """The address of a proxy that passes each request on after `DELAY`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() in PASSED}
            time.sleep(DELAY)
            answer = requests.request(self.command, address + self.path, data=body, headers=headers)
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers.get("content-type", "text/plain"))
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def measure(folder: Path, experiment: str, updates: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of the stage `train` with the server itself and through the proxy."""
    server = MlflowServer(folder / "server")
    (folder / "server").mkdir()
    (folder / "clone").mkdir()
    clone = Clone.make(folder / "clone", experiment)
    clone.edit("params.yaml", "  sweep:\n", "  sweep: none\n")
    clone.edit("params.yaml", "train: {}", f"train: {{updates: {updates}}}")
    clone.dvc("repro", "sweep")
    server.start()
    seconds: dict[str, list[float]] = {"direct": [], "slow": []}
    try:
        with slow_proxy(server.address) as slow:
            for number in range(rounds):
                for name, address in (("direct", server.address), ("slow", slow)):
                    began = time.monotonic()
                    done = clone.run("python", "-m", "pipeline.train", MLFLOW_TRACKING_URI=address)
                    seconds[name].append(round(time.monotonic() - began, 2))
                    assert done.code == 0, done.text
                    assert UNSENT not in done.text, done.text
                    print(f"round {number + 1}, {name}: {seconds[name][-1]:.1f} s", flush=True)
    finally:
        server.kill()
    return seconds


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--experiment", default="japanese_vowels")
    parser.add_argument("--updates", default="6000", help="of the training; auto: its usual ones")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(Path(folder), args.experiment, args.updates, args.rounds)
    direct, slow = median(seconds["direct"]), median(seconds["slow"])
    share = slow / direct - 1
    result = {"experiment": args.experiment, "updates": args.updates, "delay": DELAY,
              "seconds": seconds, "added_share": round(share, 4)}  # fmt: skip
    files.write_json(RESULT, result)
    print(f"{args.experiment}: {direct:.1f} s, and {slow:.1f} s with answers after {DELAY:g} s: "
          f"{share:+.1%} (bar: +10 %)")  # fmt: skip


if __name__ == "__main__":
    main()
