"""The whole of it on pictures: what crop loses is found, and nothing is made up where there is nothing to find."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made import MakeCollection, new_cache
from unfreeze.audit.square_advice import Outcome
from unfreeze.audit.squares import SquaresAudit, audit_squares
from unfreeze.errors import SettingsError
from unfreeze.images.decode import decode
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.transforms.squares import Square
from wide import read, write_wide


@pytest.fixture
def planted(tmp_path: Path) -> ImageData:
    """Wide pictures whose class shows at the far left alone."""
    return read(write_wide(tmp_path / "planted", strip_px=20))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the pictures that are decoded for activations, in order."""
    seen: list[str] = []

    def spy(content: bytes, *, path: str | Path, short_side_px: int | None = None) -> Image.Image:
        seen.append(str(path))
        return decode(content, path=path, short_side_px=short_side_px)

    monkeypatch.setattr("unfreeze.activations.extract.decode", spy)
    return seen


def said(audit: SquaresAudit) -> dict[str, list[int]]:
    assert audit.trial
    return {square.value: predicted.tolist() for square, predicted in audit.trial.predicted.items()}


def test_what_lies_at_the_edge_is_lost_to_crop_and_found_by_the_others(planted: ImageData) -> None:
    audit = audit_squares(planted)
    assert audit.trial
    assert len(audit.trial.rows) == 32
    assert audit.trial.accuracy(Square.CROP) < 0.75
    assert min(audit.trial.accuracy(Square.SQUASH), audit.trial.accuracy(Square.PAD)) > 0.95
    assert audit.advice.outcome is Outcome.MATTERS
    assert audit.advice.square in (Square.SQUASH, Square.PAD)
    assert np.allclose(audit.figures[Square.CROP].seen, 0.875**2 / 3)


def test_labels_by_chance_give_no_advice_to_change(tmp_path: Path) -> None:
    audit = audit_squares(read(write_wide(tmp_path / "noise", strip_px=0)))
    assert audit.trial
    assert all(0.15 < audit.trial.accuracy(square) < 0.85 for square in Square)
    assert (audit.advice.square, audit.advice.outcome) == (Square.CROP, Outcome.UNCLEAR)


def test_nothing_is_computed_where_all_ways_show_the_same(make_collection: MakeCollection, decoded: list[str]) -> None:
    root = make_collection({"red": 8, "blue": 8})
    for path in root.rglob("*.png"):
        Image.open(path).resize((41, 40)).save(path)
    data = read(root)
    audit = audit_squares(replace(data, transform=replace(data.transform, crop_share=1.0)))
    assert (audit.advice.outcome, audit.trial, decoded) == (Outcome.SAME, None, [])
    audit = audit_squares(data)  # crop leaves a margin out: it is another square
    assert audit.trial
    assert list(audit.trial.predicted) == [Square.CROP, Square.SQUASH]


def test_a_second_time_reads_the_store_and_says_the_same(planted: ImageData, decoded: list[str]) -> None:
    first = audit_squares(planted)
    assert len(decoded) == 3 * 32
    decoded.clear()
    again = audit_squares(planted)
    assert decoded == []
    assert (said(again), again.advice) == (said(first), first.advice)
    learner = Learner(planted)
    learner.source.stored("train", 0)  # nor does a training run compute them
    learner.close()
    assert decoded == []


def test_threads_and_caches_change_nothing(
    planted: ImageData, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = audit_squares(planted, sample=24)
    monkeypatch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
    again = audit_squares(replace(planted, threads=2), sample=24)
    assert (said(again), again.advice) == (said(first), first.advice)
    assert first.trial
    assert len(first.trial.rows) == 24


def test_the_test_split_is_counted_and_never_looked_at(tmp_path: Path, decoded: list[str]) -> None:
    root = write_wide(tmp_path / "split", strip_px=20, of_each=8)
    write_wide(write_wide(root, strip_px=20, of_each=3, split="valid"), strip_px=20, of_each=3, split="test")
    audit = audit_squares(read(root))
    assert len(audit.figures[Square.CROP].seen) == 28
    assert audit.trial
    assert {row.split for row in audit.trial.rows} == {"train", "valid"}
    assert len(decoded) == 3 * 22
    assert not [path for path in decoded if path.startswith("test/")]


def test_what_cannot_be_compared_is_said(planted: ImageData, tmp_path: Path, decoded: list[str]) -> None:
    few = read(write_wide(tmp_path / "few", strip_px=20, of_each=4))
    labelled = replace(planted, table=replace(planted.table, multilabel=True))
    for audit, reason in (
        (audit_squares(few), "of 8 pictures, no class has 5 different ones"),
        (audit_squares(labelled), "the comparison is for pictures with one label each"),
        (audit_squares(planted, compare=False), "no comparison was asked for"),
    ):
        assert (audit.trial, audit.advice.outcome) == (None, Outcome.UNTRIED)
        assert f"Not compared: {reason}" in audit.advice.text
        assert np.allclose(audit.figures[Square.PAD].fill, 2 / 3)
    assert decoded == []


def test_a_sample_that_says_nothing_is_refused(planted: ImageData) -> None:
    with pytest.raises(SettingsError, match="--sample is 19; it must be at least 20 pictures"):
        audit_squares(planted, sample=19)


@pytest.mark.photos
@pytest.mark.slow
def test_cats_and_dogs_stay_with_crop(photos: Path) -> None:
    audit = audit_squares(ImageData.from_folder(photos / "dogscats"))
    assert audit.trial
    assert len(audit.trial.rows) == 1000
    assert min(audit.trial.accuracy(square) for square in Square) > 0.97
    assert (audit.advice.square, audit.advice.outcome) == (Square.CROP, Outcome.EQUAL)
