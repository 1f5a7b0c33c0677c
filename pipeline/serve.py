"""Serve the champion, or an exported folder, over HTTP in MLflow's and KServe's V2 protocol.

    curl 127.0.0.1:5001/invocations -d '{"inputs": {"text": ["a row"]}}' \\
         -H 'content-type: application/json'
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.server.live_model import ModelSlot, load_folder
from conveyor.server.request_log import RequestLog
from conveyor.server.run import Settings, serve
from pipeline import run_script, script_parser

MIB = 2**20


def options() -> ArgumentParser:
    parser = script_parser("serve", __doc__)
    add = parser.add_argument
    add("--name", help="registered model (default: `name` of artifacts/config.yaml)")
    add("--alias", default="champion", help="version to serve, by its alias (default champion)")
    add("--host", default="127.0.0.1", help="address to listen on (default this machine only)")
    add("--port", type=int, default=5001, help="0 for any free one (default 5001)")
    either = parser.add_mutually_exclusive_group().add_argument
    either("--model", type=Path, metavar="FOLDER", help="serve an exported folder, without MLflow")
    either("--reload", action="store_true", help="follow the alias when it moves")
    add("--poll", type=float, default=5.0, help="seconds between polls with --reload (default 5)")
    add("--body-limit", type=float, default=16.0, metavar="MIB", help="of a request (default 16)")
    add("--threads", type=int, help="requests answered at once (default: one a core)")
    add("--log-share", type=float, default=0.0, help="share of requests to record (default 0)")
    add("--log-rows", action="store_true", help="record the raw rows as well")
    add("--log-folder", type=Path, default=Paths().scratch / "requests", metavar="FOLDER",
        help="for the records (default .conveyor/requests)")  # fmt: skip
    add("--log-rows-per-file", type=int, default=10_000, help="(default 10000)")
    add("--log-files", type=int, default=100, help="number that stays, the newest (default 100)")
    return parser


def main(args: Namespace) -> None:
    requests = RequestLog(args.log_folder, args.log_share, args.log_rows_per_file, args.log_files,
                          args.log_rows)  # fmt: skip
    settings = Settings(args.host, args.port, int(args.body_limit * MIB), args.threads, requests)
    if args.model is not None:
        live = load_folder(args.model, args.name)
        return serve(settings, ModelSlot(live.name, live), poller=None)
    from conveyor.server.alias_poller import AliasPoller  # loads MLflow, which no folder needs

    slot = ModelSlot(args.name or load(NamedConfig).name)
    interval = args.poll if args.reload else None
    return serve(settings, slot, AliasPoller(slot, args.alias, interval, Paths()))


if __name__ == "__main__":
    run_script(main, options())
