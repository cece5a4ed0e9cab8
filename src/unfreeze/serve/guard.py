"""Who may ask, and what every answer says to a browser: the outermost layers of the server."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unfreeze.serve.loopback import is_loopback
from unfreeze.serve.problems import BODY_READ, Problem, ProblemResponse

OPEN_PATHS = frozenset({"/", "/health", "/ready", "/openapi.json"})
"""What may be seen without a key: nothing of it says anything about pictures or models."""

RELOAD_PATH = "/v1/reload"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Of every response that does not set them itself (OWASP's list of HTTP security headers)."""

MOST_CLIENTS = 10_000


class Observed:
    """Adds the headers to every response, knows when a body was read, and tells what came of every request.

    Args:
        app: What lies inside.
        on_request: Told path, status and seconds.
    """

    def __init__(self, app: ASGIApp, *, on_request: Callable[[str, int, float], None]) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a connection, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500
        scope[BODY_READ] = False

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                scope[BODY_READ] = True
            return message

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            self._on_request(scope["path"], status, time.monotonic() - began)


class Guard:
    """Lets a request in, or answers it with a problem.

    Args:
        app: What lies inside.
        key: What clients have to show; empty where there is none.
        hosts: Names under which the server may be asked; empty for any. A page of another name, which the browser was
            made to take for this machine, is kept out by them ("DNS rebinding").
        requests_per_minute: Requests of one address to the models; 0 for any number.
    """

    def __init__(
        self, app: ASGIApp, *, key: str = "", hosts: Collection[str] = (), requests_per_minute: int = 0
    ) -> None:
        self._app = app
        self._key = key.encode()
        self._hosts = frozenset(host.lower() for host in hosts)
        self._rate = ClientRate(requests_per_minute) if requests_per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a connection, as ASGI has it."""
        if scope["type"] == "http":
            try:
                self._check(scope, Headers(scope=scope))
            except Problem as problem:
                await ProblemResponse(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        self._check_host(headers)
        client = scope["client"][0] if scope.get("client") else ""
        if scope["path"] not in OPEN_PATHS:
            self._check_key(headers)
        if scope["path"] == RELOAD_PATH and not self._key and not is_loopback(client):
            raise Problem(403, "not-local", "without a key the models are loaded anew from this machine only")
        if scope["method"] not in ("GET", "HEAD"):
            _check_origin(headers)
            if self._rate:
                self._rate.check(client)

    def _check_host(self, headers: Headers) -> None:
        host = _without_port(headers.get("host", ""))
        if self._hosts and host not in self._hosts:
            message = f"this server is not asked under the name {host!r}; start it with --allow-host to change that"
            raise Problem(403, "unknown-host", message)

    def _check_key(self, headers: Headers) -> None:
        if not self._key:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        # Headers come as Latin-1: other programs send the bytes of UTF-8 in it, browsers the letters.
        as_bytes, as_letters = (hmac.compare_digest(shown.encode(form), self._key) for form in ("latin-1", "utf-8"))
        if not as_bytes | as_letters:
            message = "send the server's key in the header X-API-Key, or as Authorization: Bearer"
            raise Problem(401, "no-key", message, headers={"WWW-Authenticate": "Bearer"})


class ClientRate:
    """How often a client may ask: a bucket that fills up evenly and holds a minute's requests.

    Args:
        per_minute: Requests a minute.
        now: The time in seconds.
    """

    def __init__(self, per_minute: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now = now
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, client: str) -> None:
        """Counts a request.

        Args:
            client: The client's address.

        Raises:
            Problem: If it has asked too often.
        """
        now = self._now()
        left, since = self._clients.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
        allowed = left >= 1
        self._clients[client] = (left - 1 if allowed else left, now)
        while len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        if not allowed:
            wait = int((1 - left) * 60 / self._per_minute) + 1
            message = f"more than {self._per_minute} requests a minute from {client}; come again in {wait} seconds"
            raise Problem(429, "too-many-requests", message, headers={"Retry-After": str(wait)})


def _check_origin(headers: Headers) -> None:
    """Refuses what a page of another site has its visitor's browser send."""
    origin = headers.get("origin")
    foreign = origin is not None and _netloc(origin) != headers.get("host", "").lower()
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "other-site", "a page of another site may not use this server")


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # such as of http://[
        return None


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()
