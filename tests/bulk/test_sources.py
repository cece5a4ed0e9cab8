"""What a user names, as parts: each file once, however often it is named."""

from pathlib import Path

import pytest

from unfreeze.bulk.sources import parts_of


@pytest.mark.parametrize("pattern", ["new/**", "new/{*,sub}", "new/{sub,sub/x.jpg}"])
def test_one_pattern_names_a_file_once(tmp_path: Path, pattern: str) -> None:
    picture = tmp_path / "new/sub/x.jpg"
    picture.parent.mkdir(parents=True)
    picture.touch()
    (part,) = parts_of([f"{tmp_path}/{pattern}"], part_size=10)
    assert part.files == (str(picture),)
