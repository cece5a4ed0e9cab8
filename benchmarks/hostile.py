"""Sends what no honest client sends, and shows what comes back and what the server held in memory meanwhile.

    python -m benchmarks.hostile RUN

Each upload goes to a fresh server on this machine whose limits are the defaults, and a good picture must be answered
afterwards.
"""

import argparse
import io
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.served import Server, running

CHUNK_BYTES = 2**16
BODY_TIMEOUT_SECONDS = 5
HUGE_BYTES = 500 * 2**20


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Something hostile.

    Attributes:
        name: What it is.
        chunks: Its bytes, some at a time.
        length: What its header says of its length; None where it says nothing and sends chunks.
        pause_seconds: How long to wait after each chunk.
        content_type: What its header says of its type.
    """

    name: str
    chunks: Iterator[bytes]
    length: int | None
    pause_seconds: float = 0.0
    content_type: str = "image/jpeg"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: status and detail, after so many seconds and so much more memory at the peak."""

    status: int
    detail: str
    seconds: float
    peak_mib: float


def main() -> None:
    """Sends all of it and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    print("| upload | status | seconds | memory at the peak, MiB more | what was said |\n|---|---|---|---|---|")
    for upload in uploads():
        with running(options.run, "--body-timeout", str(BODY_TIMEOUT_SECONDS)) as server:
            answered_well(server)
            reply = send(server, upload)
            answered_well(server)
        cells = upload.name, reply.status, f"{reply.seconds:.1f}", f"{reply.peak_mib:.0f}", reply.detail
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def uploads() -> Iterator[Upload]:
    """All that is sent.

    Yields:
        One after another.
    """
    jpeg = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)), "JPEG")
    yield whole("nothing at all", b"")
    yield whole("a truncated JPEG", jpeg[: len(jpeg) // 2])
    yield whole("an SVG drawing", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    yield whole("an HTML page, called a JPEG", b"<!doctype html><script>alert(1)</script>")
    yield whole("zeros", bytes(10_000))
    yield whole("a PNG whose header says 50,000 x 50,000", png_of(50_000, 50_000, rows=10))
    yield whole("a JPEG whose header says 50,000 x 50,000", with_size(jpeg, 50_000, 50_000))
    yield whole("a bomb: 49 million pixels in a small PNG", png_of(7_000, 7_000, rows=7_000))
    yield whole("a bomb: 400 million pixels in a small PNG", png_of(20_000, 20_000, rows=20_000))
    yield whole("a bomb in the texts of a PNG", png_with_text(64 * 2**20))
    yield whole("a multipart body without its end", form_of(jpeg)[:-40], content_type="multipart/form-data; boundary=x")
    yield whole(
        "1,000 pictures in one request", form_of(*[b"x"] * 1000), content_type="multipart/form-data; boundary=x"
    )
    yield Upload(name="500 MB, announced", chunks=zeros(HUGE_BYTES), length=HUGE_BYTES)
    yield Upload(name="500 MB, in chunks without a length", chunks=zeros(HUGE_BYTES), length=None)
    yield Upload(name="a body that drips", chunks=drips(), length=100_000, pause_seconds=0.2)
    yield Upload(name="a body that stops", chunks=iter([jpeg[:1000]]), length=len(jpeg))


def send(server: Server, upload: Upload) -> Reply:
    """Sends an upload until an answer comes.

    Args:
        server: Where it goes.
        upload: What is sent.

    Returns:
        What came back.
    """
    server.forget_peak()
    before, began = server.resident_mib(), time.monotonic()
    with socket.create_connection((server.host, server.port), timeout=120) as sock:
        try:
            sock.sendall(_head(upload))
            for chunk in upload.chunks:
                sock.sendall(chunk if upload.length is not None else b"%x\r\n%s\r\n" % (len(chunk), chunk))
                time.sleep(upload.pause_seconds)
            if upload.length is None:
                sock.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer is there already
        head, _, body = _response(sock).partition(b"\r\n\r\n")
    found = json.loads(body)
    return Reply(
        status=int(head.split()[1]),
        detail=found.get("detail", "answered"),
        seconds=time.monotonic() - began,
        peak_mib=server.peak_mib() - before,
    )


def answered_well(server: Server) -> None:
    """A good picture is answered.

    Args:
        server: The server.

    Raises:
        RuntimeError: If it is not.
    """
    good = encoded(Image.new("RGB", (300, 300), (200, 80, 40)), "JPEG")
    reply = send(server, whole("a good picture", good))
    if reply.status != 200:
        raise RuntimeError(f"a good picture is answered with {reply.status}: {reply.detail}")


def whole(name: str, data: bytes, *, content_type: str = "image/jpeg") -> Upload:
    """An upload that is sent at once."""
    return Upload(name=name, chunks=iter([data]), length=len(data), content_type=content_type)


def encoded(image: Image.Image, kind: str) -> bytes:
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return buffer.getvalue()


def png_of(width: int, height: int, *, rows: int) -> bytes:
    """A white RGB PNG whose header gives a size, with so many of its rows."""
    packer, data = zlib.compressobj(9), b""
    for _ in range(rows):
        data += packer.compress(b"\0" + b"\xff" * (3 * width))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", data + packer.flush()), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_with_text(size: int) -> bytes:
    """A small PNG with a text that unpacks to so many bytes."""
    plain = png_of(8, 8, rows=8)
    return plain[:33] + _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(size), 9)) + plain[33:]


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header gives another size (ITU T.81, B.2.2)."""
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def form_of(*pictures: bytes) -> bytes:
    """A multipart body of pictures, with the boundary x."""
    head = b'--x\r\nContent-Disposition: form-data; name="pictures"; filename="a.jpg"\r\n\r\n'
    return b"".join(head + data + b"\r\n" for data in pictures) + b"--x--\r\n"


def zeros(size: int) -> Iterator[bytes]:
    """So many zeros, some at a time."""
    return (bytes(CHUNK_BYTES) for _ in range(size // CHUNK_BYTES))


def drips() -> Iterator[bytes]:
    """A byte now and then, until the server has had enough."""
    return (b"x" for _ in range(200))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _head(upload: Upload) -> bytes:
    size = "Transfer-Encoding: chunked" if upload.length is None else f"Content-Length: {upload.length}"
    lines = ("POST /v1/predict HTTP/1.1", "Host: localhost", f"Content-Type: {upload.content_type}", size)
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


def _response(sock: socket.socket) -> bytes:
    """All that comes back, as far as it can be read."""
    found = b""
    try:
        while data := sock.recv(CHUNK_BYTES):
            found += data
    except ConnectionResetError:
        pass
    return found


if __name__ == "__main__":
    main()
