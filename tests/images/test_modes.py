"""Modes that files rarely have, against pixels computed on paper; the usual ones are in test_decode.py."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from unfreeze.images import modes
from unfreeze.images.decode import decode
from unfreeze.images.modes import to_rgb

Encode = Callable[..., bytes]


def row(image: Image.Image) -> list[list[int]]:
    """The colours of the first row."""
    assert image.mode == "RGB"
    return [[int(level) for level in pixel] for pixel in np.asarray(image)[0]]


def greys(image: Image.Image) -> list[int]:
    """The levels of the first row of a grey picture."""
    assert all(len(set(pixel)) == 1 for pixel in row(image))
    return [pixel[0] for pixel in row(image)]


def png(width: int, depth: int, colour: int, pixels: bytes, transparent: bytes = b"") -> bytes:
    """A PNG of one row, written by hand (PNG, section 11.2): depth in bits, colour type, big-endian pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    clear = chunk(b"tRNS", transparent) if transparent else b""
    return b"\x89PNG\r\n\x1a\n" + header + clear + chunk(b"IDAT", zlib.compress(b"\0" + pixels)) + chunk(b"IEND", b"")


def tiff(width: int, photometric: int, bits: tuple[int, ...], pixels: bytes, *, sample_format: int = 1) -> bytes:
    """A little-endian TIFF of one row and one strip, written by hand (TIFF 6.0, section 2)."""
    count = len(bits)
    body = struct.pack(f"<{count}H", *bits) + pixels
    at = 8 + 2 + 12 * 10 + 4
    entries = [(256, 3, 1, width), (257, 3, 1, 1), (258, 3, count, at if count > 2 else bits[0]), (259, 3, 1, 1)]
    entries += [(262, 3, 1, photometric), (273, 4, 1, at + 2 * count), (277, 3, 1, count), (278, 3, 1, 1)]
    entries += [(279, 4, 1, len(pixels)), (339, 3, 1, sample_format)]
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + table + bytes(4) + body


def test_a_premultiplied_picture_is_laid_over_white() -> None:
    picture = Image.frombytes("RGBa", (2, 1), bytes((50, 25, 0, 128, 10, 20, 30, 255)))  # 50 + 255 - 128 = 177
    np.testing.assert_allclose(row(to_rgb(picture)), [(177, 152, 127), (10, 20, 30)], atol=1)
    assert greys(to_rgb(Image.frombytes("La", (2, 1), bytes((50, 128, 10, 255))))) == [177, 10]


def test_a_palette_with_a_transparent_layer_is_laid_over_white() -> None:
    picture = Image.new("PA", (2, 1))
    picture.putpalette([200, 30, 10, 0, 90, 160])
    picture.putpixel((0, 0), (0, 51))
    picture.putpixel((1, 0), (1, 255))
    assert row(to_rgb(picture)) == [[244, 210, 206], [0, 90, 160]]  # (51 * 200 + 204 * 255) / 255 = 244


def test_a_palette_of_transparent_colours_is_laid_over_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([200, 30, 10, 51, 0, 90, 160, 255], "RGBA")
    picture.putpixel((1, 0), 1)
    assert row(to_rgb(picture)) == [[244, 210, 206], [0, 90, 160]]


@pytest.mark.parametrize(
    ("mode", "pixel", "expected"),
    [
        ("HSV", (0, 255, 255), (255, 0, 0)),
        ("HSV", (128, 0, 77), (77, 77, 77)),
        ("YCbCr", (76, 85, 255), (254, 0, 0)),  # 76 + 1.402 * 127 = 254
        ("YCbCr", (90, 128, 128), (90, 90, 90)),
        ("LAB", (255, 128, 128), (255, 255, 255)),
        ("LAB", (128, 128, 128), (119, 119, 119)),  # ((50.2 + 16) / 116) ** 3 = 0.186 of the light
        ("CMYK", (255, 0, 0, 51), (0, 204, 204)),
        ("CMYK", (55, 155, 255, 0), (200, 100, 0)),
        ("RGBX", (1, 2, 3, 4), (1, 2, 3)),
    ],
)
def test_other_colour_spaces(mode: str, pixel: tuple[int, ...], expected: tuple[int, int, int]) -> None:
    np.testing.assert_allclose(row(to_rgb(Image.new(mode, (1, 1), pixel))), [expected], atol=2)


def test_a_lab_tiff(encode: Encode) -> None:
    # sRGB's red under D50 is L* 54.3, a* 80.8, b* 69.9, of which the file keeps whole numbers.
    data = encode(Image.new("LAB", (2, 2), (138, 209, 198)), "TIFF")
    np.testing.assert_allclose(row(decode(data, path="a.tif"))[0], (255, 0, 0), atol=6)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (0, (55, 128, 148)),  # CMYK as Adobe writes it, inverted: (200, 127, 107, 0) leaves (55, 128, 148) of the light
        (
            2,
            (172, 214, 200),
        ),  # the same bytes, 55, 128 and 148, as YCCK: ink of 55 + 1.402 * 20, 55 - 0.714 * 20 and 55
    ],
)
def test_inverted_cmyk_and_ycck_jpegs_of_adobe(encode: Encode, transform: int, expected: tuple[int, int, int]) -> None:
    data = encode(Image.new("CMYK", (16, 16), (200, 127, 107, 0)), "JPEG", quality=100, subsampling=0)
    adobe = data.index(b"Adobe")
    assert data[adobe + 11] == 0
    data = data[: adobe + 11] + bytes([transform]) + data[adobe + 12 :]
    np.testing.assert_allclose(row(decode(data, path="a.jpg"))[8], expected, atol=2)


@pytest.mark.parametrize(("mode", "order"), [("I;16", "<"), ("I;16L", "<"), ("I;16B", ">"), ("I;16N", "=")])
def test_sixteen_bits_in_every_byte_order(mode: str, order: str) -> None:
    values = np.array([[0, 128, 129, 257 * 128, 65535]], np.dtype(np.uint16).newbyteorder(order))  # type: ignore[arg-type]
    assert greys(to_rgb(Image.frombytes(mode, (5, 1), values.tobytes()))) == [0, 0, 1, 128, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 257, 65535], [0, 1, 255]),
        ([514, 300, 300], [2, 1, 1]),  # not stretched: all of them are numbers of sixteen bits
        ([0, 65536, 131072], [0, 128, 255]),  # 255 * 65536 / 131072 = 127.5, to even
        ([-1000, 0, 3000], [0, 64, 255]),  # 255 * 1000 / 4000 = 63.75
        ([70000, 70000, 70000], [0, 0, 0]),
        ([-(2**31), 0, 2**31 - 1], [0, 128, 255]),
    ],
)
def test_whole_numbers_beyond_sixteen_bits_are_stretched(
    encode: Encode, values: list[int], expected: list[int]
) -> None:
    assert greys(decode(encode(Image.fromarray(np.array([values], np.int32)), "TIFF"), path="a.tif")) == expected


def test_unsigned_tiffs_of_32_bits_do_not_all_turn_white() -> None:
    pixels = struct.pack("<3I", 0, 100_000, 200_000)
    assert greys(decode(tiff(3, 1, (32,), pixels), path="a.tif")) == [0, 128, 255]


def test_signed_tiffs_of_16_bits_do_not_turn_black() -> None:
    pixels = struct.pack("<3h", -1000, 0, 3000)
    assert greys(decode(tiff(3, 1, (16,), pixels, sample_format=2), path="a.tif")) == [0, 64, 255]


def test_sixteen_bit_colour_keeps_its_high_byte() -> None:
    numbers = (0x12FF, 0x8000, 0xFFFF, 0x0100, 0x00FF, 0x7F80)
    expected = [[0x12, 0x80, 0xFF], [0x01, 0x00, 0x7F]]
    assert row(decode(png(2, 16, 2, struct.pack(">6H", *numbers)), path="a.png")) == expected
    assert row(decode(tiff(2, 2, (16, 16, 16), struct.pack("<6H", *numbers)), path="a.tif")) == expected


def test_the_transparent_level_of_sixteen_bit_grey_is_white() -> None:
    data = png(3, 16, 0, struct.pack(">3H", 257, 300, 257 * 9), struct.pack(">H", 300))
    assert greys(decode(data, path="a.png")) == [1, 255, 9]


def test_the_transparent_colour_of_sixteen_bits_is_white() -> None:
    pixels = struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0x1234, 0x1111, 0x9ABC)
    data = png(2, 16, 2, pixels, struct.pack(">3H", 0x1234, 0x5678, 0x9ABC))
    assert row(decode(data, path="a.png")) == [[255, 255, 255], [0x12, 0x11, 0x9A]]


@pytest.mark.parametrize("mode", ["1", "L"])
def test_the_transparent_level_of_grey_is_white(encode: Encode, mode: str) -> None:
    picture = Image.new(mode, (2, 1), 0)
    picture.putpixel((1, 0), 255)
    assert greys(decode(encode(picture, "PNG", transparency=0), path="a.png")) == [255, 255]
    assert greys(decode(encode(picture, "PNG"), path="a.png")) == [0, 255]


def test_large_pictures_are_converted_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(7, 5)).astype(np.float32)
    values[3, 2] = np.nan
    deep = [values, rng.integers(0, 65536, (7, 5), np.uint16), rng.integers(-9, 99, (7, 5), np.int32)]
    pictures = [Image.fromarray(array) for array in (*deep, rng.integers(0, 256, (7, 5, 4), np.uint8))]
    pictures[1].info["transparency"] = int(deep[1][5, 3])
    whole = [to_rgb(picture).tobytes() for picture in pictures]
    monkeypatch.setattr(modes, "PIXELS_AT_A_TIME", 10)
    assert [to_rgb(picture).tobytes() for picture in pictures] == whole
    assert all(len(set(pixels)) > 5 for pixels in whole)
