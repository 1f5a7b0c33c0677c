"""Serve the champion, or an exported folder, over HTTP in MLflow's and KServe's V2 protocol.

    curl 127.0.0.1:5001/invocations -d '{"inputs": {"text": ["a row"]}}' \\
         -H 'content-type: application/json'
"""

from argparse import ArgumentParser, Namespace

from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.server.access import choose_access
from conveyor.server.app import App
from conveyor.server.live_model import ModelSlot, load_folder
from conveyor.server.request_log import RequestLog
from conveyor.server.run import serve
from pipeline import number, refuse_options, run_script, typed_path

MIB = 2**20
LOG_OPTIONS = ("--log-rows", "--log-folder", "--log-rows-per-file", "--log-files")
COUNT = number(int, 1)
# The options with a default: name, type, default, help.
SETTINGS = (
    ("--alias", str, "champion", "serve the version with this alias"),
    ("--host", str, "127.0.0.1", "the address to listen on; only this machine reaches the default"),
    ("--port", number(int, 0, 65535), 5001, "the port; 0 takes any free one"),
    ("--poll", number(float, 0.01), 5.0, "with --reload: seconds between readings of the alias"),
    ("--body-limit", number(float, 0.001), 16.0, "refuse a request with a larger body, in MiB"),
    ("--log-share", number(float, 0, 1), 0.0, "record this share of the requests: 0 none, 1 all"),
    ("--log-folder", typed_path, Paths().scratch / "requests", "with --log-share: the folder"),
    ("--log-rows-per-file", COUNT, 10_000, "with --log-share: end a file after so many rows"),
    ("--log-files", COUNT, 100, "with --log-share: keep so many of the newest files"),
)


def add_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    for option, kind, default, text in SETTINGS:
        add(option, type=kind, default=default, help=f"{text} (default: {default})")
    add("--name", help="name of the registered model (default: `name` in artifacts/config.yaml)")
    add("--threads", type=COUNT, help="answer so many requests at once (default: one a core)")
    let_in = parser.add_mutually_exclusive_group().add_argument
    let_in("--token-file", type=typed_path, metavar="FILE", help="serve requests with its token")
    let_in("--no-token", action="store_true", help="serve everybody who reaches another --host")
    add("--allowed-host", action="append", default=[], metavar="NAME",
        help="a name of this server that requests use; may be repeated")  # fmt: skip
    add("--log-rows", action="store_true", help="with --log-share: record the raw rows as well")
    either = parser.add_mutually_exclusive_group().add_argument
    either("--model", type=typed_path, metavar="FOLDER", help="serve this folder, without MLflow")
    either("--reload", action="store_true", help="load the next version when the alias moves")


def main(args: Namespace) -> None:
    if not args.log_share:
        refuse_options(LOG_OPTIONS, "--log-share with it")
    access = choose_access(args.host, args.token_file, no_token=args.no_token,
                           allowed_hosts=args.allowed_host)  # fmt: skip
    if not args.reload:
        refuse_options(["--poll"], "--reload with it")
    requests = RequestLog(args.log_folder, args.log_share, args.log_rows_per_file, args.log_files,
                          args.log_rows)  # fmt: skip
    if args.model is not None:
        refuse_options(["--alias"], "no --model with it")
        live = load_folder(args.model, args.name)
        slot, poller = ModelSlot(live.name, live), None
    else:
        from conveyor.server.alias_poller import AliasPoller  # loads MLflow, which no folder needs

        slot = ModelSlot(args.name or load(NamedConfig).name)
        poller = AliasPoller(slot, args.alias, args.poll if args.reload else None, Paths())
    app = App(slot, int(args.body_limit * MIB), args.threads, requests)
    serve(app, access, args.host, args.port, poller)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
