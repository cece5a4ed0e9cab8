"""What a predictor takes for a picture: files, folders, patterns, bytes, open files, Pillow's pictures and arrays."""

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from unfreeze.errors import CollectionError, PictureError
from unfreeze.images.content import content_hash
from unfreeze.images.decode import decode, decode_opened
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden


@runtime_checkable
class Readable(Protocol):
    """A file that is open for reading bytes."""

    def read(self) -> bytes:
        """All bytes from here on."""
        ...


Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
SHAPES = "values 0 to 255 of uint8, of height x width, height x width x 3 or height x width x 4"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One picture that has not been read yet.

    Attributes:
        name: What it is called in answers and errors: its path, or "picture N" by its place among the inputs.
        picture: The path, or the picture itself.
    """

    name: str
    picture: Path | bytes | Readable | Image.Image | Pixels

    def drawn(self, *, short_side_px: int) -> tuple[Image.Image, str]:
        """Reads it.

        Args:
            short_side_px: As of `decode`; pictures that are decoded already are taken as they are.

        Returns:
            An upright picture in mode "RGB", and the hash of its content, which decides its augmented views.

        Raises:
            PictureError: If it is no whole picture.
            OSError: If a file cannot be read.
        """
        picture = self.picture
        if isinstance(picture, Image.Image | np.ndarray):
            image = picture if isinstance(picture, Image.Image) else _image(picture, self.name)
            rgb = decode_opened(image, path=self.name)
            return rgb, hashlib.blake2b(rgb.tobytes(), digest_size=16).hexdigest()
        data = _bytes(picture)
        return decode(data, path=self.name, short_side_px=short_side_px), content_hash(data)


Picture: TypeAlias = Source | str | os.PathLike[str] | bytes | bytearray | memoryview | Readable | Image.Image | Pixels
"""One picture, or a folder or pattern that stands for several."""


def sources(inputs: Picture | Iterable[Picture]) -> list[Source]:
    """All pictures that are meant.

    Args:
        inputs: One input, or several. Folders are searched to the bottom, in order of their names; patterns such as
            "new/**/*.jpg" stand for what they match, unless there is a file of that very name.

    Returns:
        The pictures in order. A file that is not there is among them, and is an error when it is read.

    Raises:
        CollectionError: If a folder or a pattern stands for no picture.
        TypeError: If something is nothing that could be a picture.
    """
    each: Iterable[Any] = [inputs] if _is_one(inputs) else inputs  # type: ignore[assignment]
    return [source for number, one in enumerate(each, start=1) for source in _sources(one, number)]


def picture_paths(inputs: Sequence[str | Path]) -> list[Path]:
    """The pictures that files, folders and patterns stand for, all of which have to be there.

    Args:
        inputs: Files, taken as they are, folders, which are searched to the bottom in order of their names, and
            patterns, for shells that do not fill them in.

    Returns:
        Paths of files.

    Raises:
        CollectionError: If something is not there, or stands for no picture.
    """
    missing = [str(path) for path in inputs if not Path(path).exists() and not glob.has_magic(str(path))]
    if missing:
        raise CollectionError(f"not there: {', '.join(missing)}", subject=missing[0])
    found = [list(_paths(Path(start))) for start in inputs]
    empty = [str(start) for start, paths in zip(inputs, found, strict=True) if not paths]
    if empty:
        raise CollectionError(f"no pictures in {', '.join(empty)}", subject=empty[0])
    return [path for paths in found for path in paths]


def listed(data: bytes) -> list[str]:
    r"""The paths in a list such as `find` prints.

    Args:
        data: One path a line; or paths with a NUL after each, where one occurs, as `find -print0` has them.

    Returns:
        The paths; empty lines are none.

    >>> listed(b"a b.jpg\nc.png\n"), listed(b"a\nb.jpg\0c.png\0")
    (['a b.jpg', 'c.png'], ['a\nb.jpg', 'c.png'])
    """
    names = data.split(b"\0") if b"\0" in data else data.splitlines()
    return [os.fsdecode(name) for name in names if name]


def _is_one(inputs: object) -> bool:
    """Whether this is one input; an array of four axes is several pictures."""
    if isinstance(inputs, np.ndarray):
        return inputs.ndim < 4
    return isinstance(inputs, Source | str | os.PathLike | bytes | bytearray | memoryview | Image.Image | Readable)


def _sources(one: Any, number: int) -> list[Source]:
    if isinstance(one, str | os.PathLike):
        path = Path(one)
        found = list(_paths(path))
        if not found:
            raise CollectionError(f"no pictures in {path}", subject=path)
        return [Source(str(each), each) for each in found]
    if isinstance(one, Source):
        return [one]
    if isinstance(one, bytearray | memoryview):
        one = bytes(one)
    if not isinstance(one, bytes | Readable | Image.Image | np.ndarray):
        raise TypeError(f"input {number} is of type {type(one).__name__}, which is no picture")
    name = getattr(one, "name", None) or getattr(one, "filename", None)  # of open files, and of Pillow's pictures
    return [Source(name if isinstance(name, str) else f"picture {number}", one)]


def _paths(path: Path) -> Iterator[Path]:
    """The files that a path, or a pattern, stands for."""
    if path.is_dir():
        yield from _pictures_below(path)
    elif glob.has_magic(str(path)) and not path.exists():
        matches = map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207 - Path.glob finds hidden files
        files = (file for match in matches for file in (_pictures_below(match) if match.is_dir() else [match]))
        yield from dict.fromkeys(files)  # a pattern may match a folder and what lies in it
    else:
        yield path


def _pictures_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(is_hidden(part) for part in path.relative_to(folder).parts)
        if path.suffix.lower() in PICTURE_SUFFIXES and not hidden and path.is_file():
            yield path


def _bytes(picture: Path | bytes | Readable) -> bytes:
    if isinstance(picture, bytes):
        return picture
    return picture.read_bytes() if isinstance(picture, Path) else bytes(picture.read())


def _image(pixels: Pixels, name: str) -> Image.Image:
    """An array as Pillow's picture; grey may have a third axis of length 1."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    colours = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    fits = colours in {"uint8": (1, 3, 4), "uint16": (1,)}.get(pixels.dtype.name, ())
    if not fits or not pixels.size:
        shape = " x ".join(map(str, pixels.shape))
        raise PictureError(f"{name}: an array of {pixels.dtype}, {shape}; give {SHAPES}", subject=name)
    return Image.fromarray(np.ascontiguousarray(pixels))
