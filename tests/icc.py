"""Minimal colour profiles, written by hand so that the colours they give can be computed on paper.

The layout is that of ICC.1:2001-04: a header of 128 bytes, a table of tags, the tags.
"""

import itertools
import struct
from collections.abc import Callable, Mapping

SRGB_PRIMARIES = {  # sRGB's red, green and blue in CIE XYZ, adapted to D50
    "r": (0.43607, 0.22249, 0.01392),
    "g": (0.38515, 0.71687, 0.09708),
    "b": (0.14307, 0.06061, 0.71410),
}
D50 = (0.9642, 1.0, 0.8249)


def rgb_profile(primaries: str = "rgb", gamma: float | None = None) -> bytes:
    """A profile of a screen with sRGB's primaries.

    Args:
        primaries: Which of sRGB's primaries the file's red, green and blue are: "bgr" swaps red and blue.
        gamma: The exponent of the curves; None for sRGB's own curve.
    """
    curve = _curve(gamma)
    tags = {f"{own}XYZ".encode(): _xyz(SRGB_PRIMARIES[primary]) for own, primary in zip("rgb", primaries, strict=True)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**tags, **{f"{own}TRC".encode(): curve for own in "rgb"}})


def grey_profile(gamma: float | None = None) -> bytes:
    """A profile of a grey screen; None for sRGB's own curve."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(lightness: Callable[[int, int, int, int], int]) -> bytes:
    """A profile of grey ink.

    Args:
        lightness: L* as 0..255 of each corner of the space, where a channel is 0 or 1.
    """
    corners = b"".join(bytes((lightness(*corner), 128, 128)) for corner in itertools.product((0, 1), repeat=4))
    matrix = b"".join(_fixed(value) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    straight = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + straight * 4 + corners + straight * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def srgb_level(light: float) -> float:
    """The level 0..255 of a share of light 0..1 (IEC 61966-2-1)."""
    return 255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    offset, table, body = 128 + 4 + 12 * (len(tags) + 1), b"", b""
    for name, tag in {b"wtpt": _xyz(D50), **tags}.items():
        table += name + struct.pack(">II", offset + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    date = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI", offset + len(body), bytes(4), 0x02100000) + kind + space + connection + date + b"acsp"
    illuminant = b"".join(_fixed(value) for value in D50)
    head = (head + bytes(28) + illuminant).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags) + 1) + table + body


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    levels = [step / 1023 for step in range(1024)]
    light = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *(round(65535 * share) for share in light))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))
