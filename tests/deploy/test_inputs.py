"""What stands for a picture: files, folders, patterns, bytes, open files, Pillow's pictures and arrays."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from made import noisy_picture
from unfreeze.deploy.inputs import Picture, listed, picture_paths, sources
from unfreeze.deploy.predictor import Predictor
from unfreeze.errors import CollectionError, PictureError
from unfreeze.images.content import content_hash
from unfreeze.images.decode import decode
from unfreeze.transforms.squares import Square
from unfreeze.transforms.transform import Transform

MODES = {"1": "png", "L": "jpg", "LA": "png", "P": "gif", "RGB": "jpg", "RGBA": "png", "CMYK": "jpg"} | {
    "LAB": "tif",
    "I;16": "png",
    "I": "tif",
    "F": "tif",
}
"""A format for each mode that Pillow's files come in."""

ORIENTATION = 0x0112


@pytest.fixture(scope="session")
def predictor(finished_bundle: Path) -> Predictor:
    return Predictor(finished_bundle)


def pictured(mode: str, size: tuple[int, int] = (90, 70)) -> Image.Image:
    """A picture of a mode, no two of whose sides and corners are alike."""
    colours = noisy_picture((120, 90, 60), 1, size)
    colours.paste((250, 10, 10), (0, 0, 40, 20))
    if mode in ("I;16", "I", "F"):
        values = np.asarray(colours.convert("L")).astype(np.float32) * 255
        return Image.fromarray(values.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    if mode in ("LA", "RGBA"):
        colours.putalpha(Image.linear_gradient("L").resize(size))
    if mode == "LAB":
        return Image.merge("LAB", [colours.getchannel(number) for number in range(3)])
    return colours.convert(mode)


def encoded(mode: str, orientation: int) -> bytes:
    """The file of a picture of a mode, to be turned by its EXIF data."""
    image, file = pictured(mode), io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    suffix = MODES[mode]
    if suffix == "gif":  # has no EXIF data
        image.save(file, "gif")
    elif suffix == "tif":
        image.save(file, "tiff", tiffinfo={ORIENTATION: orientation})
    else:
        image.save(file, "jpeg" if suffix == "jpg" else suffix, exif=exif)
    return file.getvalue()


class Squares:
    """Stands in for the engine, and remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def outputs(self, squares: np.ndarray) -> list[np.ndarray]:
        self.seen.append(squares[0])
        return [np.full((1, 3), 1 / 3, np.float32), np.ones((1, 1280), np.float32)]


def squares_of(predictor: Predictor, picture: object, views: int = 0) -> list[np.ndarray]:
    """The squares that the network is given of a picture."""
    engine, predictor._engine = predictor._engine, Squares()  # type: ignore[assignment]
    try:
        predictor.answer(picture, tta_views=views)  # type: ignore[arg-type]
        return predictor._engine.seen  # type: ignore[attr-defined, no-any-return]
    finally:
        predictor._engine = engine


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_looks_as_it_does_in_training(predictor: Predictor, mode: str, orientation: int) -> None:
    """Decoded and drawn by the one decoder and the one transform, whatever it comes as."""
    data = encoded(mode, orientation)
    image = decode(data, path="x")
    assert image.size == ((90, 70) if orientation < 5 or MODES[mode] == "gif" else (70, 90))
    expected = [predictor.transform(image, content=content_hash(data), number=number) for number in (0, 1)]
    assert np.ptp(expected[0]) > 30
    for picture in (data, io.BytesIO(data)):
        found = squares_of(predictor, picture, views=1)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == mode
        assert np.array_equal(squares_of(predictor, opened)[0], expected[0])


@pytest.mark.parametrize("square", Square)
def test_a_picture_looks_as_it_does_in_training_in_each_square(predictor: Predictor, square: Square) -> None:
    transform, predictor.transform = predictor.transform, Transform(size_px=64, square=square)
    try:
        data = encoded("RGB", 6)
        expected = predictor.transform(decode(data, path="x"))
        assert np.array_equal(squares_of(predictor, data)[0], expected)
    finally:
        predictor.transform = transform


def test_arrays_are_pictures(predictor: Predictor) -> None:
    colours = np.asarray(pictured("RGB"))
    grey, alpha, deep = (np.asarray(pictured(mode)) for mode in ("L", "RGBA", "I;16"))
    for array in (colours, colours[:, ::-1], grey, grey[:, :, np.newaxis], alpha, deep):
        flat = array[:, :, 0] if array.shape[2:] == (1,) else array
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(flat)).save(file, "png")
        expected = predictor.transform(decode(file.getvalue(), path="x"))
        assert np.array_equal(squares_of(predictor, array)[0], expected)
    assert not np.array_equal(squares_of(predictor, colours)[0], squares_of(predictor, grey)[0])


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (np.zeros((4, 5, 3), np.float32), "an array of float32, 4 x 5 x 3"),
        (np.zeros((4, 5, 2), np.uint8), "an array of uint8, 4 x 5 x 2"),
        (np.zeros((3, 4, 5), np.uint8), "an array of uint8, 3 x 4 x 5"),
        (np.zeros((4, 5, 3), np.uint16), "an array of uint16, 4 x 5 x 3"),
        (np.zeros(4, np.uint8), "an array of uint8, 4"),
        (np.zeros((0, 5), np.uint8), "an array of uint8, 0 x 5"),
    ],
)
def test_other_arrays_are_none(predictor: Predictor, array: np.ndarray, found: str) -> None:
    with pytest.raises(PictureError, match=rf"mine: {found}; give values 0 to 255 of uint8"):
        predictor.answer(array, path="mine")
    (row,) = predictor.predict(array)
    assert row.error.startswith(found)


def test_a_picture_of_pillows_stays_as_it_is(predictor: Predictor) -> None:
    file = io.BytesIO(encoded("RGB", 6))
    with Image.open(file) as opened:
        before = opened.copy()
        about = dict(opened.info)
        predictor.answer(opened)
        assert (opened.size, opened.mode, opened.info) == (before.size, before.mode, about)
        assert np.array_equal(np.asarray(opened), np.asarray(before))
    plain = pictured("RGB")
    plain.info["note"] = "mine"
    predictor.answer(plain)
    assert plain.info == {"note": "mine"}


def test_a_picture_of_pillows_that_breaks_off_costs_its_own_row(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "half.jpg").write_bytes(encoded("RGB", 1)[:1500])
    with Image.open(tmp_path / "half.jpg") as half:
        bad, good = predictor.predict([half, pictured("RGB")])
    assert bad.path == str(tmp_path / "half.jpg")
    assert bad.error.startswith("it breaks off before its end: ")
    assert (good.path, good.error) == ("picture 2", "")


def test_all_kinds_may_be_mixed_and_one_may_stand_alone(predictor: Predictor, tmp_path: Path) -> None:
    data = encoded("L", 1)
    (tmp_path / "a").mkdir()
    for name in ("a/1.jpg", "a/2.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(data)
    array = np.asarray(pictured("RGB"))
    with (tmp_path / "b.jpg").open("rb") as file:
        mixed: list[Picture] = [
            tmp_path / "a",
            data,
            bytearray(data),
            memoryview(data),
            file,
            str(tmp_path / "*.jpg"),
            array,
        ]
        found = predictor.predict(mixed)
    names = [f"{tmp_path}/a/1.jpg", f"{tmp_path}/a/2.jpg", "picture 2", "picture 3", "picture 4"]
    assert [each.path for each in found] == [*names, f"{tmp_path}/b.jpg", f"{tmp_path}/b.jpg", "picture 7"]
    assert len({each.probabilities for each in found}) == 2
    assert [each.path for each in predictor.predict(np.stack([array, array]))] == ["picture 1", "picture 2"]
    for one in (data, array, tmp_path / "b.jpg", str(tmp_path / "b.jpg"), Image.open(tmp_path / "b.jpg")):
        (alone,) = predictor.predict(one)
        assert alone.error == ""
    assert predictor.answer(tmp_path / "b.jpg", path="unused").path == str(tmp_path / "b.jpg")
    assert list(predictor.each(mixed[:1])) == found[:2]


def test_what_is_no_picture_is_named_at_once(predictor: Predictor) -> None:
    with pytest.raises(TypeError, match="input 2 is of type int, which is no picture"):
        predictor.predict([b"", 3])  # type: ignore[list-item]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures by name only; hidden ones and other files among them."""
    for name in ("b/2.png", "a.JPG", "b/1.webp", "c/d/e.jpeg", "notes.txt", ".hidden.png", ".cache/x.png", "~$x.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    (tmp_path / "in" / "folder.png").mkdir()
    return tmp_path / "in"


def test_a_folder_stands_for_its_visible_pictures_in_order_of_their_names(folder: Path) -> None:
    found = [path.relative_to(folder).as_posix() for path in picture_paths([folder])]
    assert found == ["a.JPG", "b/1.webp", "b/2.png", "c/d/e.jpeg"]


def test_a_folder_below_a_hidden_one_is_searched_when_it_is_named(folder: Path) -> None:
    assert picture_paths([folder / ".cache"]) == [folder / ".cache" / "x.png"]


def test_files_are_taken_as_they_are_and_inputs_keep_their_order(folder: Path) -> None:
    inputs = [folder / "notes.txt", folder / "b", folder / ".hidden.png", folder / "b" / "1.webp"]
    expected = [inputs[0], folder / "b" / "1.webp", folder / "b" / "2.png", inputs[2], inputs[3]]
    assert picture_paths(inputs) == expected


def test_all_inputs_that_are_not_there_are_named(folder: Path) -> None:
    with pytest.raises(CollectionError, match=r"not there: .*x\.png, .*y$") as caught:
        picture_paths([folder / "x.png", folder, folder / "y"])
    assert caught.value.subject == str(folder / "x.png")


def test_a_folder_without_pictures_is_an_error(folder: Path) -> None:
    (folder / "b" / "1.webp").unlink()
    (folder / "b" / "2.png").unlink()
    with pytest.raises(CollectionError, match=r"no pictures in .*b$"):
        picture_paths([folder / "b"])


def test_each_input_that_stands_for_no_picture_is_named(folder: Path) -> None:
    (folder / "empty").mkdir()
    inputs = [folder / "a.JPG", folder / "*.tif", folder / "empty"]
    with pytest.raises(CollectionError, match=r"no pictures in .*\*\.tif, .*empty$") as caught:
        picture_paths(inputs)
    assert caught.value.subject == str(folder / "*.tif")


def test_patterns_stand_for_what_they_match(folder: Path) -> None:
    def names(pattern: str) -> list[str]:
        return [path.relative_to(folder).as_posix() for path in picture_paths([str(folder / pattern)])]

    assert names("*.JPG") == ["a.JPG"]
    assert names("b/*.png") == ["b/2.png"]
    assert names("[bc]") == ["b/1.webp", "b/2.png", "c/d/e.jpeg"]
    assert names("**/*.[jw]*") == ["b/1.webp", "c/d/e.jpeg"]
    assert names("c/**") == ["c/d/e.jpeg"]
    (folder / "[bc]").touch()
    assert names("[bc]") == ["[bc]"]


def test_a_pattern_that_matches_nothing_is_an_error(folder: Path) -> None:
    with pytest.raises(CollectionError, match=r"no pictures in .*\*\.tif$"):
        picture_paths([str(folder / "*.tif")])
    with pytest.raises(CollectionError, match=r"no pictures in .*\*\.tif$"):
        sources([str(folder / "*.tif")])
    (folder / "empty").mkdir()
    with pytest.raises(CollectionError, match=r"no pictures in .*empty$"):
        sources(folder / "empty")


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"", []),
        (b"a.png", ["a.png"]),
        (b"a.png\r\n\n b.png\n", ["a.png", " b.png"]),
        (b"a\nb.png\0c\r.png\0", ["a\nb.png", "c\r.png"]),
        ("Größe.png\n".encode(), ["Größe.png"]),
        (b"\xff.png\n", [os.fsdecode(b"\xff.png")]),
    ],
)
def test_lists_are_read_as_find_prints_them(data: bytes, names: list[str]) -> None:
    assert listed(data) == names
