"""Writes a collection as shards of WebDataset, which `webdataset.py` reads: KEY.jpg beside KEY.json in plain tars."""

import csv
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from unfreeze.errors import CollectionError, PictureError, RunError, SettingsError
from unfreeze.files import become_whole, make_folder, write_whole
from unfreeze.images.collection import reject_inside
from unfreeze.images.decode import probe
from unfreeze.images.layout import SPLIT_NAMES, FoundFile, Layout
from unfreeze.images.shard_labels import BAD_FILE, SUMMARY_FILE, UNFINISHED_FILE
from unfreeze.images.table import Quarantined, Split
from unfreeze.images.tar_file import BLOCK_BYTES
from unfreeze.parallel import in_parallel

SPLITS: tuple[Split | None, ...] = (None, "train", "valid", "test")
UNSAID = "shard"
"""How shards begin whose pictures are still to be split."""


@dataclass(frozen=True, kw_only=True)
class Sharded:
    """What was written.

    Attributes:
        shards: The archives, with the number of pictures in each.
        bad: Files that are in none, with the reason.
    """

    shards: dict[str, int]
    bad: tuple[Quarantined, ...]

    @property
    def pictures(self) -> int:
        """Number of pictures in all shards."""
        return sum(self.shards.values())


def write_shards(
    layout: Layout,
    out: Path,
    *,
    shard_bytes: int,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Sharded:
    """Writes the pictures of a collection into shards, byte for byte, with labels and groups; splits are in the names.

    A picture's key is its number in the collection, so that the shards are read in the collection's order, and train to
    the same model. Its path in the collection stands in KEY.json, beside label and group. The same collection gives
    the same shards to the last byte. Each file is decoded once, and one that cannot be is left out and listed in
    `bad.csv`. Until all shards are there, a file `UNFINISHED` lies beside them, with which they are not read.

    Args:
        layout: The collection.
        out: A new or empty folder.
        shard_bytes: What a shard may have at most; one that holds a single picture may have more.
        threads: Files read and decoded at a time.
        progress: Called with the number of files done and the number of files.

    Returns:
        What was written.

    Raises:
        CollectionError: If no file is a picture.
        RunError: If the folder holds something, lies within the pictures, or cannot be written.
        SettingsError: If the folder's name would be taken for a split.
    """
    _check(layout, out)
    numbered = list(enumerate(layout.files))
    in_order = [each for split in SPLITS for each in numbered if each[1].split == split]
    writer, bad = _Shards(make_folder(out), shard_bytes), list[Quarantined]()
    write_whole(out / UNFINISHED_FILE, b"unfreeze shard was stopped, or still writes\n")
    try:
        work = in_parallel(lambda each: _read(layout, each[1]), in_order, threads=threads)
        for done, ((number, file), found) in enumerate(zip(in_order, work, strict=True), 1):
            if isinstance(found, Quarantined):
                bad.append(found)
            else:
                writer.add(file.split or UNSAID, _members(number, file, found, several=layout.multilabel))
            if progress:
                progress(done, len(in_order))
        writer.close()
    except OSError as error:
        message = f"{out}: cannot be written ({error.strerror}); free some space or choose another folder for --out"
        raise RunError(message, subject=out) from error
    finally:
        writer.discard()
        if not writer.written:
            (out / UNFINISHED_FILE).unlink()
    sharded = Sharded(shards=writer.written, bad=tuple(sorted(bad, key=lambda each: each.path)))
    if not sharded.pictures:
        raise CollectionError(f"{layout.source}: none of {len(bad)} files can be decoded", subject=layout.source)
    _describe(out, sharded)
    (out / UNFINISHED_FILE).unlink()
    return sharded


def _check(layout: Layout, out: Path) -> None:
    reject_inside(out, Path(layout.source))
    if (out / UNFINISHED_FILE).exists():
        message = (
            f"{out}: holds a part of the shards, for an earlier call was stopped; remove the folder and call again"
        )
        raise RunError(message, subject=out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out}: is there already; choose a new folder for --out", subject=out)
    if out.name.lower() in SPLIT_NAMES and any(file.split is None for file in layout.files):
        message = f"--out is {out}; a folder of that name would say that its pictures are all for one split"
        raise SettingsError(message, subject="--out")


def _read(layout: Layout, file: FoundFile) -> bytes | Quarantined:
    """A file's bytes, or why it is no picture."""
    try:
        data = layout.storage.read(file.path)
        probe(data, path=file.path)
    except PictureError as error:
        return Quarantined(file.path, str(error).removeprefix(f"{file.path}: "))
    except OSError as error:
        return Quarantined(file.path, error.strerror or str(error))
    return data


def _members(number: int, file: FoundFile, data: bytes, *, several: bool) -> dict[str, bytes]:
    """The members of a shard that a picture becomes."""
    key = f"{number:09d}"
    label: object = list(file.class_names) if several else file.class_names[0]
    path = file.path.encode("utf-8", "backslashreplace").decode()
    group = {"group": file.group} if file.group else {}
    said = json.dumps({"label": label, "path": path, **group}, ensure_ascii=False)
    return {key + os.path.splitext(file.path)[1].lower(): data, f"{key}.json": said.encode()}


@dataclass
class _Shards:
    """Archives that are filled one after another; each is there when it is whole.

    Attributes:
        folder: Where they go.
        limit_bytes: Their size.
        written: Number of pictures by name.
    """

    folder: Path
    limit_bytes: int
    written: dict[str, int] = field(default_factory=dict)
    _kind: str = ""
    _pictures: int = 0
    _archive: tarfile.TarFile | None = None

    def add(self, kind: str, members: dict[str, bytes]) -> None:
        """Adds a picture's members to a shard of a kind."""
        size = sum(BLOCK_BYTES + _padded(len(data)) for data in members.values())
        is_full = self._archive is not None and self._archive.offset + size + tarfile.RECORDSIZE > self.limit_bytes
        if kind != self._kind or is_full:
            self.close()
        if self._archive is None:
            self._kind = kind
            self._archive = tarfile.open(self._work, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed below
        for name, data in members.items():
            member = tarfile.TarInfo(name)  # no time, no owner: the same bytes each time
            member.size = len(data)
            self._archive.addfile(member, io.BytesIO(data))
        self._pictures += 1

    def close(self) -> None:
        """Ends the shard that is being filled, if there is one."""
        if self._archive is None:
            return
        self._archive.close()
        self._archive = None
        number = sum(name.startswith(f"{self._kind}-") for name in self.written)
        name = f"{self._kind}-{number:06d}.tar"
        become_whole(self._work, self.folder / name)
        self.written[name], self._pictures = self._pictures, 0

    def discard(self) -> None:
        """Removes what is not whole."""
        if self._archive:
            self._archive.close()
        self._work.unlink(missing_ok=True)

    @property
    def _work(self) -> Path:
        return self.folder / f".shard.{os.getpid()}"


def _padded(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


def _describe(out: Path, sharded: Sharded) -> None:
    """Writes what is in the shards, and what is not, beside them."""
    if sharded.bad:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerows([("path", "reason"), *((bad.path, bad.reason) for bad in sharded.bad)])
        write_whole(out / BAD_FILE, text.getvalue().encode("utf-8", "backslashreplace"))
    said = {"pictures": sharded.pictures, "bad": len(sharded.bad), "shards": sharded.shards}
    write_whole(out / SUMMARY_FILE, json.dumps(said, indent=2).encode() + b"\n")
