"""Takes a collection from shards of WebDataset: tar archives of KEY.jpg beside KEY.cls, KEY.json or KEY.txt."""

import os
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from unfreeze.errors import CollectionError
from unfreeze.images.class_names import name_notes, one_form
from unfreeze.images.formats import PICTURE_SUFFIXES, is_hidden
from unfreeze.images.layout import SPLIT_NAMES, FoundFile, Layout
from unfreeze.images.list_faults import faults_in_words
from unfreeze.images.shard_labels import LABEL_SUFFIXES, Label, class_names, read_label, reject_unfinished
from unfreeze.images.table import Split
from unfreeze.images.tar_file import Extent, TarIndex, TarStorage, read_tar

EXPECTED = f"expected KEY.jpg beside {' or '.join(f'KEY{suffix}' for suffix in LABEL_SUFFIXES)} in tar archives"


def is_shard(names: Iterable[str]) -> bool:
    """Whether an archive is a shard: its pictures have label files beside them.

    Pictures in folders beside texts may well be class folders. So texts count only where no picture lies in a folder.

    Args:
        names: Paths of its files.

    Returns:
        Whether it is.

    >>> is_shard(["1.jpg", "1.cls"]), is_shard(["cat/1.jpg", "cat/1.txt"]), is_shard(["cat/1.jpg", "cat/1.cls"])
    (True, False, True)
    """
    known = set(names)
    stems = {_stem(name) for name in known if _is_picture(name)}
    suffixes = LABEL_SUFFIXES[:1] if any("/" in stem for stem in stems) else LABEL_SUFFIXES
    return any(f"{stem}{suffix}" in known for stem in stems for suffix in suffixes)


def shard_layout(
    shards: Sequence[Path], *, source: str, known: Mapping[Path, TarIndex] = MappingProxyType({})
) -> Layout:
    """Takes a collection from shards.

    A label is a name, or the number of one in `classes.txt` or `classnames.txt` beside the shards; without such a file
    the number is the name. A list of labels in KEY.json means that pictures may have several; `group` there means that
    pictures of one group never lie on two sides of a split. A shard with the word `train`, `valid`, `val` or `test` in
    its name, or in a folder of that name, says what its pictures are for.

    Args:
        shards: The archives.
        source: What an error names as the collection.
        known: Indices that were read already, by their archives.

    Returns:
        The files as SHARD/KEY.jpg, and notes.

    Raises:
        CollectionError: If shards cannot be read, are not all that there were to be, or pictures have no label that can
            be used; the message counts all such faults and names the first few.
    """
    reject_unfinished(shard.parent for shard in shards)
    root = Path(os.path.commonpath([shard.absolute().parent for shard in shards]))
    reader = _ShardReader(root)
    for shard in shards:
        reader.read(shard, known.get(shard))
    if reader.faults or not reader.labels:
        found = faults_in_words(reader.faults) if reader.faults else f"no pictures in {len(shards)} shards"
        advice = "" if reader.labels else f"; {EXPECTED}; an archive of class folders is named itself, not its folder"
        raise CollectionError(f"{source}: {found}{advice}", subject=source)
    multilabel = any(isinstance(label, tuple) for label in reader.labels.values())
    named = {path: label if isinstance(label, tuple) else (label,) for path, label in reader.labels.items()}
    files = (
        FoundFile(path, tuple(sorted({one_form(label) for label in labels})), reader.splits[path], reader.groups[path])
        for path, labels in named.items()
    )
    in_order = tuple(sorted(files, key=lambda file: file.path))
    notes = (*reader.notes(), *name_notes(label for labels in named.values() for label in labels))
    return Layout(root, source, in_order, TarStorage(root, reader.extents), notes=notes, multilabel=multilabel)


class _ShardReader:
    """What shards hold, as they are read one by one; paths begin with the shard's own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._class_names: dict[Path, tuple[str, ...]] = {}
        self._compressed = 0
        self._unused: Counter[str] = Counter()
        self._oddities: list[str] = []
        self.extents: dict[str, Extent] = {}
        self.faults: list[str] = []
        self.labels: dict[str, Label] = {}
        self.splits: dict[str, Split | None] = {}
        self.groups: dict[str, str] = {}

    def read(self, shard: Path, index: TarIndex | None) -> None:
        """Reads the pictures of a shard and their labels; its index, unless it is known."""
        try:
            index = index or read_tar(shard)
            if shard.parent not in self._class_names:
                self._class_names[shard.parent] = class_names(shard.parent)
        except CollectionError as error:
            self.faults.append(str(error))
            return
        self._compressed += bool(index.notes)
        self._oddities += [f"{shard.name}: {note}" for note in index.members.notes()]
        self._read_labels(shard, index)

    def notes(self) -> Iterator[str]:
        """A sentence for what is read in another way than it seems, or not at all."""
        if self._compressed:
            yield f"{self._compressed} shards are compressed: they are read from unpacked copies in the cache"
        yield from self._oddities
        for kind, count in sorted(self._unused.items()):
            yield f"{count} {kind} files of the shards are not used"
        unsaid = sum(split is None for split in self.splits.values())
        if unsaid and "valid" in self.splits.values():
            yield f"{unsaid} pictures of shards without a split are used to train, as others are said to validate"

    def _read_labels(self, shard: Path, index: TarIndex) -> None:
        files = index.members.files
        split = _split_of(shard)
        used: set[str] = set()
        stems: set[str] = set()
        place = shard.absolute().relative_to(self._root).as_posix()
        for name in _pictures(files):
            stem, path = _stem(name), f"{place}/{name}"
            used.add(name)
            try:
                label_file = _label_file(stem, files, stems)
                label, group = read_label(label_file, files[label_file], self._class_names[shard.parent])
            except (ValueError, OSError) as error:
                self.faults.append(f"{path}: {error}")
                continue
            used.add(label_file)
            stems.add(stem)
            self.labels[path], self.groups[path] = label, group
            self.extents[path], self.splits[path] = files[name], split
        self._unused.update(_kind(name) for name in files if name not in used)


def _label_file(stem: str, files: Container[str], stems: Container[str]) -> str:
    """The file that holds a picture's label; raises ValueError where there is none, or another picture has it."""
    if stem in stems:
        raise ValueError("another picture has the same key")
    for suffix in LABEL_SUFFIXES:
        if stem + suffix in files:
            return stem + suffix
    key = stem.rpartition("/")[2]
    raise ValueError(f"no label: there is no {' or '.join(key + suffix for suffix in LABEL_SUFFIXES)}")


def _pictures(files: Mapping[str, Extent]) -> Iterator[str]:
    """The pictures to be trained on: not hidden ones, nor others (`KEY.mask.png`) of a key that has a plain one."""
    plain = {_stem(name) for name in files if _is_picture(name)}
    for name in files:
        if _is_picture(name) and not any(is_hidden(part) for part in name.split("/")):
            stem = _stem(name)
            folder, _, key = stem.rpartition("/")
            first = f"{folder}/{key.split('.')[0]}" if folder else key.split(".")[0]
            has_label = any(stem + suffix in files for suffix in LABEL_SUFFIXES)
            if first == stem or has_label or first not in plain:
                yield name


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]


def _kind(name: str) -> str:
    """What a file that is not used is called in a note."""
    name = name.rpartition("/")[2]
    return "hidden" if is_hidden(name) else "." + name.partition(".")[2] if "." in name else "suffix-less"


def _split_of(shard: Path) -> Split | None:
    """The split that a word in a shard's name means, or else its folder's whole name; none where words mean several."""
    words = set(re.split(r"[^a-z]+", shard.name.lower())) & SPLIT_NAMES.keys()
    meant: set[Split | None] = {SPLIT_NAMES[word] for word in words} or {
        SPLIT_NAMES.get(shard.absolute().parent.name.lower())
    }
    return meant.pop() if len(meant) == 1 else None
