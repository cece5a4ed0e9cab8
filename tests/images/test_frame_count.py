"""Frames are counted without decoding them, as Pillow would count them, up to a limit."""

import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from unfreeze.images import frame_count
from unfreeze.images.decode import probe

Encode = Callable[..., bytes]


def animation(encode: Encode, name: str, count: int, mode: str = "RGB") -> bytes:
    pictures = [Image.new("RGB", (16, 12), (40 * number % 256, 9, 9)).convert(mode) for number in range(count)]
    return encode(pictures[0], name, save_all=True, append_images=pictures[1:])


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_as_many_as_pillow_counts(encode: Encode, name: str, count: int) -> None:
    data = animation(encode, name, count)
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == count
    assert probe(data, path="a").frames == count


def test_formats_without_frames_have_one(encode: Encode) -> None:
    assert [probe(encode(Image.new("RGB", (4, 4)), name), path="a").frames for name in ("JPEG", "BMP", "PPM")] == [
        1,
        1,
        1,
    ]


def test_frames_with_palettes_comments_and_no_trailer(encode: Encode) -> None:
    data = animation(encode, "GIF", 3, "P")
    first = data.index(b"!", 13 + (3 << (data[10] & 7) + 1))
    data = data[:first] + b"!\xfe\x03abc\x02de\x00" + data[first:]
    assert probe(data, path="a").frames == 3
    assert data.endswith(b";")
    assert probe(data[:-1], path="a").frames == 3


def test_a_million_frames_are_not_counted_to_the_end(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    gif = animation(encode, "GIF", 1, "P")
    frame = gif.index(b",", 13 + (3 << (gif[10] & 7) + 1))
    many = gif[:frame] + gif[frame:-1] * 5000 + b";"
    assert probe(many, path="a").frames == frame_count.MOST_FRAMES == 1000
    monkeypatch.setattr(frame_count, "MOST_BLOCKS", 7)
    assert probe(many, path="a").frames == 7  # a block of pixels each


def test_pages_that_lead_back_are_counted_once(encode: Encode) -> None:
    data = bytearray(animation(encode, "TIFF", 3))
    (first,) = struct.unpack_from("<L", data, 4)
    last = first
    while True:
        link_at = last + 2 + 12 * struct.unpack_from("<H", data, last)[0]
        (following,) = struct.unpack_from("<L", data, link_at)
        if not following:
            break
        last = following
    struct.pack_into("<L", data, link_at, first)
    assert probe(bytes(data), path="a").frames == 3
    struct.pack_into("<L", data, link_at, 2**32 - 9)
    assert probe(bytes(data), path="a").frames == 3


def test_the_pages_of_a_big_tiff(encode: Encode) -> None:
    page = Image.new("L", (4, 3))
    data = encode(page, "TIFF", save_all=True, append_images=[page], big_tiff=True)
    assert data[2] == 43
    assert probe(data, path="a").frames == 2
