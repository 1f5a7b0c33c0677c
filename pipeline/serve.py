"""Serve the champion, or an exported folder, over HTTP in MLflow's and KServe's V2 protocol.

`--example` prints a request for the model, a curl command with a row of its data. A browser finds a
page to try the model at http://127.0.0.1:5001.
"""

from argparse import Namespace
from typing import TYPE_CHECKING

from conveyor.config import NamedConfig, load
from conveyor.paths import Paths
from conveyor.server.access import choose_access
from conveyor.server.app import App
from conveyor.server.example_request import curl_lines, mlflow_body
from conveyor.server.json_log import choose_log_format
from conveyor.server.live_model import ModelSlot, load_folder
from conveyor.server.openapi import INVOCATIONS
from conveyor.server.request_log import RequestLog
from conveyor.server.run import serve
from conveyor.server.sessions import Sessions
from conveyor.server.shadow import Shadow
from pipeline import run_script
from pipeline._serve_options import add_options, check_options

if TYPE_CHECKING:
    from conveyor.server.alias_poller import AliasPoller

MIB = 2**20


def main(args: Namespace) -> None:
    check_options(args)
    choose_log_format(args.log_format)
    access = choose_access(args.host, args.token_file, no_token=args.no_token,
                           allowed_hosts=args.allowed_host)  # fmt: skip
    if args.model is not None:
        live = load_folder(args.model, args.name)
        slot, shadow, pollers = ModelSlot(live.name, live), None, []
    else:
        slot, shadow, pollers = follow_registry(args)
    if args.example:
        print_example(args, slot, pollers)
        return
    requests = RequestLog(args.log_folder, args.log_share, args.log_rows_per_file, args.log_files,
                          args.log_rows)  # fmt: skip
    sessions = Sessions(args.sessions, args.session_idle)
    app = App(slot, int(args.body_limit * MIB), args.threads, requests, shadow, sessions)
    serve(app, access, args.host, args.port, pollers, drain=args.drain)


def follow_registry(args: Namespace) -> "tuple[ModelSlot, Shadow | None, list[AliasPoller]]":
    """Return the places of the model and of the shadow, and what fills them."""
    from conveyor.server.alias_poller import AliasPoller  # loads MLflow, which no folder needs

    slot = ModelSlot(args.name or load(NamedConfig).name)
    interval = args.poll if args.reload else None
    pollers = [AliasPoller(slot, args.alias, interval, Paths())]
    if args.shadow is None:
        return slot, None, pollers
    shadow = Shadow(ModelSlot(slot.name, verb="is the shadow"))
    poller = AliasPoller(shadow.slot, args.shadow, interval, Paths(), is_required=False)
    return slot, shadow, [*pollers, poller]


def print_example(args: Namespace, slot: ModelSlot, pollers: "list[AliasPoller]") -> None:
    for poller in pollers[:1]:  # that of the model which answers
        poller.load_first()
    host = f"[{args.host}]" if ":" in args.host else args.host
    address, body = f"{host}:{args.port}", mlflow_body(slot.require().model)
    print(curl_lines(address, INVOCATIONS, body, args.token_file))


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
