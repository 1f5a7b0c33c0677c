"""Serve the champion on this machine over HTTP, in MLflow's and in KServe's V2 protocol.

    curl 127.0.0.1:5001/invocations -d '{"inputs": {"text": ["a row"]}}' \\
         -H 'content-type: application/json'
"""

import argparse
from pathlib import Path

from conveyor.paths import Paths
from conveyor.server.ask import Ask
from pipeline import stage

MIB = 2**20


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m pipeline.serve", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = parser.add_argument
    add("--name", help="registered model (default: `name` of artifacts/config.yaml)")
    add("--alias", default="champion", help="which version of it (default champion)")
    add("--host", default="127.0.0.1", help="address to listen on (default this machine only)")
    add("--port", type=int, default=5001, help="0 for any free one (default 5001)")
    add("--reload", action="store_true", help="follow the alias when it moves")
    add("--poll", type=float, default=5.0, help="seconds between looks with --reload (default 5)")
    add("--body-limit", type=float, default=16.0, metavar="MIB", help="of a request (default 16)")
    add("--threads", type=int, help="requests answered at once (default: one a core)")
    add("--log-share", type=float, default=0.0, help="share of requests to note (default 0)")
    add("--log-rows", action="store_true", help="note the rows as well")
    add("--log-folder", type=Path, default=Paths().scratch / "requests", metavar="FOLDER",
        help="for the notes (default .conveyor/requests)")  # fmt: skip
    add("--log-rows-per-file", type=int, default=10_000, help="(default 10000)")
    add("--log-files", type=int, default=100, help="kept, the oldest go first (default 100)")
    return parser


def main(given: argparse.Namespace) -> None:
    ask = Ask(given.name, given.alias, given.poll if given.reload else None)
    # That process asks while this one imports.
    from conveyor.server.run import Settings, serve
    from conveyor.tracking.location import model_name

    notes = None
    if given.log_share > 0:
        from conveyor.server.request_log import RequestLog  # with Arrow

        notes = RequestLog(given.log_folder, given.log_share, given.log_rows_per_file,
                           given.log_files, given.log_rows)  # fmt: skip
    name, limit = given.name or model_name(Paths()), int(given.body_limit * MIB)
    serve(Settings(name, given.alias, given.host, given.port, limit, given.threads, notes), ask)


if __name__ == "__main__":
    with stage("serve"):
        main(options().parse_args())
