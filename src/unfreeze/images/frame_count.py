"""How many frames a file has, counted without decoding them and only up to a limit."""

import struct

from PIL import Image

MOST_FRAMES = 1000
MOST_BLOCKS = 200_000
"""Blocks of a GIF, 255 bytes each, that are gone over at most."""


def frame_count(image: Image.Image, data: bytes) -> int:
    """Counts the frames of a file.

    Args:
        image: The opened picture.
        data: The whole file.

    Returns:
        At least 1; counting ends at `MOST_FRAMES`.
    """
    counters = {"GIF": _gif_frames, "TIFF": _tiff_pages}  # Pillow would go over all of a GIF and parse all of a TIFF
    counter = counters.get(image.format or "")
    count = counter(data) if counter else int(getattr(image, "n_frames", 1))
    return max(1, min(count, MOST_FRAMES))


def _gif_frames(data: bytes) -> int:
    """Counts image descriptors (GIF89a, section 20) up to the trailer, the end of the file or what is no block."""
    frames, blocks = 0, 0
    position = 13 + _palette_bytes(data[10])
    while frames < MOST_FRAMES and blocks < MOST_BLOCKS and position + 10 < len(data):
        if data[position] == 0x2C:
            frames += 1
            position += 11 + _palette_bytes(data[position + 9])
        elif data[position] == 0x21:
            position += 2
        else:
            break
        while blocks < MOST_BLOCKS and position < len(data) and data[position]:
            position += data[position] + 1
            blocks += 1
        position += 1
    return frames


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _tiff_pages(data: bytes) -> int:
    """Counts directories (TIFF 6.0, section 2) along their chain until it ends, breaks or leads back."""
    order, large = "<" if data.startswith(b"II") else ">", 43 in data[2:4]
    count, link, entry_bytes = (f"{order}Q", f"{order}Q", 20) if large else (f"{order}H", f"{order}L", 12)
    seen = set[int]()
    link_at = 8 if large else 4
    while len(seen) < MOST_FRAMES and link_at + struct.calcsize(link) <= len(data):
        (position,) = struct.unpack_from(link, data, link_at)
        if not position or position in seen or position + struct.calcsize(count) > len(data):
            break
        seen.add(position)
        (entries,) = struct.unpack_from(count, data, position)
        link_at = position + struct.calcsize(count) + entries * entry_bytes
    return len(seen)
