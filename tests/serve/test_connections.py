"""Clients that send slowly, too much, or are too many: real sockets, and what comes back on them."""

import json
import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest

from served import png
from serving import serving
from unfreeze.serve.limits import ServeLimits

HEAD = "POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"


def connected(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def answer(sock: socket.socket) -> tuple[int, dict[str, object]]:
    """Status and problem of the one response that comes before the connection is closed."""
    data = b"".join(iter(lambda: sock.recv(65536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_a_body_that_stops_is_given_up() -> None:
    with serving(limits=ServeLimits(stall_seconds=0.3)) as url, connected(url) as sock:
        sock.sendall(HEAD.format(host="localhost", length=100).encode() + b"ten bytes.")
        status, problem = answer(sock)
    assert (status, problem["type"]) == (408, "urn:unfreeze:problem:slow-body")


def test_a_body_that_drips_is_given_up_after_its_time() -> None:
    with serving(limits=ServeLimits(stall_seconds=5, body_seconds=0.5)) as url, connected(url) as sock:
        sock.sendall(HEAD.format(host="localhost", length=100).encode())
        began = time.monotonic()
        for _ in range(8):
            sock.sendall(b"x")
            time.sleep(0.1)
        status, _ = answer(sock)
    assert status == 408
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("sent", [b"", b"POST /v1/predict HTTP/1.1\r\nHost: a"])
def test_a_client_that_never_ends_its_head_is_hung_up_on(sent: bytes) -> None:
    with serving(limits=ServeLimits(stall_seconds=0.3)) as url, connected(url) as sock:
        sock.sendall(sent)
        began = time.monotonic()
        assert sock.recv(100) == b""
    assert time.monotonic() - began < 5


def test_nor_is_a_later_head_that_drips_waited_for() -> None:
    with serving(limits=ServeLimits(stall_seconds=0.5)) as url, connected(url) as sock:
        request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for _ in range(2):
            time.sleep(0.3)  # together longer than one head may take
            sock.sendall(request)
            received = b""
            while not received.endswith(b'{"status":"alive"}'):
                received += sock.recv(65536)
        closed = b"more"
        for byte in request[:30]:
            with suppress(ConnectionError):
                sock.sendall(bytes([byte]))
            sock.settimeout(0.1)
            with suppress(TimeoutError, ConnectionError):
                closed = sock.recv(100)
                break
    assert closed == b""


def test_one_connection_too_many_is_told_so_and_the_others_are_served() -> None:
    with serving(limits=ServeLimits(connections=2)) as url, connected(url), connected(url) as second:
        time.sleep(0.1)
        with connected(url) as third:
            status, problem = answer(third)
        assert (status, problem["type"]) == (503, "urn:unfreeze:problem:too-many-connections")
        second.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer(second) == (200, {"status": "alive"})


def test_what_is_far_too_large_is_refused_before_it_is_sent() -> None:
    with serving() as url, connected(url) as sock:
        sock.sendall(HEAD.format(host="localhost", length=500 * 2**20).encode() + bytes(1000))
        status, problem = answer(sock)
    assert (status, problem["type"]) == (413, "urn:unfreeze:problem:request-too-large")


def test_who_sends_it_all_nevertheless_reads_the_answer() -> None:
    limits = ServeLimits(request_bytes=2**20, picture_bytes=2**20)
    with serving(limits=limits) as url:
        chunks = (bytes(2**16) for _ in range(100))  # 6.5 MB that announce no length
        response = httpx2.post(f"{url}/v1/predict", content=chunks)
    assert response.status_code == 413


def test_a_connection_goes_on_after_a_refused_picture() -> None:
    with serving() as url, httpx2.Client() as client:
        for _ in range(3):
            response = client.post(f"{url}/v1/predict", content=b"words")
            assert response.status_code == 415
            assert "connection" not in response.headers
        assert client.post(f"{url}/v1/predict", content=png()).status_code == 200


def test_what_is_no_http_is_told_so() -> None:
    with serving() as url, connected(url) as sock:
        sock.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        status, problem = answer(sock)
    assert (status, problem["type"]) == (400, "urn:unfreeze:problem:malformed-request")
