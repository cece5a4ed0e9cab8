"""The whole examination: each part is asked, and what cannot be judged is left alone and said."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from made import MakeCollection
from unfreeze.audit.examine import Examination, examine
from unfreeze.audit.findings import Kind
from unfreeze.images.table import ImageRow
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner
from unfreeze.learner.observer import Silent


class Notes(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@contextmanager
def told(data: ImageData, monkeypatch: pytest.MonkeyPatch) -> Iterator[Learner]:
    """A learner whose body tells the classes by their colour, whatever the labels say, without computing anything."""
    with closing(Learner(data)) as learner:
        chance = np.random.default_rng(0)

        def pooled(rows: tuple[ImageRow, ...], *, view: int = 0) -> np.ndarray:
            assert view in (0, 1)
            shown = np.array([[10.0 * ("red" in row.path), 10.0 * ("blue" in row.path)] for row in rows])
            noise = chance.normal(size=(len(rows), 6))
            return np.concatenate([shown, noise], axis=1).astype(np.float32)

        monkeypatch.setattr(learner.source, "pooled", pooled)
        yield learner


def examined(data: ImageData, monkeypatch: pytest.MonkeyPatch) -> tuple[Examination, list[str]]:
    notes = Notes()
    with told(data, monkeypatch) as learner:
        return examine(learner, observer=notes), notes.said


def relabelled(data: ImageData, path: str) -> ImageData:
    """The data with one picture of the other class."""
    rows = tuple(replace(row, labels=(1 - row.label,)) if row.path == path else row for row in data.table.rows)
    return replace(data, table=replace(data.table, rows=rows))


def test_a_wrong_label_is_suspected_and_test_pictures_are_not_judged(
    make_collection: MakeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_collection({f"{split}/{name}": 12 for split in ("train", "valid", "test") for name in ("red", "blue")})
    data = relabelled(ImageData.from_folder(root, size_px=32), "train/red/003.png")
    found, said = examined(data, monkeypatch)
    suspects = [(each.path, each.related) for each in found.findings if each.kind is Kind.LABEL]
    assert suspects == [("train/red/003.png", "red")]
    assert (found.judged, found.right, said) == (48, 47, [])
    assert "get 97.9% of the rest right" in found.accuracy_in_words()
    assert found.probes
    assert found.leak is None


def test_several_labels_are_not_judged_and_it_says_so(
    make_collection: MakeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ImageData.from_folder(make_collection({"red": 12, "blue": 12}), size_px=32)
    found, said = examined(replace(data, table=replace(data.table, multilabel=True)), monkeypatch)
    assert (found.judged, found.probes, found.accuracy_in_words()) == (0, (), "")
    assert said == ["several labels a picture: labels and shortcuts are not examined"]


def test_classes_that_no_head_can_be_asked_about_are_left_alone_and_it_says_so(
    make_collection: MakeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ImageData.from_folder(make_collection({"red": 12, "blue": 12}), size_px=32)
    rows = tuple(replace(row, group="one" if "red" in row.path else "") for row in data.table.rows)
    found, said = examined(replace(data, table=replace(data.table, rows=rows)), monkeypatch)
    assert found.judged == 0
    assert said == [
        "labels and shortcuts are not examined: no two classes have 5 pictures that are neither copies nor of one group"
    ]


def test_a_leak_is_measured(make_collection: MakeCollection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = make_collection({f"{split}/{name}": 12 for split in ("train", "valid") for name in ("red", "blue")})
    (root / "valid/red/copy.png").write_bytes((root / "train/red/003.png").read_bytes())
    found, _ = examined(ImageData.from_folder(root, size_px=32), monkeypatch)
    assert [(each.path, each.related) for each in found.findings if each.kind is Kind.LEAK] == [
        ("train/red/003.png", "valid/red/copy.png")
    ]
    assert found.leak
    assert (found.leak.copied, found.leak.pictures) == (1, 25)
