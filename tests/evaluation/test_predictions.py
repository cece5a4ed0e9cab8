"""The table of predictions: softmax beside scipy's and torch's, and CSV to the last bit."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unfreeze.errors import RunError
from unfreeze.evaluation.predictions import PredictionTable, read_predictions, table_from_logits
from unfreeze.training.objective import log_softmax

AWKWARD = st.text(st.sampled_from("ab ,;\"'\n\r\tp:é猫🐈\ufeff"), max_size=6)
NAMES = AWKWARD | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
PATHS = NAMES | st.binary(max_size=8).map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape"))


@st.composite
def tables(draw: st.DrawFn) -> PredictionTable:
    """Tables of any finite logits, no rows included, with awkward names."""
    classes = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    count = draw(st.integers(0, 5))
    logits = arrays(
        np.float32, (count, len(classes)), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
    table = table_from_logits(
        draw(logits),
        classes=classes,
        paths=draw(st.lists(PATHS, min_size=count, max_size=count)),
        splits=draw(st.lists(st.sampled_from(["train", "valid", "test"]), min_size=count, max_size=count)),
        targets=draw(st.lists(st.integers(0, len(classes) - 1), min_size=count, max_size=count)),
    )
    if draw(st.booleans()):
        distances = arrays(np.float32, count, elements=st.floats(0, width=32, allow_infinity=True))
        table = table.with_distances(draw(distances))
    return table.with_tta(scipy.special.softmax(draw(logits), axis=1)) if draw(st.booleans()) else table


def assert_same(found: PredictionTable, expected: PredictionTable) -> None:
    """Equality of all fields, of numbers to the last bit."""
    for name in (field.name for field in fields(PredictionTable)):
        one, other = getattr(found, name), getattr(expected, name)
        if isinstance(other, np.ndarray):
            assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes()), name
        else:
            assert one == other, name


@pytest.fixture
def three_rows() -> PredictionTable:
    """Two classes; the second row is wrong."""
    logits = np.array([[1, 0], [0.5, 0], [0, 3]], np.float32)
    splits = ["valid", "test", "valid"]
    return table_from_logits(
        logits, classes=["cat", "dog"], paths=["a.png", "b.png", "c.png"], splits=splits, targets=[0, 1, 1]
    )


@settings(max_examples=150, deadline=None)
@given(table=tables())
def test_table_comes_back_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, table: PredictionTable) -> None:
    path = tmp_path_factory.getbasetemp() / "predictions.csv"
    table.write(path)
    assert_same(read_predictions(path), table)


def test_numbers_of_many_pictures_come_back_to_the_last_bit(tmp_path: Path) -> None:
    logits = np.random.default_rng(0).normal(scale=4, size=(2000, 3)).astype(np.float32)
    table = table_from_logits(logits, classes="abc", paths="p" * 2000, splits="s" * 2000, targets=[0] * 2000)
    table.with_tta(table.probabilities[::-1]).write(tmp_path / "predictions.csv")
    assert_same(read_predictions(tmp_path / "predictions.csv"), table.with_tta(table.probabilities[::-1]))


@pytest.mark.parametrize("tta", [False, True])
def test_table_without_rows_comes_back(three_rows: PredictionTable, tmp_path: Path, tta: bool) -> None:
    table = three_rows.with_tta(three_rows.probabilities) if tta else three_rows
    path = tmp_path / "predictions.csv"
    table.rows([]).write(path)
    found = read_predictions(path)
    assert_same(found, table.rows([]))
    assert found.probabilities.shape == (0, 2)
    assert (found.tta is not None) == tta


def test_columns_are_named_and_say_what_was_predicted(three_rows: PredictionTable, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    three_rows.with_tta(np.array([[0.25, 0.75]] * 3, np.float32)).write(path)
    header, _, second, _ = path.read_text().splitlines()
    assert header == "path,split,target,predicted,loss,p:cat,p:dog,tta:cat,tta:dog"
    assert second == "b.png,test,dog,cat,0.9740769841801067,0.62245935,0.37754068,0.25,0.75"


def test_file_that_breaks_off_anywhere_within_a_line_is_damaged(three_rows: PredictionTable, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    three_rows.write(path)
    data = path.read_bytes()
    for cut in (cut for cut in range(len(data)) if not data[:cut].endswith(b"\n")):
        path.write_bytes(data[:cut])
        with pytest.raises(RunError, match="not a table of predictions"):
            read_predictions(path)


def test_distance_stands_after_the_loss(three_rows: PredictionTable, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    three_rows.with_distances(np.array([0.1, np.inf, 0], np.float32)).write(path)
    header, _, second, _ = path.read_text().splitlines()
    assert header == "path,split,target,predicted,loss,distance,p:cat,p:dog"
    assert second == "b.png,test,dog,cat,0.9740769841801067,inf,0.62245935,0.37754068"


def test_distance_may_be_a_class_and_one_without_a_column_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("path,split,target,predicted,loss,p:distance\na.png,valid,distance,distance,0.0,1.0\n")
    assert read_predictions(path).distances is None
    path.write_text("path,split,target,predicted,loss,distance,p:distance\na.png,valid,distance,distance,0.0,2,1.0\n")
    distances = read_predictions(path).distances
    assert distances is not None
    assert distances.tolist() == [2]


HEADER = "path,split,target,predicted,loss,p:cat,p:dog\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER + "a.png,valid,cat,cat,0.5,0.6\n", "picture 1 has 6 columns, not 7"),
        (HEADER + "a.png,valid,horse,cat,0.5,0.6,0.4\n", "'horse' is none of its classes"),
        (HEADER + "a.png,valid,cat,cat,0.5,nan,0.4\n", "a probability does not lie between 0 and 1"),
        (HEADER + "a.png,valid,cat,cat,0.5,1e300,0.4\n", "a probability does not lie between 0 and 1"),
        (HEADER + "a.png,valid,cat,cat,0.5,-0.1,1.0\n", "a probability does not lie between 0 and 1"),
        (HEADER + "a.png,valid,cat,cat,nan,0.6,0.4\n", "a loss or a distance is no number"),
        (
            HEADER.replace("p:cat", "distance,p:cat") + "a.png,valid,cat,cat,1,nan,0.6,0.4\n",
            "a loss or a distance is no",
        ),
        (HEADER.replace("p:cat", "distance,p:cat") + "a.png,valid,cat,cat,1,near,0.6,0.4\n", "could not convert"),
        (HEADER.replace("p:cat", "p:cat,distance"), "its columns are others"),
        (HEADER.replace("loss", "distance,loss"), "its columns are others"),
        (HEADER.replace("dog", "cat"), "two of its classes have the same name"),
        ("\n", "its columns are others"),
        ("", "it breaks off"),
        ("\0\n", "its columns are others|NUL"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        RunError, match=rf"predictions\.csv: not a table of predictions \(.*({reason}).*\); make it again"
    ):
        read_predictions(path)


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        "path,split,target,predicted,loss\n",
        HEADER.replace("target,", ""),
        HEADER.replace("\n", ",tta:cat\n"),
        HEADER.replace("\n", ",tta:dog,tta:cat\n"),
        HEADER.replace("\n", ",extra\n"),
        HEADER + "a.png,valid,cat,cat,0.5,0.6\n",
        HEADER + "a.png,valid,cat,cat,0.5,0.6,0.2,0.2\n",
        HEADER + "a.png,valid,cat,cat,0.5,0.6,0.4\nb.png,valid,cat\n",
        HEADER + "a.png,valid,cat,cat,0.5,much,little\n",
        HEADER + "a.png,valid,cat,cat,half,0.6,0.4\n",
        HEADER + "a.png,valid,horse,cat,0.5,0.6,0.4\n",
        HEADER + "\n",
        HEADER + '"' + "a" * 200_000 + "\n",
    ],
)
def test_damaged_table_is_an_error_with_its_path(tmp_path: Path, text: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"predictions\.csv: not a table of predictions \(.+\); make it again") as error:
        read_predictions(path)
    assert error.value.subject == str(path)


def test_missing_table_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="No such file") as error:
        read_predictions(tmp_path / "predictions.csv")
    assert error.value.subject == str(tmp_path / "predictions.csv")


def test_table_that_cannot_be_written_is_an_error_with_its_path(three_rows: PredictionTable, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    path = tmp_path / "run" / "predictions.csv"
    with pytest.raises(RunError, match=r"cannot be written \(Not a directory\)") as error:
        three_rows.write(path)
    assert error.value.subject == str(path)


@given(arrays(np.float32, (4, 3), elements=st.floats(-(2.0**100), 2.0**100, width=32)))
def test_softmax_is_that_of_scipy(logits: np.ndarray) -> None:
    expected = scipy.special.log_softmax(logits.astype(np.float64), axis=1)
    assert log_softmax(logits) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_probabilities_and_losses_are_those_of_scipy_and_torch() -> None:
    logits = np.random.default_rng(0).normal(scale=5, size=(50, 4)).astype(np.float32)
    targets = np.random.default_rng(1).integers(0, 4, 50)
    table = table_from_logits(logits, classes="abcd", paths="p" * 50, splits=["valid"] * 50, targets=targets.tolist())
    exact = scipy.special.softmax(logits.astype(np.float64), axis=1)
    assert table.probabilities.dtype == np.float32
    assert np.array_equal(table.probabilities, exact.astype(np.float32))
    losses = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).double(), torch.from_numpy(targets), reduction="none"
    )
    assert table.losses.dtype == np.float64
    assert table.losses == pytest.approx(losses.numpy(), rel=1e-12, abs=1e-14)
    assert table.predicted.tolist() == logits.argmax(1).tolist()
    assert table.correct.tolist() == (logits.argmax(1) == targets).tolist()
    assert table.tta is None


def test_rows_and_splits_keep_all_that_belongs_to_a_picture(three_rows: PredictionTable) -> None:
    table = three_rows.with_tta(np.array([[0, 1], [0.5, 0.5], [1, 0]], np.float32))
    chosen = table.rows([2, 0])
    assert chosen.paths == ("c.png", "a.png")
    assert chosen.splits == ("valid", "valid")
    assert chosen.targets.tolist() == [1, 0]
    assert np.array_equal(chosen.probabilities, table.probabilities[[2, 0]])
    assert chosen.losses.tolist() == [table.losses[2], table.losses[0]]
    assert chosen.tta is not None
    assert chosen.tta.tolist() == [[1, 0], [0, 1]]
    assert_same(table.of_split("valid"), table.rows([0, 2]))
    assert table.of_split("test").paths == ("b.png",)
    assert table.of_split("train").paths == ()
    assert three_rows.rows([0]).tta is None
    far = three_rows.with_distances(np.array([3, 2, 1], np.float32)).rows([2, 0]).distances
    assert far is not None
    assert far.tolist() == [1, 3]
    assert three_rows.rows([0]).distances is None
