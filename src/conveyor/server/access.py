"""Who may use the server: the address it listens on, a token, and the names it answers to."""

import hmac
import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from conveyor.errors import InputError
from conveyor.server.error_response import error_response

# These paths need no token.
OPEN_PATHS = (
    "/ping",
    "/health",
    "/metrics",
    "/v2/health/live",
    "/v2/health/ready",
    "/",
    "/page.js",
    "/page.css",
    "/plots.js",
    "/plotly.js",
)  # the page, which knows nothing of the model
TOKEN = re.compile(r"[!-~]{16,512}")  # printable, as in a header; shorter ones can be guessed


@dataclass(frozen=True)
class Access:
    """The rules of one server.

    Attributes:
        token: that a request must carry as `Authorization: Bearer TOKEN`; None needs none.
        hosts: names beside addresses and this machine's own by which a request may name the server;
            None does not look at the name.
    """

    token: bytes | None
    hosts: frozenset[str] | None

    def has_token(self, authorization: str) -> bool:
        """Return whether the value of the header `Authorization` carries the token; this takes as
        long for a wrong token as for the right one."""
        scheme, _, value = authorization.partition(" ")
        sent = value.strip().encode("latin-1", "replace")
        is_equal = hmac.compare_digest(sent, self.token or b"")
        return self.token is None or (scheme.lower() == "bearer" and is_equal)

    def allows_host(self, host: str) -> bool:
        """Return whether the value of the header `Host` names this server.

        A web page can let its own name point to this machine (DNS rebinding), and a browser then
        sends that name here. It cannot do so with an address.
        """
        if self.hosts is None:
            return True
        name = host.rpartition(":")[0] if re.search(r":\d*$", host) else host
        name = name.strip("[]").lower().rstrip(".")
        return not name or _is_address(name) or name in self.hosts


def choose_access(
    host: str, token_file: Path | None, *, no_token: bool, allowed_hosts: Sequence[str]
) -> Access:
    """Return the rules for a server that listens on `host`.

    Names are checked where there is no token, which no foreign web page has, or where some are
    listed.

    Raises:
        InputError: other machines can reach the address, and neither a token nor its absence is
            demanded; or the token's file cannot be used.
    """
    if token_file is None and not no_token and not is_loopback(host):
        raise InputError(
            f"--host {host}: expected --token-file FILE with it, since other machines reach this "
            "address; got none. Or let everybody in with --no-token"
        )
    token = None if token_file is None else read_token(token_file)
    own = {"localhost", socket.gethostname().lower(), host.lower()}
    names = {*own, *(name.lower() for name in allowed_hosts)}
    return Access(token, frozenset(names) if allowed_hosts or token is None else None)


def read_token(path: Path) -> bytes:
    """Read the token in a file; white space around it does not count.

    Raises:
        InputError: there is no file, or no usable token in it; the message holds no part of it.
    """
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "characters beyond ASCII"
        raise InputError(f"{path}: expected a file with a token; got {reason}") from None
    if not TOKEN.fullmatch(text):
        raise InputError(
            f"{path}: expected one token of 16 to 512 printable characters; got {len(text)} "
            "characters, or white space between them. Make one with: "
            "python -c 'import secrets; print(secrets.token_hex())'"
        )
    return text.encode()


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address, or each address of a name; False for a
    name that has none."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(a).partition("%")[0]).is_loopback for a in addresses)


class AccessCheck:
    """ASGI middleware that answers 403 to a foreign name, and 401 where the token is missing."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if not self.access.allows_host(host):
            message = (
                f"host: expected an address, or a name of this server; got {host!r}. Start the "
                "server with --allowed-host NAME to let it in"
            )
            await error_response(path, 403, message)(scope, receive, send)
        elif path not in OPEN_PATHS and not self.access.has_token(headers.get("authorization", "")):
            message = "token: expected the header `Authorization: Bearer TOKEN` with this server's"
            response = error_response(path, 401, message)
            response.headers["www-authenticate"] = "Bearer"
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
