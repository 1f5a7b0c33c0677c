"""Open MLflow's pages: print the address of the project's runs, and serve them.

The address opens the view "All runs" of the experiment; the first line of its description links the
others. Where MLFLOW_TRACKING_URI names a server, only the address is printed.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace

from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.secrets import without_secret
from conveyor.tracking.location import uri
from conveyor.tracking.page_address import runs_address
from conveyor.tracking.store import connect, is_http
from pipeline import number, run_script

# No calls to its maker, and no jobs, which would be fifteen processes.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def serve_pages(args: Namespace) -> None:
    paths, port = Paths(), str(int(args.port))
    where = uri(paths)
    server = where.rstrip("/") if is_http(where) else f"http://127.0.0.1:{port}"
    experiment = connect(load(NamedConfig).name, paths).experiment_id
    print(f"{without_secret(server)}/{runs_address(experiment)}", flush=True)
    if not is_http(where):
        options = ["--host", "127.0.0.1", "--port", port, "--workers", "1"]
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", where, *options]
        with subprocess.Popen(command, env={**os.environ, **QUIET}) as process:
            try:
                process.wait()
            finally:
                process.terminate()


def add_options(parser: ArgumentParser) -> None:
    port = "of this machine (default: %(default)d)"
    parser.add_argument("--port", type=number(int, 1, 65535), default=5000, help=port)


if __name__ == "__main__":
    run_script(serve_pages, __doc__, add_options)
