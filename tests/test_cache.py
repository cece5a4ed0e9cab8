"""Where caches live."""

from pathlib import Path

import pytest
from platformdirs import user_cache_path

from unfreeze.cache import CACHE_VARIABLE, cache_folder


def test_the_variable_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "mine" / "ü"))
    assert cache_folder() == tmp_path / "mine" / "ü"
    assert cache_folder("weights", "v1") == tmp_path / "mine" / "ü" / "weights" / "v1"
    assert (tmp_path / "mine" / "ü" / "weights" / "v1").is_dir()


def test_a_folder_that_is_there_keeps_its_files(own_cache: Path) -> None:
    (cache_folder("store") / "kept").write_text("kept")
    assert (cache_folder("store") / "kept").read_text() == "kept"
    assert cache_folder("store") == own_cache / "store"


def test_the_tilde_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, "~/caches")
    assert cache_folder("a") == tmp_path / "caches" / "a"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_it_is_the_platforms_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    for variable in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    if value is None:
        monkeypatch.delenv(CACHE_VARIABLE)
    else:
        monkeypatch.setenv(CACHE_VARIABLE, value)
    folder = cache_folder("a")
    assert folder == user_cache_path("unfreeze", appauthor=False) / "a"
    assert folder.is_relative_to(tmp_path)
