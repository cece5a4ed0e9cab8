"""What tests of archives make: zip and tar files of named bytes."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Writes a zip archive; a name that ends in a slash is a folder."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], mode: Literal["w", "w:gz", "w:bz2", "w:xz"] = "w") -> Path:
    """Writes a tar archive; a name that ends in a slash is a folder."""
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name.rstrip("/"))
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path
