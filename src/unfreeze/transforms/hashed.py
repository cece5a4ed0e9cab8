"""Numbers that look drawn by chance and follow from a text alone."""

import hashlib
import struct


def hashed_draws(text: str) -> tuple[float, ...]:
    """Eight numbers in [0, 1): the upper 53 bits of each 64-bit word of a text's BLAKE2b hash, scaled.

    >>> len(hashed_draws("view 0 ab 1"))
    8
    """
    digest = hashlib.blake2b(text.encode(), digest_size=64).digest()
    return tuple((word >> 11) / 2**53 for word in struct.unpack("<8Q", digest))
