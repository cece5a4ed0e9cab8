"""Which files are pictures: by their names when a folder is walked, by their first bytes when they are decoded."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin", "system volume information"})

HEIC_SUFFIXES = frozenset({".heic", ".heif", ".heics", ".heifs", ".hif"})
ALL_SUFFIXES = HEIC_SUFFIXES | frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif"}
)
"""Suffixes of every format that can be decoded, given the libraries for it."""

WHAT_TO_INSTALL = {
    "WEBP": ("PIL._webp", "a Pillow with WebP"),
    "AVIF": ("PIL._avif", "pillow>=11.3"),
    "HEIF": ("pillow_heif", "pillow-heif"),
}
"""The module that has to be there for a format, and what brings it. Pillow's wheels hold the first two."""

FORMATS_BY_SUFFIX = {".webp": "WEBP", ".avif": "AVIF"} | dict.fromkeys(HEIC_SUFFIXES, "HEIF")


def missing(name: str) -> str | None:
    """What has to be installed before files of a format can be decoded here.

    Args:
        name: Pillow's name of the format, such as "AVIF".

    Returns:
        The name of a package; None where nothing is missing.
    """
    if name not in WHAT_TO_INSTALL:
        return None
    module, advice = WHAT_TO_INSTALL[name]
    return None if find_spec(module) else advice


def undecodable_suffixes() -> dict[str, str]:
    """Suffixes of picture formats that cannot be decoded here, each with what to install."""
    found = {suffix: missing(name) for suffix, name in FORMATS_BY_SUFFIX.items()}
    return {suffix: advice for suffix, advice in found.items() if advice}


SUFFIXES_BY_PLUGIN: Mapping[str, str] = MappingProxyType(undecodable_suffixes())
"""What to install for a suffix, as things were when this module was imported."""

PICTURE_SUFFIXES = ALL_SUFFIXES - SUFFIXES_BY_PLUGIN.keys()


def is_hidden(name: str) -> bool:
    """Whether a file or folder belongs to a system or a tool, not to the collection.

    >>> is_hidden(".ipynb_checkpoints"), is_hidden("__MACOSX"), is_hidden("cat.jpg")
    (True, True, False)
    """
    return name.startswith((".", "~$")) or name.lower() in SYSTEM_NAMES


STARTS = (
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("GIF", rb"GIF8[79]a"),
    ("WEBP", rb"RIFF....WEBP"),
    ("BMP", rb"BM"),
    ("DIB", rb"[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),  # a BMP without its file header; the header's length
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("PPM", rb"P[1-6f][\s#]"),
    ("AVIF", rb"....ftypavi[fs]|....ftypm[is]f1.{4,64}avi[fs]"),
    ("HEIF", rb"....ftyp(?:he[iv][cxms]|m[is]f1)"),
)
"""How files of the formats that are decoded begin, by Pillow's names of them."""

OTHERS = (
    ("a PDF", rb"%PDF"),
    ("an HTML page", rb"\s*<(?:!doctype html|html|head|body)"),
    ("an SVG drawing", rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!doctype svg[^>]*>\s*)?<svg"),
    ("an XML file", rb"\s*<\?xml"),
    ("a Git LFS pointer: the file itself was not fetched", rb"version https://git-lfs"),
    ("a Photoshop file", rb"8BPS"),
    ("PostScript", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("a JPEG 2000 picture", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    ("a JPEG XL picture", rb"\0\0\0\x0cJXL |\xff\x0a"),
    ("an icon", rb"\0\0[\x01\x02]\0|icns"),
    ("an OpenEXR picture", rb"v/1\x01"),
    ("a Radiance picture", rb"#\?RADIANCE"),
    ("a DDS texture", rb"DDS "),
    ("a QOI picture", rb"qoif"),
    ("a FITS file", rb"SIMPLE  ="),
    ("a DICOM file", rb".{128}DICM"),
    ("an HDF5 file", rb"\x89HDF"),
    ("a NumPy array", rb"\x93NUMPY"),
    ("a camera's raw file", rb"FUJIFILMCCD-RAW|II(?:RO|RS|U\0)|FOVb|....ftypcrx "),
    ("a video", rb"....ftyp|RIFF....AVI |\x1aE\xdf\xa3|\0\0\x01[\xb3\xba]|OggS|FLV\x01"),
    ("a sound file", rb"ID3|RIFF....WAVE|fLaC"),
    ("a zip archive or an office document", rb"PK\x03\x04"),
    ("an archive", rb"\x1f\x8b|Rar!|7z\xbc\xaf|BZh|\xfd7zXZ|.{257}ustar"),
    ("a macOS AppleDouble file, which holds no pixels", rb"\0\x05\x16\x07"),
    ("a program", rb"MZ.{58}|\x7fELF"),
    ("a database", rb"SQLite format 3"),
    ("JSON", rb"\s*[{\[]\s*[\"{\[]"),
)
"""How files that are not decoded begin; the first that fits names them."""

LOOKED_AT_BYTES = 512
_STARTS = tuple((name, re.compile(pattern, re.DOTALL)) for name, pattern in STARTS)
_OTHERS = tuple((name, re.compile(pattern, re.DOTALL | re.IGNORECASE)) for name, pattern in OTHERS)


def picture_format(data: bytes) -> str | None:
    r"""Pillow's name of the format that a file begins like; None where it is none of those that are decoded.

    >>> picture_format(b"GIF89a\x01\0\x01\0"), picture_format(b"%PDF-1.7")
    ('GIF', None)
    """
    head = data[:LOOKED_AT_BYTES]
    return next((name for name, pattern in _STARTS if pattern.match(head)), None)


def looks_like(data: bytes) -> str | None:
    """What a file that is no picture begins like, in words; None where that cannot be told.

    >>> looks_like(b"%PDF-1.7"), looks_like(b"these are words")
    ('a PDF', None)
    """
    head = data[:LOOKED_AT_BYTES]
    if head and not any(head):
        return "nothing but zeros, as after a copy that failed"
    return next((name for name, pattern in _OTHERS if pattern.match(head)), None)
