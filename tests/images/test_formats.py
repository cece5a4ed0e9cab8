"""Which names are pictures and which belong to systems; what a file is by its first bytes."""

from collections.abc import Callable

import pytest
from PIL import Image

from unfreeze.images import formats
from unfreeze.images.formats import (
    ALL_SUFFIXES,
    HEIC_SUFFIXES,
    PICTURE_SUFFIXES,
    SUFFIXES_BY_PLUGIN,
    is_hidden,
    looks_like,
    picture_format,
    undecodable_suffixes,
)

Encode = Callable[..., bytes]

HIDDEN = [".DS_Store", ".ipynb_checkpoints", "._1.jpg", "__MACOSX", "Thumbs.db", "THUMBS.DB", "desktop.ini", "~$a.jpg"]


@pytest.mark.parametrize("name", [*HIDDEN, "$RECYCLE.BIN", "System Volume Information"])
def test_names_of_systems_and_tools_are_hidden(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["cat.jpg", "_cat", "macosx", "thumbs", "Thumbs.db.jpg", "café", "~cat", "a.b"])
def test_names_of_users_are_not_hidden(name: str) -> None:
    assert not is_hidden(name)


def test_pillow_knows_every_suffix() -> None:
    known = set(Image.registered_extensions())
    assert ALL_SUFFIXES - HEIC_SUFFIXES - set(undecodable_suffixes()) <= known


def test_suffixes_are_written_as_they_are_compared() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in ALL_SUFFIXES)


def test_a_suffix_counts_as_a_picture_or_says_what_to_install() -> None:
    assert PICTURE_SUFFIXES.isdisjoint(SUFFIXES_BY_PLUGIN)
    assert PICTURE_SUFFIXES | set(SUFFIXES_BY_PLUGIN) == ALL_SUFFIXES
    assert dict(SUFFIXES_BY_PLUGIN) == undecodable_suffixes()


@pytest.mark.parametrize("installed", [True, False])
def test_heic_counts_where_its_plugin_is_installed(monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda module: object() if installed or module != "pillow_heif" else None)
    assert undecodable_suffixes() == ({} if installed else dict.fromkeys(HEIC_SUFFIXES, "pillow-heif"))


def test_a_pillow_without_avif_and_webp_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda module: None if module.startswith("PIL.") else object())
    assert undecodable_suffixes() == {".avif": "pillow>=11.3", ".webp": "a Pillow with WebP"}


def test_what_pillow_writes_is_known_by_its_first_bytes(encode: Encode) -> None:
    for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM"):
        assert picture_format(encode(Image.new("RGB", (4, 4)), name)) == name
    for mode, start in (("1", b"P4"), ("L", b"P5"), ("F", b"Pf")):
        data = encode(Image.new(mode, (4, 4)), "PPM")
        assert data.startswith(start)
        assert picture_format(data) == "PPM"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"\0\0\0\x20ftypavif", "AVIF"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x18ftypheic", "HEIF"),
        (b"\0\0\0\x18ftyphevx", "HEIF"),
        (b"\0\0\0\x18ftypisom", None),
        (b"MM\0*", "TIFF"),
        (b"MM\0+\0\x08", "TIFF"),
        (b"P6\n", "PPM"),
        (b"P3 or so, he said", "PPM"),
        (b"P7\n", None),
        (b"PNG", None),
        (b"", None),
    ],
)
def test_first_bytes(start: bytes, expected: str | None) -> None:
    assert picture_format(start) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.4", "a PDF"),
        (b"\n <!DOCTYPE html><html>", "an HTML page"),
        (b"<HTML>", "an HTML page"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<svg>', "an SVG drawing"),
        (b"<svg></svg>", "an SVG drawing"),
        (b'<?xml version="1.0"?><feed>', "an XML file"),
        (b"PK\x03\x04", "a zip archive or an office document"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript"),
        (b"SIMPLE  =    T", "a FITS file"),
        (b"icns\0\0", "an icon"),
        (b"\0\0\1\0\1\0", "an icon"),
        (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 picture"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (bytes(128) + b"DICM", "a DICOM file"),
        (b'{"error": "not found"}', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer: the file itself was not fetched"),
        (bytes(4096), "nothing but zeros, as after a copy that failed"),
        (b"these are words", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, expected: str | None) -> None:
    assert picture_format(data) is None
    assert looks_like(data) == expected


def test_a_picture_is_never_taken_for_something_else(encode: Encode) -> None:
    for name in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"):
        assert looks_like(encode(Image.new("RGB", (4, 4)), name)) is None
