"""Pictures are sorted into folders; none is changed or replaced."""

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import fingerprint
from unfreeze.deploy.predictor import Prediction, Predictor
from unfreeze.deploy.sorting import By, Sorter, folder_names
from unfreeze.errors import RunError
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, Objective


class Said:
    """A predictor as far as sorting needs one."""

    def __init__(self, classes: tuple[str, ...], objective: Objective) -> None:
        self.classes, self.objective = classes, objective

    def names(self, prediction: Prediction) -> tuple[str, ...]:
        return Predictor.names(cast(Predictor, self), prediction)


def predictor(*classes: str, objective: Objective = EXCLUSIVE) -> Predictor:
    return cast(Predictor, Said(classes, objective))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four files, two of which have the same name."""
    for name in ("a/1.png", "b/1.png", "b/2.png", "text.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "in"


def said(path: Path, *probabilities: float, refused: bool | None = False, error: str = "") -> Prediction:
    return Prediction(str(path), probabilities=probabilities, refused=refused, error=error)


def placed(sorter: Sorter, folder: Path, *predictions: Prediction) -> dict[str, str]:
    """What lies below the folder after sorting, by path."""
    for prediction in predictions:
        sorter(prediction)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("by", By)
def test_each_picture_goes_where_it_belongs(source: Path, tmp_path: Path, by: By) -> None:
    before = {path: (*found[:2], found[2]) for path, found in fingerprint(source).items()}
    out = tmp_path / "out"
    found = placed(
        Sorter(out, predictor("cat", "dog"), by=by, inputs=[source]),
        out,
        said(source / "a/1.png", 0.9, 0.1),
        said(source / "b/1.png", 0.8, 0.2, refused=None),
        said(source / "b/2.png", 0.8, 0.2, refused=True),
        said(source / "text.jpg", error="no picture"),
        said(source / "gone.jpg", error="No such file or directory"),
    )
    assert found == {
        "cat/1.png": "a/1.png",
        "cat/1-2.png": "b/1.png",
        "none of these/2.png": "b/2.png",
        "not predicted/text.jpg": "text.jpg",
    }
    assert fingerprint(source) == before
    linked = (out / "cat/1.png").samefile(source / "a/1.png")
    assert linked == (by is By.LINK)
    assert (out / "cat/1.png").stat().st_mtime == (source / "a/1.png").stat().st_mtime


@pytest.mark.parametrize("by", By)
def test_nothing_is_replaced(source: Path, tmp_path: Path, by: By) -> None:
    out = tmp_path / "out"
    (out / "cat").mkdir(parents=True)
    (out / "cat/1.png").write_text("mine")
    (out / "cat/1-2.png").symlink_to(tmp_path / "nowhere")
    sorter = Sorter(out, predictor("cat"), by=by)
    assert sorter(said(source / "a/1.png", 1.0)) == [out / "cat/1-3.png"]
    assert (out / "cat/1.png").read_text() == "mine"
    assert (out / "cat/1-3.png").read_text() == "a/1.png"
    assert not (tmp_path / "nowhere").exists()


def test_where_the_file_system_has_no_second_names_a_symbolic_link_will_do(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    (path,) = Sorter(tmp_path / "out", predictor("cat"))(said(source / "a/1.png", 1.0))
    assert path.is_symlink()
    assert path.resolve() == (source / "a/1.png").resolve()
    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(RunError, match=r"2\.png: cannot be made \(Invalid cross-device link\); --by copy may do it"):
        Sorter(tmp_path / "out", predictor("cat"))(said(source / "b/2.png", 1.0))


def test_a_link_to_a_picture_is_followed(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(source / "a/1.png")
    (path,) = Sorter(tmp_path / "out", predictor("cat"))(said(tmp_path / "link.png", 1.0))
    assert path == tmp_path / "out/cat/link.png"
    assert not path.is_symlink()
    assert path.samefile(source / "a/1.png")


def test_a_file_that_cannot_be_copied_either_stops_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path == source / "text.jpg":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    sorter = Sorter(tmp_path / "out", predictor("cat"), by=By.COPY)
    assert sorter(said(source / "text.jpg", error="Permission denied")) == []
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    with pytest.raises(RunError, match=r"text\.jpg: cannot be made \(Permission denied\)$"):
        sorter(said(source / "text.jpg", 1.0))


def test_a_copy_may_lack_its_time_of_change(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("shutil.copystat", refuse)
    (path,) = Sorter(tmp_path / "out", predictor("cat"), by=By.COPY)(said(source / "a/1.png", 1.0))
    assert path.read_text() == "a/1.png"


def test_a_picture_of_several_labels_goes_into_each_ones_folder(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    sorter = Sorter(out, predictor("red", "big", objective=INDEPENDENT))
    found = placed(sorter, out, said(source / "a/1.png", 0.9, 0.6), said(source / "b/2.png", 0.1, 0.2))
    assert found == {"red/1.png": "a/1.png", "big/1.png": "a/1.png", "no label/2.png": "b/2.png"}


def test_a_class_keeps_its_name_where_a_folder_of_ours_is_called_so(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    sorter = Sorter(out, predictor("None of these", "../up"))
    found = placed(
        sorter,
        out,
        said(source / "a/1.png", 1.0, 0.0),
        said(source / "b/1.png", 0.0, 1.0),
        said(source / "b/2.png", 1.0, 0.0, refused=True),
    )
    assert found == {"None of these/1.png": "a/1.png", ".._up/1.png": "b/1.png", "none of these-2/2.png": "b/2.png"}


def test_a_folder_within_what_is_predicted_is_refused(source: Path, tmp_path: Path) -> None:
    for folder in (source, source / "sorted", source / "a/../b/x"):
        with pytest.raises(RunError, match=r"lies within .*in, whose pictures are predicted; choose a folder outside"):
            Sorter(folder, predictor("cat"), inputs=[source])
    Sorter(tmp_path / "out", predictor("cat"), inputs=[source, source / "a/1.png"])


@given(st.lists(st.text(), min_size=1))
def test_every_name_is_a_folders_and_none_comes_twice(names: list[str]) -> None:
    found = folder_names(names)
    assert len({name.casefold() for name in found}) == len(names)
    for name in found:
        assert name
        assert not name.endswith((".", " "))
        assert not set(name) & set('<>:"/\\|?*\0')


def test_names_of_devices_are_no_folders() -> None:
    assert folder_names(["con", "LPT1", "aux.x", "console"]) == ["_con", "_LPT1", "_aux.x", "console"]
