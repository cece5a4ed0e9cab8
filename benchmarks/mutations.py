"""Small valid files of every format, and what can be done to them, decided by seed, format and number."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from unfreeze.images.formats import missing

SIZE = (24, 17)
INTERESTING = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 4096, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1)
MOST_CHANGES = 4
LONGEST_COPY = 64
SPLICED_SHARE = 0.2

Change = Callable[[random.Random, bytearray], None]


def formats() -> tuple[str, ...]:
    """Names of the formats that can be written here."""
    if not missing("HEIF"):
        import_module("pillow_heif").register_heif_opener()
    Image.init()
    known = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "HEIF")
    return tuple(name for name in known if name in Image.SAVE)


def mutation(name: str, seed: int, number: int) -> bytes:
    """A mutated file: one to four changes to a small valid one.

    Args:
        name: The format.
        seed: Decides all mutations.
        number: Which of them.
    """
    rng = random.Random(f"{seed}/{name}/{number}")
    files = valid_files(name)
    data = bytearray(rng.choice(files))
    if rng.random() < SPLICED_SHARE:
        _splice(rng, data, rng.choice(files))
    for _ in range(rng.randint(1, MOST_CHANGES)):
        rng.choice(CHANGES)(rng, data)
    if name == "PNG" and rng.random() < 0.5:  # otherwise checksums hide nearly everything that lies behind them
        _mend_checksums(data)
    return bytes(data)


def _flip_bit(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _write_byte(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 127, 128, 254, 255, rng.randrange(256)))


def _write_number(rng: random.Random, data: bytearray) -> None:
    """Length fields, sizes and offsets are numbers of two or four bytes, in either order, mostly near the start."""
    width = rng.choice((2, 4))
    if len(data) > width:
        position = rng.randrange(min(len(data) - width, rng.choice((64, len(data)))))
        value = (rng.choice(INTERESTING) + rng.choice((-1, 0, 0, 1))) % 256**width
        data[position : position + width] = value.to_bytes(width, rng.choice(("big", "little")))


def _cut_off(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _insert(rng: random.Random, data: bytearray) -> None:
    position = rng.randrange(len(data) + 1)
    data[position:position] = rng.randbytes(rng.choice((1, 2, 4, 16, LONGEST_COPY)))


def _delete(rng: random.Random, data: bytearray) -> None:
    position = rng.randrange(len(data) + 1)
    del data[position : position + rng.choice((1, 2, 4, 16, LONGEST_COPY))]


def _copy_piece(rng: random.Random, data: bytearray) -> None:
    start, position = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
    data[position:position] = data[start : start + rng.randint(1, LONGEST_COPY)]


def _repeat_piece(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data) + 1)
    end = start + rng.randint(1, LONGEST_COPY)
    data[end:end] = data[start:end] * rng.choice((1, 2, 20))


def _splice(rng: random.Random, data: bytearray, other: bytes) -> None:
    """Goes on with the end of another file."""
    data[rng.randrange(len(data) + 1) :] = other[rng.randrange(len(other)) :]


CHANGES: tuple[Change, ...] = (
    _flip_bit,
    _write_byte,
    _write_byte,
    _write_number,
    _write_number,
    _cut_off,
    _insert,
    _delete,
    _copy_piece,
    _repeat_piece,
)


def _mend_checksums(data: bytearray) -> None:
    """Gives every chunk of a PNG the checksum that it should have (PNG, section 5.3)."""
    position = 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4])
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[position + 4 : end]).to_bytes(4)
        position = end + 4


@cache
def valid_files(name: str) -> tuple[bytes, ...]:
    """Files of a few hundred bytes, of the modes and compressions that a format has."""
    picture = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), np.uint8).repeat(2, 1)[:, ::2]
    )
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_metadata: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    clear = picture.convert("RGBA")
    clear.putalpha(picture.convert("L"))
    palette, deep = picture.quantize(16), Image.fromarray(np.arange(24 * 17, dtype=np.uint16).reshape(17, 24) * 160)
    frames: dict[str, Any] = {"save_all": True, "append_images": [picture.rotate(180), picture.convert("L")]}
    compressions = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    grey, black = picture.convert("L"), picture.convert("1")
    made: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [
            (picture, with_metadata),
            (picture, {"progressive": True}),
            (picture, {"subsampling": 0, "restart_marker_blocks": 1}),
            (grey, with_metadata),
            (picture.convert("CMYK"), {}),
        ],
        "PNG": [
            (picture, with_metadata),
            (clear, {}),
            (palette, {"transparency": b"\0\x80"}),
            (deep, {}),
            (black, {}),
            (grey.convert("LA"), {}),
            (picture, frames),
        ],
        "WEBP": [(picture, with_metadata), (clear, {}), (picture, {"lossless": True}), (clear, frames)],
        "TIFF": [
            *((picture, {"compression": compression}) for compression in compressions),
            (black, {"compression": "group4"}),
            (deep, {}),
            (deep.convert("F"), {}),
            (clear, frames),
            (picture.convert("CMYK"), {"compression": "tiff_lzw"}),
            (palette, with_metadata),
        ],
        "BMP": [(picture, {}), (palette, {}), (black, {}), (clear, {})],
        "GIF": [(palette, {}), (palette, {"transparency": 3, "interlace": 0, "comment": b"text"}), (picture, frames)],
        "PPM": [(picture, {}), (grey, {}), (black, {}), (deep, {})],
        "AVIF": [(picture, with_metadata), (clear, {}), (picture, frames), (grey, {})],
        "HEIF": [(picture, with_metadata), (clear, {}), (picture, frames), (grey, {})],
    }
    written = [_written(image, name, options) for image, options in made[name]]
    return tuple(written + _made_by_hand(name, picture))


def _made_by_hand(name: str, picture: Image.Image) -> list[bytes]:
    """What Pillow reads and does not write: run lengths, plain numbers, more than 255 levels."""
    if name == "BMP":
        row, mixed_row = bytes((24, 1, 0, 0)), bytes((20, 2, 0, 4, 1, 2, 3, 0, 0, 0))  # a run; a run and four pixels
        runs = row * 15 + mixed_row + row + bytes((0, 1))
        header = struct.pack("<IiiHHIIiiII", 40, *SIZE, 1, 8, 1, len(runs), 0, 0, 4, 0) + bytes(range(16))
        return [b"BM" + struct.pack("<IHHI", 14 + len(header) + len(runs), 0, 0, 14 + len(header)) + header + runs]
    if name == "PPM":
        numbers = " ".join(str(level) for level in np.asarray(picture).ravel()).encode()
        return [b"P3\n# plain\n24 17\n255\n" + numbers, b"P6 3 2 1000\n" + bytes(36), b"P1 4 2\n0101\n1010\n"]
    return []


def _written(image: Image.Image, name: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()
