"""Takes a collection from an archive, which is read in place."""

from dataclasses import replace
from pathlib import Path

from unfreeze.images.layout import Layout, tree_layout
from unfreeze.images.tar_file import TarStorage, read_tar
from unfreeze.images.webdataset import is_shard, shard_layout
from unfreeze.images.zip_file import read_zip

ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def archive_layout(path: Path, *, needs_training: bool = True) -> Layout:
    """Takes a collection from class folders in an archive, laid out as `find_layout` understands folders.

    Nothing is unpacked beside the archive; one that is compressed as a whole is unpacked into the cache once.

    Args:
        path: A zip or tar archive. A tar archive whose pictures have label files is a shard of WebDataset.
        needs_training: As for `find_layout`.

    Returns:
        The files found, empty class folders, and notes.

    Raises:
        CollectionError: If the archive cannot be read or holds no picture in a class folder.
    """
    if path.name.lower().endswith(ZIP_SUFFIXES):
        storage, zipped = read_zip(path)
        layout = tree_layout(zipped.tree(), root=path, storage=storage, needs_training=needs_training)
        return replace(layout, notes=(*zipped.notes(), *layout.notes))
    index = read_tar(path)
    if is_shard(index.members.files):
        return shard_layout([path], source=str(path), known={path: index})
    tar = TarStorage(path, index.members.files)
    layout = tree_layout(index.members.tree(), root=path, storage=tar, needs_training=needs_training)
    return replace(layout, notes=(*index.notes, *index.members.notes(), *layout.notes))
