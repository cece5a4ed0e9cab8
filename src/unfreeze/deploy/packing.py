"""Makes one `.unfreeze` file of a bundle: a zip archive, its members stored as they are."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from unfreeze.deploy.bundle import read_bundle, settings_bytes
from unfreeze.deploy.description import SETTINGS_FILE
from unfreeze.deploy.storage import PIECE_BYTES, SUFFIX, files_of, read_file
from unfreeze.errors import RunError
from unfreeze.files import there_already

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same bundle gives the same file."""


def pack_bundle(path: Path, out: Path | None = None, *, probes: bool = True) -> Path:
    """Writes a bundle as one file, after its files were checked.

    Args:
        path: A run folder, or a bundle.
        out: The file; left away, one named after the run in the current folder.
        probes: Whether the probe pictures, squares of the user's own, go along where there are any.

    Returns:
        The file.

    Raises:
        BundleError: If there is no whole bundle.
        RunError: If there is such a file already, or it cannot be written.
    """
    target, files = out or default_file(path), files_of(path)
    settings = read_bundle(path)
    said = read_file(files, SETTINGS_FILE)  # as it stands, for a model of an earlier format says less of itself
    if settings.probes and not probes:
        settings = settings.without_probes()
        said = settings_bytes(settings)
    with _new_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(SETTINGS_FILE, LONG_AGO), said)
        for name in settings.sha256:
            with files.open(name) as source, archive.open(zipfile.ZipInfo(name, LONG_AGO), "w") as member:
                while piece := source.read(PIECE_BYTES):
                    member.write(piece)
    return target


def default_file(path: Path) -> Path:
    """The file that a bundle is exported to where none is named: the run's name in the current folder."""
    full = path.absolute()
    name = full.parent.name if full.name == "model" else full.stem if path.is_file() else full.name
    return Path(f"{name}{SUFFIX}")


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that was not there before; it is taken away again where what writes it is broken off."""
    try:
        file = path.open("xb")
        try:
            with file:
                yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise there_already(path, flag="--out") from error
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another file for --out"
        raise RunError(message, subject=path) from error
