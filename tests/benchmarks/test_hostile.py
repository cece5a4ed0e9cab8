"""Hostile uploads are what their names say, and all of them get an answer of their own."""

import io
import os
import subprocess
from collections.abc import Iterator
from itertools import islice
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import Image

from benchmarks.hostile import Upload, encoded, form_of, png_of, png_with_text, send, uploads, whole, with_size, zeros
from benchmarks.served import Server
from served import png
from serving import serving
from unfreeze.serve.limits import ServeLimits


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server in this process, whose memory is the one that is read."""
    limits = ServeLimits(pictures=3, picture_bytes=100_000, request_bytes=200_000, pixels=1_000_000, body_seconds=0.5)
    with serving(limits=limits) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        process = cast("subprocess.Popen[str]", SimpleNamespace(pid=os.getpid()))
        yield Server(process=process, host=host, port=int(port))


def test_made_pictures_are_what_their_headers_say() -> None:
    plain = Image.open(io.BytesIO(png_of(30, 20, rows=20)))
    assert (plain.size, plain.mode) == ((30, 20), "RGB")
    assert np.asarray(plain).min() == 255
    cut = Image.open(io.BytesIO(png_of(30, 50_000, rows=2)))
    assert cut.size == (30, 50_000)
    jpeg = encoded(Image.new("RGB", (40, 30)), "JPEG")
    assert Image.open(io.BytesIO(with_size(jpeg, 5000, 7000))).size == (5000, 7000)
    text = Image.open(io.BytesIO(png_with_text(1000)))
    text.load()
    assert text.info["Comment"] == "\0" * 1000


def test_every_upload_has_a_name_of_its_own_and_says_how_long_it_is() -> None:
    found = list(islice(uploads(), 7))  # packing the bombs behind them takes a minute
    assert len({upload.name for upload in found}) == 7
    assert [sum(map(len, upload.chunks)) for upload in found] == [upload.length for upload in found]
    assert sum(map(len, zeros(2**20))) == 2**20


@pytest.mark.parametrize(
    ("upload", "status"),
    [
        (whole("a picture", png()), 200),
        (whole("nothing", b""), 400),
        (whole("words", b"<svg/>"), 415),
        (whole("too many pixels", png_of(2000, 2000, rows=1)), 413),
        (whole("a form", form_of(png(), png()), content_type="multipart/form-data; boundary=x"), 200),
        (whole("four", form_of(*[png()] * 4), content_type="multipart/form-data; boundary=x"), 413),
        (Upload(name="announced", chunks=zeros(2**19), length=2**19), 413),
        (Upload(name="in chunks", chunks=zeros(2**19), length=None), 413),
        (Upload(name="it stops", chunks=iter([b"\xff\xd8"]), length=100), 408),
    ],
    ids=lambda value: value.name if isinstance(value, Upload) else "",
)
def test_what_is_sent_is_answered(server: Server, upload: Upload, status: int) -> None:
    reply = send(server, upload)
    assert (reply.status, reply.detail == "answered") == (status, status == 200)
    assert reply.peak_mib > -10_000
    assert reply.seconds > 0
