"""The table of scores, on features that are made, and on photographs."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scores import SCORES
from benchmarks.strangers import Collection, area, areas_table, everything, read, refused_table, write_textures
from unfreeze.evaluation.novelty import fit_novelty


def made(name: str, centre: int) -> Collection:
    """Two classes about two directions."""
    random = np.random.default_rng(centre)
    labels = np.arange(120) % 2
    features = (np.abs(random.normal(size=(120, 16))) + 8 * np.eye(16)[centre + labels]).astype(np.float32)
    return Collection(name=name, training=features[:60], labels=labels[:60], known=features[60:])


@pytest.mark.parametrize("name", SCORES)
def test_every_score_is_higher_for_strangers(name: str) -> None:
    known, strange = made("known", 0), made("strange", 8)
    score = SCORES[name](known.training, known.labels)
    assert score(known.known).shape == (60,)
    assert area(score(known.known), score(everything(strange)))[0] > 0.95


def test_tables_have_a_row_for_each_pair() -> None:
    collections = [made("one", 0), made("other", 8)]
    areas = areas_table(collections, ["5 neighbours", "Mahalanobis"])
    assert areas[0] == "| known | strange | 5 neighbours | Mahalanobis |"
    assert [line.split(" | ")[:2] for line in areas[2:]] == [["| one", "other"], ["| other", "one"]]
    refused = refused_table(collections)
    assert len(refused) == 4
    assert "1.0000 (1.0000 to 1.0000)" in refused[2]
    assert "| 100.0 % (96.9 to 100.0) |" in refused[2]


def test_area_has_its_interval() -> None:
    random = np.random.default_rng(0)
    value, (low, high) = area(random.normal(size=50), 1 + random.normal(size=50), interval=True)
    assert 0.5 < low < value < high < 1


def test_textures_are_pictures_in_class_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.strangers.TEXTURES", 2)
    folder = write_textures(tmp_path / "textures")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))
    assert len(found) == 10
    assert len({(folder / path).read_bytes() for path in found}) == 10


@pytest.mark.slow
@pytest.mark.photos
def test_cats_and_dogs_are_strangers_to_ants_and_bees_and_the_other_way_round(photos: Path) -> None:
    collections = [read(photos / name) for name in ("dogscats", "ants-bees")]
    for known, strange in (collections, collections[::-1]):
        novelty = fit_novelty(known.training, known.known, labels=known.labels)
        assert area(novelty.scores(known.known), novelty.scores(everything(strange)))[0] >= 0.98
        assert novelty.strangers(everything(strange)).mean() > 0.98
        assert novelty.references.nbytes < 3e6
