"""What a user names, as parts: each file once, however often it is named."""

from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from unfreeze.bulk.places import place
from unfreeze.bulk.sources import parts_of
from unfreeze.errors import CollectionError


@pytest.mark.parametrize("pattern", ["new/**", "new/{*,sub}", "new/{sub,sub/x.jpg}"])
def test_one_pattern_names_a_file_once(tmp_path: Path, pattern: str) -> None:
    picture = tmp_path / "new/sub/x.jpg"
    picture.parent.mkdir(parents=True)
    picture.touch()
    (part,) = parts_of([f"{tmp_path}/{pattern}"], part_size=10)
    assert part.files == (str(picture),)


def test_unfinished_shards_are_looked_for_once_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = [tmp_path / name for name in ("a/0.tar", "a/1.tar", "b/2.tar")]
    for shard in shards:
        shard.parent.mkdir(exist_ok=True)
        shard.touch()
    asked, isfile = list[str](), LocalFileSystem.isfile

    def noting(files: LocalFileSystem, path: str) -> bool:
        asked.append(path)
        return bool(isfile(files, path))

    monkeypatch.setattr(LocalFileSystem, "isfile", noting)
    assert [part.archive for part in parts_of([*map(str, shards)], part_size=10)] == [*map(str, shards)]
    assert [path for path in asked if path.endswith("/UNFINISHED")] == [
        f"{tmp_path}/a/UNFINISHED",
        f"{tmp_path}/b/UNFINISHED",
    ]


def test_unfinished_shards_of_an_object_store_are_refused() -> None:
    files = place("memory://half").files
    for name in ("/half/0.tar", "/half/UNFINISHED"):
        files.pipe_file(name, b"")
    for named in ("memory://half/*.tar", "memory://half/0.tar"):
        with pytest.raises(CollectionError, match=r"memory:///?half: unfreeze shard was stopped"):
            list(parts_of([named], part_size=10))
