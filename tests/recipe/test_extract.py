"""Activations stored ahead: what is asked for, what is counted, and what a run then finds."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from made import MakeCollection, Recorder
from unfreeze.activations.extract import Extractor
from unfreeze.activations.store import ActivationStore
from unfreeze.cache import cache_folder
from unfreeze.images.table import ImageRow
from unfreeze.learner.learner import Learner
from unfreeze.recipe.extract import extract_ahead
from unfreeze.recipe.read_pictures import read_pictures
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.render import Squared
from unfreeze.transforms.views import Augment

SETTINGS = TrainSettings(size=32, views=2, tta_views=1, threads=1)


@pytest.fixture
def pictures(make_collection: MakeCollection) -> Path:
    counts = {"train": 4, "valid": 2, "test": 1}
    return make_collection({f"{split}/{name}": count for split, count in counts.items() for name in ("red", "blue")})


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, 8 * 3 + 6 * 2),
        ({"augment": Augment.TRIVIAL}, 8 * 3 + 6 * 2),
        ({"augment": Augment.NONE}, 14),
        ({"tta_views": 0, "views": 1}, 8 * 2 + 6),
    ],
)
def test_all_is_stored_that_a_run_asks_for(pictures: Path, changed: dict[str, object], wanted: int) -> None:
    settings = replace(SETTINGS, **changed)  # type: ignore[arg-type]
    found = extract_ahead(pictures, settings, Recorder())
    assert (found.wanted, found.stored, found.computed) == (wanted, 0, wanted)
    assert found.size_bytes == wanted * 2810  # see entry_bytes
    data = read_pictures(pictures, settings, Recorder())
    with closing(Learner(data)) as learner:
        assert learner.source.missing("train", [0]) == 0
        assert learner.source.missing("valid", range(1 + settings.tta_views)) == 0
        assert learner.source.missing("test", range(1 + settings.tta_views)) == 0
    with ActivationStore(cache_folder("activations")) as store:
        assert store.usage().entries == wanted


def test_what_was_stored_before_a_stop_is_not_computed_again(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, seen = Extractor._squares, list[str]()

    def stopping(self: Extractor, row: ImageRow, views: dict[int, bytes]) -> Iterator[tuple[int, Squared]]:
        if len(seen) == 5:
            raise KeyboardInterrupt
        seen.append(row.path)
        return plain(self, row, views)

    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "_squares", stopping)
        with pytest.raises(KeyboardInterrupt):
            extract_ahead(pictures, SETTINGS, Recorder())
    found = extract_ahead(pictures, SETTINGS, Recorder())
    assert 0 < found.stored <= 15
    assert (found.wanted, found.computed) == (36, 36 - found.stored)
    again = extract_ahead(pictures, SETTINGS, Recorder())
    assert (again.stored, again.computed, again.size_bytes) == (36, 0, 0)


def test_a_cache_that_is_too_small_is_said(pictures: Path) -> None:
    watcher = Recorder()
    found = extract_ahead(pictures, replace(SETTINGS, cache_size=50_000), watcher)
    assert found.computed == 36
    expected = "the activations take 101 KB, more than --cache-size 50 KB: other runs may make room of them"
    assert watcher.notes[-1] == f"{expected} before they are used"
    assert "--cache-size" not in "".join(watcher.notes[:-1])
