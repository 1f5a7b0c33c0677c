"""Serve the champion, or an exported folder, over HTTP in MLflow's and KServe's V2 protocol.

    curl 127.0.0.1:5001/invocations -d '{"inputs": {"text": ["a row"]}}' \\
         -H 'content-type: application/json'

A browser finds a page to try the model at http://127.0.0.1:5001.
"""

from argparse import Namespace

from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.server.access import choose_access
from conveyor.server.app import App
from conveyor.server.json_log import choose_log_format
from conveyor.server.live_model import ModelSlot, load_folder
from conveyor.server.request_log import RequestLog
from conveyor.server.run import serve
from pipeline import run_script
from pipeline._serve_options import add_options, check_options

MIB = 2**20


def main(args: Namespace) -> None:
    check_options(args)
    choose_log_format(args.log_format)
    access = choose_access(args.host, args.token_file, no_token=args.no_token,
                           allowed_hosts=args.allowed_host)  # fmt: skip
    requests = RequestLog(args.log_folder, args.log_share, args.log_rows_per_file, args.log_files,
                          args.log_rows)  # fmt: skip
    if args.model is not None:
        live = load_folder(args.model, args.name)
        slot, poller = ModelSlot(live.name, live), None
    else:
        from conveyor.server.alias_poller import AliasPoller  # loads MLflow, which no folder needs

        slot = ModelSlot(args.name or load(NamedConfig).name)
        poller = AliasPoller(slot, args.alias, args.poll if args.reload else None, Paths())
    app = App(slot, int(args.body_limit * MIB), args.threads, requests)
    serve(app, access, args.host, args.port, poller, drain=args.drain)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
