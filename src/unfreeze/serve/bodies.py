"""Reads the pictures of a request, and never more of it than is allowed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect, Request

from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.multipart import MultipartUploads, Upload, check_size
from unfreeze.serve.problems import Problem, busy

RAW_NAME = "picture"


class HeldBytes:
    """How many bytes of bodies are held at a time, of all requests together.

    Args:
        most: How many there may be.

    Attributes:
        held: How many there are.
    """

    def __init__(self, most: int) -> None:
        self.held = 0
        self._most = most

    @contextmanager
    def lease(self) -> "Iterator[Lease]":
        """What one request holds, given back when it is answered."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            self.held -= lease.taken

    def take(self, count: int) -> None:
        """Adds some bytes.

        Args:
            count: How many.

        Raises:
            Problem: If there would be too many.
        """
        if self.held + count > self._most:
            raise busy("too-much-at-once", "other requests fill the memory for pictures; come again", retry_seconds=1)
        self.held += count


class Lease:
    """The bytes that one request holds.

    Args:
        pool: Those of all requests.

    Attributes:
        taken: How many it holds.
    """

    def __init__(self, pool: HeldBytes) -> None:
        self.taken = 0
        self._pool = pool

    def take(self, count: int) -> None:
        """Adds some bytes; a `Problem` where all requests together would hold too many."""
        self._pool.take(count)
        self.taken += count


async def read_uploads(request: Request, lease: Lease, *, limits: ServeLimits) -> list[Upload]:
    """The pictures of a request: the files of a multipart body, or one picture as the whole body.

    What a client says of the type is believed only as far as to tell a multipart body from any other.

    Args:
        request: The request.
        lease: Where the bytes are accounted for.
        limits: How many bytes of how many pictures, and how long it may take.

    Returns:
        At least one picture.

    Raises:
        Problem: If a limit is exceeded or there is no picture.
    """
    content_type = request.headers.get("content-type", "")
    chunks = _chunks(request, lease, limits)
    if content_type.partition(";")[0].strip().lower() == "multipart/form-data":
        parts = MultipartUploads(content_type, limits=limits)
        async for chunk in chunks:
            parts.write(chunk)
        found = parts.close()
    else:
        found = await _raw(chunks, limits)
    if not found:
        raise Problem(400, "no-picture", "the request holds no picture: send one as the body, or files as multipart")
    return found


async def _raw(chunks: AsyncIterator[bytes], limits: ServeLimits) -> list[Upload]:
    held, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        check_size(size, limits, name=RAW_NAME)
        held.append(chunk)
    return [Upload(RAW_NAME, b"".join(held))] if size else []


async def _chunks(request: Request, lease: Lease, limits: ServeLimits) -> AsyncIterator[bytes]:
    """The body as it arrives, while neither its size nor its time exceeds what is allowed."""
    _check_announced(request, limits)
    last = time.monotonic() + limits.body_seconds
    stream, size = request.stream(), 0
    while chunk := await _next(stream, min(limits.stall_seconds, last - time.monotonic())):
        size += len(chunk)
        if size > limits.request_bytes:
            raise _too_large(limits)
        lease.take(len(chunk))
        yield chunk


async def _next(stream: AsyncIterator[bytes], seconds: float) -> bytes:
    """The next bytes; empty at the end of the body."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream, b"")
    except TimeoutError:
        message = "the request's body comes too slowly; send it again over a faster line, or smaller pictures"
        raise Problem(408, "slow-body", message) from None
    except ClientDisconnect:
        raise Problem(400, "broken-off", "the client went away before its request was whole") from None


def _check_announced(request: Request, limits: ServeLimits) -> None:
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal():
        raise Problem(400, "malformed-body", "the header Content-Length is no number")
    if int(announced) > limits.request_bytes:
        raise _too_large(limits)


def _too_large(limits: ServeLimits) -> Problem:
    message = f"the request has more than {limits.request_bytes:,} bytes; send fewer pictures at a time"
    return Problem(413, "request-too-large", message)
