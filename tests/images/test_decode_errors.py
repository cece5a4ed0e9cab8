"""What cannot be decoded is named, with the reason, by decode and probe alike."""

import contextlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unfreeze.errors import PictureError
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
        PictureError, match=r"^cat/1\.jpg: image file is truncated \(\d+ bytes not processed\)$"
    ) as caught:
        read(data[: len(data) // 2], path="cat/1.jpg")
    assert caught.value.subject == "cat/1.jpg"


@both
@pytest.mark.parametrize("data", [b"these are words", b"\0", b"<svg></svg>", b"%PDF-1.4"])
def test_what_is_no_picture_is_an_error(read: Read, data: bytes) -> None:
    with pytest.raises(PictureError, match=r"^dog/ü\.jpg: not a picture in a known format$"):
        read(data, path="dog/ü.jpg")


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


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0"]))
def test_hostile_bytes_raise_nothing_but_a_picture_error(data: bytes, start: bytes) -> None:
    for read in (decode, probe):
        with contextlib.suppress(PictureError):
            read(start + data, path="picture")
