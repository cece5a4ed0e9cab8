"""Zip and tar archives are collections as folders are, and are read in place."""

import io
import os
import stat
import tarfile
import unicodedata
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archives import write_tar, write_zip
from unfreeze.errors import CollectionError
from unfreeze.images import storage
from unfreeze.images.archive import archive_layout
from unfreeze.images.layout import Layout, find_layout
from unfreeze.parallel import in_parallel

Fingerprint = Callable[[Path], dict[str, tuple[str, int]]]

FILES = {
    "train/cat/1.jpg": b"first" * 1000,
    "train/dog/2.jpg": b"second",
    "train/dog/deep/é 3.png": b"third",
    "valid/cat/4.jpg": b"",
    "README": b"words",
    "__MACOSX/train/cat/._1.jpg": b"x",
    "valid/dog/": b"",
}


def packed(folder: Path, kind: str, files: dict[str, bytes] = FILES) -> Path:
    """An archive of a kind: "zip", or a suffix of a tar archive."""
    path = folder / f"pets.{kind}"
    if kind == "zip":
        return write_zip(path, files)
    modes: dict[str, Any] = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}
    return write_tar(path, files, modes[kind])


KINDS = ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"]
PLAIN = ["zip", "tar"]


def contents(layout: Layout) -> dict[str, bytes]:
    return {file.path: layout.storage.read(file.path) for file in layout.files}


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_what_its_folder_is(tmp_path: Path, kind: str) -> None:
    for name, data in FILES.items():
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).mkdir() if name.endswith("/") else (tmp_path / "pets" / name).write_bytes(data)
    path = packed(tmp_path, kind)
    folder, layout = find_layout(tmp_path / "pets"), archive_layout(path)
    assert (layout.root, layout.source) == (path, str(path))
    assert (layout.files, layout.empty_classes) == (folder.files, folder.empty_classes)
    assert layout.empty_classes == ("valid/dog",)
    assert contents(layout) == {file.path: FILES[file.path] for file in folder.files}
    assert [note for note in layout.notes if "compressed" not in note] == list(folder.notes)


@pytest.mark.parametrize("kind", ["tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_a_compressed_tar_is_unpacked_into_the_cache_once(tmp_path: Path, own_cache: Path, kind: str) -> None:
    path = packed(tmp_path, kind)
    note = f"pets.{kind} is compressed: it is read from an unpacked copy of 1 MB in the cache"
    assert note in archive_layout(path).notes
    (copy,) = (own_cache / "archives").iterdir()
    before = copy.stat()
    archive_layout(path)
    assert [copy.stat().st_ino, copy.stat().st_mtime_ns] == [before.st_ino, before.st_mtime_ns]
    packed(tmp_path, kind, {**FILES, "train/cat/new.jpg": b"new"})
    assert contents(archive_layout(path))["train/cat/new.jpg"] == b"new"
    assert len(list((own_cache / "archives").iterdir())) == 1
    assert os.listdir(tmp_path) == [path.name]


def test_an_archive_in_the_cache_is_cleared_with_it(tmp_path: Path, own_cache: Path) -> None:
    from unfreeze.activations.inventory import clear
    from unfreeze.cache import Part

    archive_layout(packed(tmp_path, "tgz"))
    assert (clear(own_cache, Part.ARCHIVES).entries, list((own_cache / "archives").iterdir())) == (1, [])


def test_a_compressed_tar_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    packed(tmp_path, "tar.gz").rename(tmp_path / "pets.tar")
    assert len(archive_layout(tmp_path / "pets.tar").files) == 4
    packed(tmp_path, "tar").rename(tmp_path / "pets.tar.gz")
    assert len(archive_layout(tmp_path / "pets.tar.gz").files) == 4


def test_an_archive_that_does_not_fit_on_the_disk_is_an_error(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unfreeze.images.unpacked.SPARE_BYTES", 10**18)
    with pytest.raises(
        CollectionError, match=r"pets.tgz: no room to unpack it in .*; name another folder in UNFREEZE_"
    ):
        archive_layout(packed(tmp_path, "tgz"))
    assert list((own_cache / "archives").iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_reading_an_archive_changes_nothing(tmp_path: Path, kind: str, fingerprint: Fingerprint) -> None:
    packed(tmp_path, kind)
    before = fingerprint(tmp_path)
    contents(archive_layout(tmp_path / f"pets.{kind}"))
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("kind", PLAIN)
def test_a_file_is_known_by_the_state_of_its_archive(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(tmp_path, kind)
    layout = archive_layout(path)
    assert {layout.storage.state(file.path) for file in layout.files} == {""}  # it was written a moment ago
    monkeypatch.setattr("unfreeze.images.storage.SETTLED_NS", 0)
    states = [layout.storage.state(file.path) for file in layout.files]
    assert len(set(states)) == 4
    assert states == [archive_layout(path).storage.state(file.path) for file in layout.files]
    os.utime(path, ns=(0, 0))
    assert not {layout.storage.state(file.path) for file in layout.files} & set(states)
    with pytest.raises(FileNotFoundError, match="is not in the archive"):
        layout.storage.state("train/cat/9.jpg")
    with pytest.raises(FileNotFoundError, match="is not in the archive"):
        layout.storage.read("train/cat/9.jpg")


@pytest.mark.parametrize("kind", PLAIN)
def test_many_threads_read_at_a_time(tmp_path: Path, kind: str) -> None:
    files = {f"{'cat' if number % 2 else 'dog'}/{number}.jpg": os.urandom(5000) for number in range(100)}
    layout = archive_layout(packed(tmp_path, kind, files))
    paths = [file.path for file in layout.files] * 10
    assert list(in_parallel(layout.storage.read, paths, threads=8)) == [files[path] for path in paths]


@pytest.mark.parametrize("kind", PLAIN)
def test_names_are_only_names(tmp_path: Path, kind: str) -> None:
    (tmp_path / "below").mkdir()
    names = ["./cat/1.jpg", "/etc/cat/2.jpg", "../cat/3.jpg", "cat/../../4.jpg", "cat//5.jpg", "dog/1.jpg"]
    layout = archive_layout(packed(tmp_path / "below", kind, {name: name.encode() for name in names}))
    assert contents(layout) == {
        "cat/1.jpg": b"./cat/1.jpg",
        "cat/5.jpg": b"cat//5.jpg",
        "dog/1.jpg": b"dog/1.jpg",
        "etc/cat/2.jpg": b"/etc/cat/2.jpg",
    }
    assert "2 hidden or system files and folders skipped (..)" in layout.notes
    assert [path.name for path in tmp_path.rglob("*")] == ["below", f"pets.{kind}"]


@pytest.mark.parametrize("kind", PLAIN)
def test_a_name_that_is_there_twice_means_its_last_file(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind, {"cat/1.jpg": b"old", "dog/1.jpg": b"dog"})
    if kind == "zip":
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as archive:
            archive.writestr("cat/1.jpg", b"new")
    else:
        with tarfile.open(path, "a") as tape:
            member = tarfile.TarInfo("cat/1.jpg")
            member.size = 3
            tape.addfile(member, io.BytesIO(b"new"))
    layout = archive_layout(path)
    assert contents(layout) == {"cat/1.jpg": b"new", "dog/1.jpg": b"dog"}
    assert layout.notes == ("1 names are in the archive more than once: the last file of a name counts",)


@pytest.mark.parametrize("kind", PLAIN)
def test_names_that_no_system_has_are_skipped(tmp_path: Path, kind: str) -> None:
    names = {"cat/1.jpg": b"", "dog/1.jpg": b"", f"cat/{'x/' * 2100}1.jpg": b""}
    layout = archive_layout(packed(tmp_path, kind, names))
    assert [file.path for file in layout.files] == ["cat/1.jpg", "dog/1.jpg"]
    assert layout.notes == ("1 files skipped whose names have more than 4096 characters",)


@pytest.mark.parametrize("kind", PLAIN)
def test_a_file_that_says_it_is_too_large_is_not_read(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = archive_layout(packed(tmp_path, kind))
    monkeypatch.setattr(storage, "LARGEST_FILE_BYTES", 4999)
    with pytest.raises(OSError, match="has 5,000 bytes, and no file of more than 4,999 is read"):
        layout.storage.read("train/cat/1.jpg")


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_cut_short_is_an_error_that_names_it(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind, {f"cat/{number}.jpg": os.urandom(3000) for number in range(9)})
    whole = path.read_bytes()
    for size in (0, 5, len(whole) // 2):
        path.write_bytes(whole[:size])
        with pytest.raises(CollectionError, match=r"cannot be (read as a (zip|tar) archive|unpacked).*fetch it again"):
            archive_layout(path)


def test_a_tar_with_a_damaged_header_is_an_error(tmp_path: Path) -> None:
    path = packed(tmp_path, "tar", {"cat/1.jpg": b"a", "dog/1.jpg": b"b", "dog/2.jpg": b"c"})
    data = bytearray(path.read_bytes())
    data[1024:1030] = b"damage"
    path.write_bytes(data)
    with pytest.raises(CollectionError, match=r"after 1 members .the header at byte 1024 is damaged.; fetch it again"):
        archive_layout(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_or_encrypted_file_in_a_zip_costs_itself_alone(tmp_path: Path, compression: int) -> None:
    files = {"cat/1.jpg": b"first" * 100, "cat/2.jpg": b"second" * 100, "dog/3.jpg": b"third" * 100}
    path = write_zip(tmp_path / "pets.zip", files, compression)
    with zipfile.ZipFile(path) as archive:
        second = archive.getinfo("cat/2.jpg")
        encrypted = archive.start_dir + bytes(path.read_bytes()[archive.start_dir :]).rindex(b"PK\x01\x02") + 8
    data = bytearray(path.read_bytes())
    start = second.header_offset + 30 + len("cat/2.jpg")
    data[start : start + 12] = b"\xaa" * 12
    data[encrypted] |= 1
    path.write_bytes(data)
    layout = archive_layout(path)
    assert layout.storage.read("cat/1.jpg") == files["cat/1.jpg"]
    with pytest.raises(OSError, match="cannot be read from the archive") as caught:
        layout.storage.read("cat/2.jpg")
    assert caught.value.strerror
    with pytest.raises(OSError, match="is encrypted; unpack the archive with its password"):
        layout.storage.read("dog/3.jpg")


def test_a_file_in_a_zip_that_is_larger_than_it_says_is_not_read_on(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "pets.zip", {"cat/1.jpg": b"x" * 10**6, "dog/1.jpg": b""})
    data = path.read_bytes()
    assert data.count((10**6).to_bytes(4, "little")) == 2  # in the file's own header and in the index
    path.write_bytes(data.replace((10**6).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(OSError, match="cannot be read from the archive"):
        archive_layout(path).storage.read("cat/1.jpg")


def zipped_as(path: Path, name: bytes, flags: int) -> Path:
    """A zip archive with the bytes of a name as they are."""
    write_zip(path, {"cat/" + "?" * len(name) + ".jpg": b"1", "dog/1.jpg": b"2"})
    data = path.read_bytes().replace(b"?" * len(name), name)
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(magic) + place
        data = data[:at] + flags.to_bytes(2, "little") + data[at + 2 :]
    path.write_bytes(data)
    return path


def test_names_in_utf8_are_read_whether_the_zip_says_so_or_not(tmp_path: Path) -> None:
    for flags in (0, 0x800):
        layout = archive_layout(zipped_as(tmp_path / "pets.zip", "Kätzchen".encode(), flags))
        assert contents(layout) == {"cat/Kätzchen.jpg": b"1", "dog/1.jpg": b"2"}
    layout = archive_layout(zipped_as(tmp_path / "pets.zip", b"caf\x82", 0))
    assert contents(layout) == {"cat/café.jpg": b"1", "dog/1.jpg": b"2"}


def test_names_in_a_tar_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"cat/caf\xe9.jpg")
    with tarfile.open(tmp_path / "pets.tar", "w", errors="surrogateescape", format=tarfile.GNU_FORMAT) as archive:
        for member in (tarfile.TarInfo(name), tarfile.TarInfo("dog/1.jpg")):
            archive.addfile(member)
    layout = archive_layout(tmp_path / "pets.tar")
    assert contents(layout) == {name: b"", "dog/1.jpg": b""}


def test_class_names_of_a_mac_and_of_others_are_one_class(tmp_path: Path) -> None:
    apart, composed = (unicodedata.normalize(form, "Kätzchen") for form in ("NFD", "NFC"))
    layout = archive_layout(packed(tmp_path, "zip", {f"{apart}/1.jpg": b"", f"{composed}/2.jpg": b""}))
    assert {file.class_names for file in layout.files} == {(composed,)}


def test_backslashes_in_a_zip_part_folders_where_nothing_else_does(tmp_path: Path) -> None:
    layout = archive_layout(write_zip(tmp_path / "pets.zip", {"cat\\1.jpg": b"1", "dog\\2.jpg": b"2"}))
    assert contents(layout) == {"cat/1.jpg": b"1", "dog/2.jpg": b"2"}
    layout = archive_layout(write_zip(tmp_path / "pets.zip", {"cat/a\\1.jpg": b"1", "dog/2.jpg": b"2"}))
    assert contents(layout) == {"cat/a\\1.jpg": b"1", "dog/2.jpg": b"2"}


def test_links_in_a_tar_are_what_they_lead_to(tmp_path: Path) -> None:
    links = [
        ("cat/2.jpg", tarfile.SYMTYPE, "../all/1.jpg"),
        ("dog/3.jpg", tarfile.LNKTYPE, "all/1.jpg"),
        ("dog/4.jpg", tarfile.SYMTYPE, "/etc/passwd"),
        ("dog/5.jpg", tarfile.SYMTYPE, "../../../etc/passwd"),
        ("dog/6.jpg", tarfile.FIFOTYPE, ""),
        ("dog/7.jpg", tarfile.CHRTYPE, ""),
    ]
    path = write_tar(tmp_path / "pets.tar", {"all/1.jpg": b"picture"})
    with tarfile.open(path, "a") as archive:
        for name, kind, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    layout = archive_layout(path)
    assert contents(layout) == dict.fromkeys(["all/1.jpg", "cat/2.jpg", "dog/3.jpg"], b"picture")
    assert layout.notes == (
        "4 links, pipes, sockets or devices skipped (dog/4.jpg, dog/5.jpg, dog/6.jpg): only files are opened",
    )


def test_links_in_a_zip_are_skipped_and_noted(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "pets.zip", {"cat/1.jpg": b"1", "dog/1.jpg": b"2"})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("dog/2.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    layout = archive_layout(path)
    assert sorted(contents(layout)) == ["cat/1.jpg", "dog/1.jpg"]
    assert layout.notes == ("1 links, pipes, sockets or devices skipped (dog/2.jpg): only files are opened",)


def test_an_archive_without_class_folders_is_an_error_that_names_it(tmp_path: Path) -> None:
    for kind in PLAIN:
        with pytest.raises(CollectionError, match=rf"pets.{kind}: no pictures in class folders .1 pictures skipped"):
            archive_layout(packed(tmp_path, kind, {"1.jpg": b""}))
