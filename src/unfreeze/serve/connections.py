"""One client's connection: bounded in number and patience, and closed without losing what is under way."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from unfreeze.serve.problems import MEDIA_TYPE, Problem, busy

LAST_WORDS_SECONDS = 0.3
"""How long a connection without a request stays open when the server stops: a request may be on its way."""


def protocol(*, connections: int, stall_seconds: float) -> type[H11Protocol]:
    """The protocol for `uvicorn.Config`.

    Args:
        connections: How many may be open at a time; one more is told to come again, and closed.
        stall_seconds: How long a client may take for the head of a request.

    Returns:
        A class of connections.
    """

    class Connection(BoundedConnection):
        most = connections
        patience_seconds = stall_seconds

    return Connection


class BoundedConnection(H11Protocol):
    """A connection of uvicorn's with a bound on their number, and on the time that a request's head may take."""

    most = 1
    patience_seconds = 1.0

    _impatient: asyncio.TimerHandle | None = None
    _stopping = False

    def connection_made(self, transport: Any) -> None:
        """Takes a connection, or turns it away."""
        full = len(self.connections) >= self.most
        super().connection_made(transport)
        if full:
            transport.write(_TURNED_AWAY)
            transport.close()
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets a connection."""
        if self._impatient:
            self._impatient.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes, whose first one ends uvicorn's patience with a connection that is kept."""
        super().data_received(data)
        if self._is_between_requests and not self._impatient and not self.transport.is_closing():
            self._expect_head()

    def handle_events(self) -> None:
        """Takes what has arrived."""
        super().handle_events()
        if not self._is_between_requests and self._impatient:
            self._impatient.cancel()
            self._impatient = None
        if self.cycle is not None and self._stopping:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn says the same of every fault
        """Answers what is no HTTP."""
        self.transport.write(_NO_HTTP)
        self.transport.close()

    def shutdown(self) -> None:
        """Closes after the request in work; where there is none, after a moment in which one may still arrive."""
        self._stopping = True
        if self._is_between_requests:
            self.loop.call_later(LAST_WORDS_SECONDS, self._close_unused)
        else:
            self.cycle.keep_alive = False

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._impatient = self.loop.call_later(self.patience_seconds, self._give_up)

    def _close_unused(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def _give_up(self) -> None:
        if self._is_between_requests and not self.transport.is_closing():
            self.transport.close()


def _last_response(problem: Problem) -> bytes:
    """A problem as it goes over the wire, for connections whose request never reaches the application."""
    body = json.dumps(problem.to_dict()).encode()
    fields = {"Content-Type": MEDIA_TYPE, "Content-Length": len(body), **problem.headers, "Connection": "close"}
    lines = [
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
        *(f"{k}: {v}" for k, v in fields.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


_TURNED_AWAY = _last_response(
    busy("too-many-connections", "the server has as many connections as it takes", retry_seconds=1)
)
_NO_HTTP = _last_response(Problem(400, "malformed-request", "this is no HTTP/1.1 as RFC 9112 has it"))
