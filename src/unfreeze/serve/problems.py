"""What a client is told when there is no answer: one form for all, RFC 9457 "Problem Details for HTTP APIs"."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
BODY_READ = "unfreeze.body_read"
"""Entry of an ASGI scope: whether the request's body was read to its end."""

TYPE_PREFIX = "urn:unfreeze:problem:"

DRAINED_BYTES, DRAINED_SECONDS = 16 * 2**20, 2.0
"""How much of a refused request's rest is read and thrown away before its connection is closed."""


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """Why a request, or one picture of it, gets no answer.

    Args:
        status: HTTP status.
        kind: What went wrong, for programs: the end of the problem's type.
        detail: What went wrong, what was found and what to do, for people.
        headers: Headers of the response.
    """

    def __init__(self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})

    def to_dict(self) -> dict[str, Any]:
        """The members of the problem, as RFC 9457 names them."""
        return {
            "type": TYPE_PREFIX + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }


def busy(kind: str, detail: str, *, retry_seconds: int) -> Problem:
    """A problem that goes away when the client comes again after some seconds."""
    return Problem(503, kind, detail, headers={"Retry-After": str(max(1, retry_seconds))})


class ProblemResponse(Response):
    """A problem as a response.

    A client that still sends its body is answered at once and its connection closed. If it were closed on bytes that
    nobody has read, the client's system would throw the answer away: so some of the rest is read first.

    Args:
        problem: What went wrong.
    """

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem) -> None:
        super().__init__(json.dumps(problem.to_dict()), status_code=problem.status, headers=problem.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response, as ASGI has it."""
        if scope.get(BODY_READ):
            await super().__call__(scope, receive, send)
            return
        headers = [*self.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAINED_SECONDS):
                await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    drained, more = 0, True
    while more and drained < DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)
