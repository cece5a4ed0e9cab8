"""What cannot be decoded is named, with the reason, by decode and probe alike."""

import contextlib
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from unfreeze.errors import PictureError
from unfreeze.images import formats
from unfreeze.images.decode import decode, probe

Encode = Callable[..., bytes]
Read = Callable[..., object]

both = pytest.mark.parametrize("read", [decode, probe])


def noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


@both
@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_truncated_file_is_an_error(encode: Encode, read: Read, name: str, share: float) -> None:
    data = encode(noise(), name)
    with pytest.raises(PictureError, match=r"^cat/1\.jpg: \S"):
        read(data[: int(len(data) * share)], path="cat/1.jpg")


@both
def test_a_truncated_jpeg_says_so(encode: Encode, read: Read) -> None:
    data = encode(noise(), "JPEG")
    with pytest.raises(
        PictureError,
        match=r"^cat/1\.jpg: it breaks off before its end: image file is truncated \(\d+ bytes not processed\)$",
    ) as caught:
        read(data[: len(data) // 2], path="cat/1.jpg")
    assert caught.value.subject == "cat/1.jpg"


@both
@pytest.mark.parametrize("data", [b"these are words", b"\1", b"\xff\xd8"])
def test_what_is_no_picture_is_an_error(read: Read, data: bytes) -> None:
    with pytest.raises(PictureError, match=r"^dog/ü\.jpg: not a picture in a known format$"):
        read(data, path="dog/ü.jpg")


@both
@pytest.mark.parametrize(
    ("data", "likeness"),
    [(b"%PDF-1.4", "a PDF"), (b"<!doctype html>", "an HTML page"), (bytes(9), "nothing but zeros")],
)
def test_what_is_no_picture_is_named(read: Read, data: bytes, likeness: str) -> None:
    with pytest.raises(PictureError, match=rf"^1\.jpg: not a picture in a known format; it begins like {likeness}"):
        read(data, path="1.jpg")


@both
@pytest.mark.parametrize(
    ("name", "likeness"),
    [("EPS", "PostScript"), ("ICO", "an icon"), ("JPEG2000", "a JPEG 2000 picture"), ("PDF", "a PDF"), ("PCX", None)],
)
def test_what_pillow_knows_besides_is_not_opened(
    encode: Encode, read: Read, name: str, likeness: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(noise(), name)
    monkeypatch.setattr(Image, "open", None)
    known = f"; it begins like {likeness}" if likeness else ""
    with pytest.raises(PictureError, match=rf"^a: not a picture in a known format{known}$"):
        read(data, path="a")


@both
def test_a_header_that_makes_no_sense_is_named(read: Read) -> None:
    with pytest.raises(
        PictureError, match=r"^a: it begins like a PNG file, but it is damaged or of a kind that is not supported$"
    ):
        read(b"\x89PNG\r\n\x1a\n" + bytes(40), path="a")


@both
@pytest.mark.parametrize(
    ("name", "start", "advice"),
    [("HEIF", b"\0\0\0\x18ftypheic", "pillow-heif"), ("AVIF", b"\0\0\0\x20ftypavif", r"pillow>=11\.3")],
)
def test_a_format_without_its_library_says_what_to_install(
    read: Read, name: str, start: bytes, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda module: None)
    with pytest.raises(PictureError, match=rf"^a: a picture of the format {name}, which .* here; install {advice}$"):
        read(start + bytes(40), path="a")


@both
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "there is not enough memory to decode it"),
        (RecursionError("too deep"), "it cannot be decoded: too deep"),
        (SystemError("tile\ncannot\x1b[31m extend"), r"it cannot be decoded: tile cannot\?\[31m extend"),
        (OSError("x" * 1000), f"it cannot be decoded: {'x' * 160}"),
        (struct.error(), "it begins like a PNG file, but it is damaged or of a kind that is not supported"),
        (ValueError("not enough image data"), "it breaks off before its end: not enough image data"),
    ],
)
def test_whatever_goes_wrong_becomes_one_line(
    encode: Encode, read: Read, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(PictureError, match=rf"^a: {reason}$") as caught:
        read(encode(noise(), "PNG"), path="a")
    assert caught.value.__cause__ is error


@both
@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0", b"x" * 99],
)
def test_garbage_in_the_metadata_breaks_nothing(encode: Encode, read: Read, exif: bytes) -> None:
    for name in ("JPEG", "PNG", "WEBP"):
        read(encode(noise(), name, exif=exif), path="a")
    xmp = b"<x:xmpmeta tiff:Orientation='\xff\xfe"
    for name, options in (("JPEG", {"xmp": xmp}), ("TIFF", {"tiffinfo": {700: xmp}})):
        read(encode(noise(), name, **options), path="a")


@both
def test_raw_exif_text_that_is_not_hexadecimal_breaks_nothing(encode: Encode, read: Read) -> None:
    text = PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n   9\nzzzz")
    read(encode(noise(), "PNG", pnginfo=text), path="a")


@both
def test_an_empty_file_is_an_error(read: Read) -> None:
    with pytest.raises(PictureError, match=r"^dog/2\.png: the file is empty$"):
        read(b"", path="dog/2.png")


@both
def test_a_png_with_a_changed_byte_is_an_error(encode: Encode, read: Read) -> None:
    data = bytearray(encode(noise(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(PictureError, match=r"^1\.png: \S"):
        read(bytes(data), path="1.png")


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0"]))
def test_hostile_bytes_raise_nothing_but_a_picture_error(data: bytes, start: bytes) -> None:
    for read in (decode, probe):
        with contextlib.suppress(PictureError):
            read(start + data, path="picture")
