"""Fixtures for the tests of pictures on disk."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

Encode = Callable[..., bytes]
Touch = Callable[..., Path]
Fingerprint = Callable[[Path], dict[str, tuple[str, int]]]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """The bytes of a picture in a format: `encode(image, "PNG", exif=...)`."""

    def to_bytes(image: Image.Image, name: str, **options: Any) -> bytes:
        file = io.BytesIO()
        image.save(file, name, **options)
        return file.getvalue()

    return to_bytes


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    """Makes empty files, and empty folders where a name ends in a slash: `touch("cat/1.jpg", "dog/")`."""

    def make(*names: str) -> Path:
        root = tmp_path / "pictures"
        for name in names:
            path = root / name
            path.mkdir(parents=True) if name.endswith("/") else path.parent.mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.touch()
        return root

    return make


@pytest.fixture(scope="session")
def fingerprint() -> Fingerprint:
    """What lies below a folder: each path with the hash of its bytes and its time of change."""

    def read(root: Path) -> dict[str, tuple[str, int]]:
        return {
            str(path): (
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
                path.stat().st_mtime_ns,
            )
            for path in (root, *root.rglob("*"))
        }

    return read
