"""Every format and the usual modes that a picture may come in, against values computed on paper."""

import io
import struct
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from unfreeze.images.decode import decode, probe
from unfreeze.images.modes import to_rgb

Encode = Callable[..., bytes]

UPRIGHT = [[40, 80, 120], [160, 200, 240]]
STORED = {  # by the Exif standard: what the 0th row and the 0th column of the file are in the scene
    1: [[40, 80, 120], [160, 200, 240]],  # top, left
    2: [[120, 80, 40], [240, 200, 160]],  # top, right
    3: [[240, 200, 160], [120, 80, 40]],  # bottom, right
    4: [[160, 200, 240], [40, 80, 120]],  # bottom, left
    5: [[40, 160], [80, 200], [120, 240]],  # left, top
    6: [[120, 240], [80, 200], [40, 160]],  # right, top
    7: [[240, 120], [200, 80], [160, 40]],  # right, bottom
    8: [[160, 40], [200, 80], [240, 120]],  # left, bottom
}
OPTIONS: dict[str, dict[str, int]] = {"JPEG": {"quality": 95}, "PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def oriented(encode: Encode, name: str, orientation: int, block: int = 16) -> bytes:
    """A file whose upright picture is UPRIGHT, a block of pixels for each value."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.kron(np.array(STORED[orientation], np.uint8), np.ones((block, block), np.uint8))
    return encode(Image.fromarray(stored).convert("RGB"), name, exif=exif, **OPTIONS[name])


def probed_size(data: bytes) -> tuple[int, int]:
    """Width and height as the scan sees them."""
    probed = probe(data, path="picture")
    return probed.width, probed.height


def grey(data: bytes) -> list[int]:
    """The grey levels of the first row; all three channels must agree."""
    pixels = np.asarray(decode(data, path="picture"))
    assert (pixels == pixels[:, :, :1]).all()
    return [int(level) for level in pixels[0, :, 0]]


def colours(data: bytes) -> list[tuple[int, ...]]:
    """The colours of the first row."""
    image = decode(data, path="picture")
    assert image.mode == "RGB"
    return [tuple(int(level) for level in pixel) for pixel in np.asarray(image)[0]]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("orientation", STORED)
def test_all_orientations_come_out_upright(encode: Encode, name: str, orientation: int) -> None:
    image = decode(oriented(encode, name, orientation), path="picture")
    assert image.size == (48, 32)
    np.testing.assert_allclose(np.asarray(image)[8::16, 8::16, 0], UPRIGHT, atol=3)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("orientation", STORED)
def test_probe_tells_the_size_of_the_upright_picture(encode: Encode, name: str, orientation: int) -> None:
    assert probed_size(oriented(encode, name, orientation)) == (48, 32)


def test_probe_tells_a_large_jpegs_own_size_not_the_reduced_one(encode: Encode) -> None:
    data = encode(Image.new("RGB", (803, 401)), "JPEG")
    assert probed_size(data) == (803, 401)
    assert probe(data, path="a.jpg").small.size == (201, 101)


@pytest.mark.parametrize("orientation", STORED)
def test_probe_tells_the_upright_size_of_a_large_jpeg(encode: Encode, orientation: int) -> None:
    data = oriented(encode, "JPEG", orientation, block=128)
    assert probed_size(data) == (384, 256)
    assert probe(data, path="a.jpg").small.size == (96, 64)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_turns_nothing(encode: Encode, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(Image.fromarray(np.array(UPRIGHT, np.uint8)), "PNG", exif=exif)
    assert np.asarray(decode(data, path="picture"))[:, :, 0].tolist() == UPRIGHT
    assert probed_size(data) == (3, 2)


def test_exif_data_that_cannot_be_written_again_does_not_stop_a_picture(encode: Encode) -> None:
    # Tag 256 as two signed shorts, one of them negative: Pillow reads it, and refuses to write it as unsigned.
    entries = struct.pack("<HHIhh", 256, 8, 2, -30, -1) + struct.pack("<HHIHH", 274, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + entries + bytes(4)
    data = encode(Image.new("RGB", (3, 2)), "JPEG", exif=exif)
    assert decode(data, path="picture").size == probed_size(data) == (2, 3)


def test_one_bit_is_black_and_white(encode: Encode) -> None:
    assert grey(encode(Image.fromarray(np.array([[False, True]])), "PNG")) == [0, 255]


def test_eight_bit_grey_stays_as_it_is(encode: Encode) -> None:
    assert grey(encode(Image.fromarray(np.array([[0, 7, 255]], np.uint8)), "PNG")) == [0, 7, 255]


def test_transparent_grey_is_laid_over_white(encode: Encode) -> None:
    picture = Image.new("LA", (3, 1))
    for x, pixel in enumerate([(0, 0), (100, 255), (0, 128)]):
        picture.putpixel((x, 0), pixel)
    assert grey(encode(picture, "PNG")) == [255, 100, 127]


def test_transparent_colours_are_laid_over_white(encode: Encode) -> None:
    picture = Image.new("RGBA", (3, 1))
    for x, pixel in enumerate([(255, 0, 0, 0), (255, 0, 0, 255), (0, 0, 0, 51)]):
        picture.putpixel((x, 0), pixel)
    assert colours(encode(picture, "PNG")) == [(255, 255, 255), (255, 0, 0), (204, 204, 204)]


@pytest.mark.parametrize(
    ("transparency", "first"),
    [(None, (200, 30, 10)), (0, (255, 255, 255)), (b"\x00\xff", (255, 255, 255)), (b"\x33\xff", (244, 210, 206))],
)
def test_palettes_with_and_without_transparency(
    encode: Encode, transparency: int | bytes | None, first: tuple[int, int, int]
) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([200, 30, 10, 0, 90, 160])
    picture.putpixel((1, 0), 1)
    options = {} if transparency is None else {"transparency": transparency}
    assert colours(encode(picture, "PNG", **options)) == [first, (0, 90, 160)]


def test_the_transparent_colour_of_an_rgb_png_is_white(encode: Encode) -> None:
    picture = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8))
    assert colours(encode(picture, "PNG", transparency=(255, 0, 0))) == [(255, 255, 255), (0, 255, 0)]


def test_a_cmyk_jpeg_keeps_its_colours(encode: Encode) -> None:
    data = encode(Image.new("CMYK", (16, 16), (255, 0, 0, 51)), "JPEG", quality=95)
    np.testing.assert_allclose(colours(data)[8], (0, 204, 204), atol=4)


def test_sixteen_bit_grey_is_divided_by_257(encode: Encode) -> None:
    values = np.array([[0, 257, 257 * 128, 65535]], np.uint16)
    assert grey(encode(Image.fromarray(values), "PNG")) == [0, 1, 128, 255]
    assert grey(encode(Image.fromarray(values.astype(">u2")), "TIFF")) == [0, 1, 128, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([0.0, 0.2, 1.0], [0, 51, 255]),
        ([3.0, 3.0], [0, 0]),
        ([np.nan, 2.0, 4.0, np.inf], [0, 0, 255, 0]),
        ([np.nan, -np.inf], [0, 0]),
    ],
)
def test_floating_point_grey_is_stretched_over_its_finite_range(
    encode: Encode, values: list[float], expected: list[int]
) -> None:
    assert grey(encode(Image.fromarray(np.array([values], np.float32)), "TIFF")) == expected


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_frame_of_an_animation_is_taken(encode: Encode, name: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("#ff0000", "#00ff00", "#0000ff")]
    data = encode(frames[0], name, save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(colours(data)[8], (255, 0, 0), atol=4)
    assert probed_size(data) == (16, 16)


class _StandIn(PngImageFile):
    """A plugin for HEIC that expects a PNG behind the first box."""

    format = "HEIF"

    def _open(self) -> None:
        assert self.fp is not None
        self.fp = io.BytesIO(self.fp.read()[24:])
        super()._open()


@pytest.mark.parametrize("name", ["PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"])
def test_a_file_goes_to_no_plugin_but_its_own(encode: Encode, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data, opened = encode(Image.new("RGB", (4, 4)), name), list[object]()
    really_open = Image.open

    def watched(file: io.BytesIO, *, formats: list[str]) -> Image.Image:
        opened.append(formats)
        return really_open(file, formats=formats)

    monkeypatch.setattr(Image, "open", watched)
    decode(data, path="a")
    assert opened == [[name]]


def test_a_heic_file_is_read_by_its_plugin(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = ModuleType("pillow_heif")
    plugin.__spec__ = ModuleSpec("pillow_heif", None)
    plugin.register_heif_opener = lambda: Image.register_open("HEIF", _StandIn)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    monkeypatch.setattr(Image, "OPEN", {name: found for name, found in Image.OPEN.items() if name != "HEIF"})
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    data = b"\0\0\0\x18ftypheic".ljust(24, b"\0") + encode(Image.new("RGB", (4, 3), (1, 2, 3)), "PNG")
    assert colours(data)[0] == (1, 2, 3)
    assert probed_size(data) == (4, 3)
    assert probe(data, path="a").format == "HEIF"


@pytest.mark.skipif(not find_spec("pillow_heif"), reason="pillow-heif is not installed")
def test_the_picture_in_a_heic_file_is_decoded_not_its_thumbnail(encode: Encode) -> None:
    import_module("pillow_heif").register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.new("RGB", (640, 480), "#c82828"), "HEIF", thumbnails=[128], exif=exif.tobytes())
    np.testing.assert_allclose(colours(data)[8], (200, 40, 40), atol=6)
    probed = probe(data, path="a.heic")
    assert (probed.width, probed.height, probed.small.size) == (480, 640, (480, 640))


@pytest.mark.skipif(".avif" not in Image.registered_extensions(), reason="this Pillow was built without AVIF")
def test_avif_is_read(encode: Encode) -> None:
    np.testing.assert_allclose(colours(encode(Image.new("RGB", (16, 16), "#c82828"), "AVIF"))[8], (200, 40, 40), atol=6)


def test_an_rgb_picture_is_not_copied() -> None:
    picture = Image.new("RGB", (2, 2))
    assert to_rgb(picture) is picture


@settings(deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3))))
def test_lossless_pixels_come_back_as_they_were(encode: Encode, pixels: np.ndarray) -> None:
    data = encode(Image.fromarray(pixels), "PNG")
    assert np.array_equal(np.asarray(decode(data, path="picture")), pixels)
    assert probed_size(data) == (pixels.shape[1], pixels.shape[0])


@pytest.mark.parametrize(("short_side_px", "size"), [(None, (800, 400)), (201, (800, 400)), (200, (400, 200))])
def test_a_jpeg_is_decoded_no_smaller_than_asked(
    encode: Encode, short_side_px: int | None, size: tuple[int, int]
) -> None:
    data = encode(Image.new("RGB", (800, 400), "red"), "JPEG", quality=95)
    assert decode(data, path="wide.jpg", short_side_px=short_side_px).size == size


def test_a_reduced_decode_is_turned_upright_too(encode: Encode) -> None:
    whole, reduced = (
        decode(oriented(encode, "JPEG", 6, block=64), path="a.jpg", short_side_px=px) for px in (None, 64)
    )
    assert reduced.size == (96, 64)
    assert np.abs(np.asarray(reduced.resize(whole.size)).astype(int) - np.asarray(whole)).mean() < 4


def test_other_formats_are_decoded_whole(encode: Encode) -> None:
    assert decode(encode(Image.new("RGB", (800, 400)), "PNG"), path="a.png", short_side_px=10).size == (800, 400)


def test_a_picture_carries_none_of_its_files_metadata(encode: Encode) -> None:
    data = oriented(encode, "JPEG", 6)
    assert decode(data, path="a.jpg").info == probe(data, path="a.jpg").small.info == {}


def test_the_camera_is_told_in_one_short_line(encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker\x07 \n", "Model" + "l" * 200
    probed = probe(encode(Image.new("RGB", (4, 4)), "JPEG", exif=exif), path="a.jpg")
    assert probed.camera == ("Maker Model" + "l" * 200)[:80]
    assert probe(encode(Image.new("RGB", (4, 4)), "JPEG"), path="a.jpg").camera == ""


def test_the_first_of_a_phones_several_pictures_is_taken(encode: Encode) -> None:
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("#ff0000", "#00ff00")]
    data = encode(pictures[0], "MPO", save_all=True, append_images=pictures[1:])
    np.testing.assert_allclose(colours(data)[8], (255, 0, 0), atol=4)
    probed = probe(data, path="a.jpg")
    assert (probed.format, probed.frames) == ("JPEG", 1)
