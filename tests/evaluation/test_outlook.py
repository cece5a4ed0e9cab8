"""The outlook as a file: the same when it is read again, and mended by no guess where it is damaged."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaussian import drawn
from unfreeze.errors import RunError
from unfreeze.evaluation.class_gains import class_gains
from unfreeze.evaluation.class_gains import in_words as gains_in_words
from unfreeze.evaluation.learning_curve import in_words, learning_curve
from unfreeze.evaluation.outlook import DataOutlook, read_outlook, write_outlook

NAMES = ("cat", "dög")


@pytest.fixture(scope="module")
def outlook() -> DataOutlook:
    generator = np.random.default_rng(0)
    train, valid = drawn(60, generator), drawn(40, generator)
    return DataOutlook(
        curve=learning_curve(train, valid, classes=2, sizes=5, repeats=2, seed=3),
        gains=class_gains(train, valid, classes=2),
        notes=("of heads",),
    )


def test_what_was_written_is_read(outlook: DataOutlook, tmp_path: Path) -> None:
    write_outlook(tmp_path / "curve.json", outlook, NAMES)
    found = read_outlook(tmp_path / "curve.json")
    assert outlook.curve
    assert found.curve
    assert np.array_equal(found.curve.wrong, outlook.curve.wrong)
    assert (found.curve.sizes, found.curve.seed) == (outlook.curve.sizes, 3)
    assert found.curve.forecast(120) == outlook.curve.forecast(120)
    assert (found.gains, found.notes) == (outlook.gains, outlook.notes)
    assert found.in_words(NAMES) == outlook.in_words(NAMES)


def test_the_file_says_it_in_words_and_figures(outlook: DataOutlook, tmp_path: Path) -> None:
    write_outlook(tmp_path / "curve.json", outlook, NAMES)
    found = json.loads((tmp_path / "curve.json").read_bytes())
    assert outlook.curve
    assert outlook.gains
    assert found["words"] == [in_words(outlook.curve), gains_in_words(outlook.gains, NAMES), "of heads"]
    assert found["curve"]["accuracies"] == outlook.curve.accuracies.tolist()
    assert found["classes"] == list(NAMES)


def test_what_was_not_measured_stays_so(outlook: DataOutlook, tmp_path: Path) -> None:
    for part in (replace(outlook, gains=None), DataOutlook(curve=None, gains=None, notes=("too few",))):
        write_outlook(tmp_path / "curve.json", part, NAMES)
        found = read_outlook(tmp_path / "curve.json")
        assert (found.curve is None, found.gains) == (part.curve is None, None)
        assert found.in_words(NAMES)[-1] == part.notes[0]


def test_a_damaged_file_is_named(outlook: DataOutlook, tmp_path: Path) -> None:
    path = tmp_path / "curve.json"
    with pytest.raises(RunError, match=r"curve\.json: cannot be read as a learning curve"):
        read_outlook(path)
    write_outlook(path, outlook, NAMES)
    whole = path.read_text(encoding="utf-8")
    found = json.loads(whole)
    found["curve"]["sizes"].pop()
    for text in (whole[:-20], "{}", json.dumps(found)):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RunError, match="cannot be read as a learning curve"):
            read_outlook(path)
