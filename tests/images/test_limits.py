"""A hostile file is refused, or decoded at a bounded cost."""

import io
import itertools
import re
import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from unfreeze.errors import PictureError, SettingsError
from unfreeze.images import limits
from unfreeze.images.decode import decode, probe
from unfreeze.images.limits import DecodeLimits, LimitError, reduce_within

Encode = Callable[..., bytes]
Read = Callable[..., object]

both = pytest.mark.parametrize("read", [decode, probe])


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def with_chunk(png: bytes, name: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return png[:33] + chunk + png[33:]


@both
@pytest.mark.parametrize("name", ["PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_more_pixels_than_allowed_are_refused(encode: Encode, read: Read, name: str) -> None:
    data = encode(Image.new("RGB", (40, 30)), name)
    with pytest.raises(PictureError, match=r"^a: 40 x 30 pixels, more than the 1,199 that are decoded$"):
        read(data, path="a", limits=DecodeLimits(pixels=1199))
    read(data, path="a", limits=DecodeLimits(pixels=1200))


@both
def test_a_header_of_billions_of_pixels_is_refused(encode: Encode, read: Read) -> None:
    png = bytearray(encode(Image.new("RGB", (2, 2)), "PNG"))
    png[16:24] = struct.pack(">II", 50_000, 50_000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    with pytest.raises(PictureError, match=r"^a: 2,500,000,000 pixels, more than the [\d,]+ that Pillow is set"):
        read(bytes(png), path="a")


@both
def test_pillows_own_guard_is_the_users_and_stays_as_it_is(
    encode: Encode, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    read(encode(Image.new("RGB", (15, 10)), "PNG"), path="a")  # Pillow warns above 100 pixels and refuses above 200
    with pytest.raises(PictureError, match=r"a: 300 pixels, more than the 200 .*twice PIL\.Image\.MAX_IMAGE_PIXELS"):
        read(encode(Image.new("RGB", (20, 15)), "PNG"), path="a")
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize(("pixels", "size"), [(80_000, (400, 200)), (79_999, (200, 100)), (19_999, (100, 50))])
def test_a_jpeg_is_reduced_until_it_is_allowed(encode: Encode, pixels: int, size: tuple[int, int]) -> None:
    data = encode(noise(400, 200), "JPEG")
    assert decode(data, path="a", limits=DecodeLimits(pixels=pixels)).size == size
    probed = probe(data, path="a", limits=DecodeLimits(pixels=pixels))
    assert (probed.width, probed.height) == (400, 200)


@both
def test_a_jpeg_that_an_eighth_is_too_large_of_is_refused(encode: Encode, read: Read) -> None:
    data = encode(noise(400, 200), "JPEG")
    with pytest.raises(PictureError, match="400 x 200 pixels, more than the 1,249 that"):
        read(data, path="a", limits=DecodeLimits(pixels=1249))


@both
def test_a_progressive_jpeg_counts_whole(encode: Encode, read: Read) -> None:
    data = encode(noise(400, 200), "JPEG", progressive=True)
    with pytest.raises(PictureError, match="400 x 200 pixels, more than the 79,999 that"):
        read(data, path="a", limits=DecodeLimits(pixels=79_999))
    read(data, path="a", limits=DecodeLimits(pixels=80_000))


def test_a_jpeg_of_one_scan_for_each_colour_counts_whole(encode: Encode) -> None:
    data = encode(noise(400, 200), "JPEG")
    scan = data.index(b"\xff\xda")
    scans = [b"\xff\xda\0\x08\x01" + bytes((number, 0, 0, 63, 0)) + b"\x55\xff\0\x55" for number in (1, 2, 3)]
    data = data[:scan] + b"".join(scans) + b"\xff\xd9"
    with JpegImageFile(io.BytesIO(data)) as image:
        assert limits.jpeg_scans(data, image, most=100) == 3
        with pytest.raises(LimitError, match="400 x 200 pixels, more than"):
            reduce_within(image, data, short_side_px=25, limits=DecodeLimits(pixels=79_999))


@both
def test_a_jpeg_of_a_hundred_scans_is_refused(encode: Encode, read: Read) -> None:
    data = encode(noise(64, 48), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    read(data + b"\0\2" + data[last:-2] * 200, path="a")  # behind its end: what a phone adds, a film for instance
    with pytest.raises(PictureError, match=r"^a: more than 100 scans, which no encoder writes$"):
        read(data[:-2] + data[last:-2] * 100 + data[-2:], path="a")


def test_scans_are_counted_by_markers_not_by_what_looks_like_them(encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x010F] = "\xff\xda" * 500
    for progressive, scans in ((False, 1), (True, 10)):
        data = encode(noise(64, 48), "JPEG", progressive=progressive, exif=exif, comment=b"\xff\xda" * 500)
        with JpegImageFile(io.BytesIO(data)) as image:
            assert limits.jpeg_scans(data, image, most=100) == scans


@both
@pytest.mark.parametrize("name", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(40, 3), (3, 40)])
def test_a_side_of_too_many_pixels_is_refused(encode: Encode, read: Read, name: str, size: tuple[int, int]) -> None:
    data = encode(noise(*size), name)
    sides = f"{size[0]} x {size[1]}"
    with pytest.raises(PictureError, match=rf"^a: {sides} pixels, a side longer than the 39 that are decoded$"):
        read(data, path="a", limits=DecodeLimits(side_px=39))
    read(data, path="a", limits=DecodeLimits(side_px=40))


@both
def test_a_file_of_too_many_bytes_is_refused(encode: Encode, read: Read) -> None:
    data = encode(noise(40, 30), "PNG")
    with pytest.raises(
        PictureError, match=rf"^a: the file has {len(data):,} bytes, more than the {len(data) - 1:,} that"
    ):
        read(data, path="a", limits=DecodeLimits(file_bytes=len(data) - 1))
    read(data, path="a", limits=DecodeLimits(file_bytes=len(data)))


@both
@pytest.mark.parametrize("name", ["JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF"])
def test_decoding_ends_when_its_time_is_over(
    encode: Encode, read: Read, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(noise(200, 200), name)
    clock = itertools.count()
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    read(data, path="a", limits=DecodeLimits(seconds=10_000))
    with pytest.raises(PictureError, match=r"^a: decoding took more than 0\.5 seconds of processor time$"):
        read(data, path="a", limits=DecodeLimits(seconds=0.5))


def test_the_header_of_a_large_jpeg_has_its_time_too(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"\xff\xd8" + b"\xff\xe0\0\2" * 100_000
    clock = itertools.count()
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    monkeypatch.setattr("unfreeze.images.decode.UNTIMED_HEADER_BYTES", len(data) - 1)
    with pytest.raises(PictureError, match="decoding took more than 5 seconds"):
        decode(data, path="a", limits=DecodeLimits(seconds=5))


@both
@pytest.mark.parametrize(
    ("name", "body"),
    [(b"zTXt", b"key\0\0"), (b"iTXt", b"key\0\1\0\0\0"), (b"iCCP", b"key\0\0")],
    ids=["zTXt", "iTXt", "iCCP"],
)
def test_a_bomb_in_a_text_or_a_profile_is_refused(encode: Encode, read: Read, name: bytes, body: bytes) -> None:
    data = with_chunk(encode(noise(4, 3), "PNG"), name, body + zlib.compress(bytes(2**21)))
    with pytest.raises(PictureError, match=r"^a: its texts or its profile fill more than a megabyte"):
        read(data, path="a")


@pytest.mark.parametrize("name", ["pixels", "side_px", "scans", "file_bytes", "seconds"])
def test_a_limit_lies_above_nothing(name: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{name} is 0; it must lie above 0")) as caught:
        DecodeLimits(**{name: 0})
    assert caught.value.subject == name
