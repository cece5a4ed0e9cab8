"""Do activation maps show what decided? Made pictures, where it is known, on a real backbone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from unfreeze.evaluation.activation_maps import ActivationMaps
from unfreeze.evaluation.explanations import spread
from unfreeze.learner.data import ImageData
from unfreeze.learner.explaining import activation_maps
from unfreeze.learner.learner import Learner

SIZE_PX, PATCH_PX, STRIPE_PX = 224, 96, 6
COUNTS = {"train": 25, "valid": 20}
CLASSES = ("across", "down")
RANDOM_HEADS = 6


@dataclass(frozen=True)
class Made:
    """Maps of pictures whose class a patch decides, and where each patch is: left and top in pixels, shape (N, 2)."""

    learner: Learner
    maps: ActivationMaps
    corners: npt.NDArray[np.int64]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A head that was trained on the packaged body, and maps of the class of each validation picture."""
    root = tmp_path_factory.mktemp("patches")
    generator = np.random.default_rng(0)
    corners = {}
    for split, count in COUNTS.items():
        for name in CLASSES:
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                path = root / split / name / f"{number:02d}.png"
                corners[str(path.relative_to(root))] = write_picture(path, name, generator)
    learner = Learner(ImageData.from_folder(root, size_px=SIZE_PX, square="squash"), use_store=False)
    learner.fit_exactly()
    rows = learner.data.table.of_split("valid")
    maps = activation_maps(learner, rows, classes=[row.labels[0] for row in rows])
    return Made(learner, maps, np.array([corners[row.path] for row in rows]))


def write_picture(path: Path, stripes: str, generator: np.random.Generator) -> tuple[int, int]:
    """Grey texture with a striped patch somewhere; returns the patch's left and top."""
    noise = Image.fromarray(generator.integers(0, 256, (SIZE_PX, SIZE_PX), dtype=np.uint8))
    texture = np.array(noise.filter(ImageFilter.GaussianBlur(2)), np.float32)[..., np.newaxis]
    picture = np.clip(128 + 3 * (texture - 128), 0, 255).repeat(3, axis=2)
    left, top = (int(edge) for edge in generator.integers(0, SIZE_PX - PATCH_PX + 1, 2))
    down, across = np.mgrid[:PATCH_PX, :PATCH_PX]
    light = ((down if stripes == "across" else across) // STRIPE_PX % 2)[..., np.newaxis]
    picture[top : top + PATCH_PX, left : left + PATCH_PX] = np.where(light, (230, 200, 40), 40)
    Image.fromarray(picture.astype(np.uint8)).save(path)
    return left, top


def hits(evidence: npt.NDArray[np.float32], corners: npt.NDArray[np.int64]) -> float:
    """In what part of the pictures the strongest position's part of the square touches the patch.

    The pointing game of Zhang et al. 2016, as fine as a map is: a position stands for 32 pixels.
    """
    flat = spread(evidence, SIZE_PX).reshape(len(evidence), -1).argmax(1)
    places = np.stack([flat % SIZE_PX, flat // SIZE_PX], axis=1)  # (N, 2), from the left and from the top
    half = SIZE_PX // evidence.shape[-1] // 2
    return float(((places >= corners - half) & (places < corners + PATCH_PX + half)).all(1).mean())


def test_the_strongest_place_lies_in_what_decides_the_class(made: Made) -> None:
    assert made.learner.evaluate().correct.all()
    assert hits(made.maps.evidence, made.corners) >= 0.95
    assert hits(made.maps.evidence, np.roll(made.corners, 1, axis=0)) < 0.75  # where another's patch is


def test_the_strongest_place_against_the_other_class_lies_there_too(made: Made) -> None:
    rows = made.learner.data.table.of_split("valid")
    other = activation_maps(made.learner, rows, classes=[1 - row.labels[0] for row in rows])
    assert hits(-other.evidence, made.corners) >= 0.95


def test_a_head_that_learned_nothing_shows_something_else(made: Made) -> None:
    """The sanity check of Adebayo et al. 2018: a map that stays as it was tells of the picture, not of the model."""
    head, generator = made.learner.model.head, np.random.default_rng(0)
    some = slice(None, None, 4)
    rows = made.learner.data.table.of_split("valid")[some]
    alike, found = [], []
    with head.preserved():
        for _ in range(RANDOM_HEADS):
            head.weight[:], head.bias[:] = generator.normal(0, 0.05, head.weight.shape), 0
            random = activation_maps(made.learner, rows, classes=made.maps.classes[some].tolist()).evidence
            alike.append(np.mean(list(map(correlation, made.maps.evidence[some], random))))
            found.append(hits(random, made.corners[some]))
    assert abs(np.mean(alike)) < 0.25
    assert np.mean(found) < 0.8


def correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
