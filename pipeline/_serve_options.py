"""The options of `serve`."""

from argparse import ArgumentParser, Namespace

from conveyor.paths import Paths
from pipeline import number, refuse_options, typed_path

LOG_OPTIONS = ("--log-rows", "--log-folder", "--log-rows-per-file", "--log-files")
COUNT = number(int, 1)
SECONDS = number(float, 0)
# The options with a default: name, type, default, help.
SETTINGS = (
    ("--alias", str, "champion", "serve the version with this alias"),
    ("--host", str, "127.0.0.1", "the address to listen on; only this machine reaches the default"),
    ("--port", number(int, 0, 65535), 5001, "the port; 0 takes any free one"),
    ("--poll", number(float, 0.01), 5.0, "with --reload: seconds between readings of the alias"),
    ("--drain", SECONDS, 20.0, "let open requests take so many seconds after the signal to stop"),
    ("--body-limit", number(float, 0.001), 16.0, "refuse a request with a larger body, in MiB"),
    ("--sessions", number(int, 0), 100, "let so many rows that come step by step be open at once"),
    (
        "--session-idle",
        number(float, 1),
        600.0,
        "end a session after so many seconds without steps",
    ),
    ("--log-share", number(float, 0, 1), 0.0, "record this share of the requests: 0 none, 1 all"),
    ("--log-folder", typed_path, Paths().scratch / "requests", "with --log-share: the folder"),
    ("--log-rows-per-file", COUNT, 10_000, "with --log-share: end a file after so many rows"),
    ("--log-files", COUNT, 100, "with --log-share: keep so many of the newest files"),
)


def add_options(parser: ArgumentParser) -> None:
    """Add the options of SETTINGS, and those without a default."""
    add = parser.add_argument
    for option, kind, default, text in SETTINGS:
        add(option, type=kind, default=default, help=f"{text} (default: {default})")
    add("--name", help="name of the registered model (default: `name` in artifacts/config.yaml)")
    add("--threads", type=COUNT, help="answer so many requests at once (default: one a core)")
    add("--shadow", metavar="VERSION_OR_ALIAS",
        help="let this version predict after each answer, and count how it differs")  # fmt: skip
    add("--example", action="store_true", help="print a request for this model, and end")
    add("--log-format", choices=("text", "json"), default="text",
        help="form of the lines of the log (default: text)")  # fmt: skip
    let_in = parser.add_mutually_exclusive_group().add_argument
    let_in(
        "--token-file", type=typed_path, metavar="FILE", help="serve requests with its token only"
    )
    let_in("--no-token", action="store_true", help="serve everybody who reaches another --host")
    add("--allowed-host", action="append", default=[], metavar="NAME",
        help="a name of this server that requests use; may be repeated")  # fmt: skip
    add("--log-rows", action="store_true", help="with --log-share: record the raw rows as well")
    either = parser.add_mutually_exclusive_group().add_argument
    either(
        "--model",
        type=typed_path,
        metavar="FOLDER",
        help="serve an exported folder, without MLflow",
    )
    either("--reload", action="store_true", help="load the next version when the alias moves")


def check_options(args: Namespace) -> None:
    """Refuse options that have no effect without another one.

    Raises:
        InputError: such an option is typed.
    """
    if not args.log_share:
        refuse_options(LOG_OPTIONS, "--log-share with it")
    if not args.reload:
        refuse_options(["--poll"], "--reload with it")
    if args.model is not None:
        refuse_options(["--alias", "--shadow"], "no --model with it")
