"""What a file's content is called, wherever the file lies."""

import hashlib


def content_hash(data: bytes) -> str:
    """Hash of a file's bytes: BLAKE2b of 16 bytes as 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
