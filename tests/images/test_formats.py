"""Which names are pictures and which belong to systems."""

import pytest
from PIL import Image

from unfreeze.images.formats import PICTURE_SUFFIXES, SUFFIXES_BY_PLUGIN, is_hidden

HIDDEN = [".DS_Store", ".ipynb_checkpoints", "._1.jpg", "__MACOSX", "Thumbs.db", "THUMBS.DB", "desktop.ini", "~$a.jpg"]


@pytest.mark.parametrize("name", [*HIDDEN, "$RECYCLE.BIN", "System Volume Information"])
def test_names_of_systems_and_tools_are_hidden(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["cat.jpg", "_cat", "macosx", "thumbs", "Thumbs.db.jpg", "café", "~cat", "a.b"])
def test_names_of_users_are_not_hidden(name: str) -> None:
    assert not is_hidden(name)


def test_pillow_knows_every_suffix() -> None:
    known = set(Image.registered_extensions())
    assert PICTURE_SUFFIXES - {".avif"} <= known


def test_suffixes_are_written_as_they_are_compared() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in PICTURE_SUFFIXES)


def test_a_format_with_a_plugin_is_not_also_one_of_pillows_own() -> None:
    assert PICTURE_SUFFIXES.isdisjoint(SUFFIXES_BY_PLUGIN)
