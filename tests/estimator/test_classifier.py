"""Paths in, classes out, and the tools of scikit-learn around it."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from made import write_collection
from unfreeze.errors import CollectionError, PictureError, SettingsError
from unfreeze.estimator.classifier import ImageClassifier
from unfreeze.estimator.pictures import InputError
from unfreeze.images.decode import decode

QUICK: dict[str, Any] = {"size": 32, "augmented_cycles": 1, "threads": 1}
COUNTS = {"red": 10, "green": 10, "blue": 10}


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[list[str], np.ndarray]:
    """Thirty pictures in three colours, in an order that mixes the classes."""
    root = write_collection(tmp_path / "colours", COUNTS)
    paths = sorted(map(str, root.glob("*/*.png")), key=lambda path: path[::-1])
    return paths, np.array([Path(path).parent.name for path in paths])


def test_it_learns_and_says_how_sure_it_is(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, labels = pictures
    model = ImageClassifier(**QUICK).fit(paths, labels)
    assert model.classes_.tolist() == ["blue", "green", "red"]
    assert model.score(paths, labels) == 1.0
    found = model.predict_proba(paths[:4])
    assert found.shape == (4, 3)
    assert np.allclose(found.sum(1), 1)
    assert model.classes_[found.argmax(1)].tolist() == model.predict(paths[:4]).tolist() == labels[:4].tolist()


def test_probabilities_are_calibrated_unless_told_otherwise(pictures: tuple[list[str], np.ndarray]) -> None:
    model = ImageClassifier(**QUICK).fit(*pictures)
    plain = ImageClassifier(**QUICK, calibrated=False).fit(*pictures)
    assert plain.temperature_ == 1.0
    assert np.array_equal(model.weights_.head[0], plain.weights_.head[0])
    logits = np.log(plain.predict_proba(pictures[0]))
    powered = np.exp(logits / model.temperature_)
    assert np.allclose(model.predict_proba(pictures[0]), powered / powered.sum(1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"square": "cropp"}, "square is 'cropp'; it must be one of crop, squash, pad; did you mean crop"),
        ({"augment": "sideon"}, "augment is 'sideon'; it must be one of .*; did you mean side_on"),
        ({"lr": "fast"}, "lr is 'fast'; it must be auto or a positive number"),
        ({"full_lr": None, "unfreeze": "all"}, "full_lr is None; it must be auto or a positive number"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    change: dict[str, Any], said: str, pictures: tuple[list[str], np.ndarray]
) -> None:
    with pytest.raises(InputError, match=said) as raised:
        ImageClassifier(**change).fit(*pictures)
    assert raised.value.subject == next(iter(change))


@pytest.mark.parametrize(
    "change", [{"size": 64}, {"square": "pad"}, {"backbone": "efficientnet_lite1"}, {"augment": "sideon"}]
)
def test_it_predicts_as_it_was_fitted_whatever_is_set_since(
    change: dict[str, Any], pictures: tuple[list[str], np.ndarray]
) -> None:
    paths, labels = pictures
    model = ImageClassifier(**QUICK).fit(paths, labels)
    before = model.predict_proba(paths)
    assert np.array_equal(model.set_params(**change).predict_proba(paths), before)


def test_the_same_pictures_in_any_order_make_the_same_model(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, labels = pictures
    order = np.random.default_rng(0).permutation(len(paths))
    one = ImageClassifier(**QUICK).fit(paths, labels)
    other = clone(one).fit([paths[i] for i in order], labels[order])
    assert np.array_equal(one.predict_proba(paths), other.predict_proba(paths))
    assert np.array_equal(one.predict_proba(paths)[order], one.predict_proba([paths[i] for i in order]))
    again = pickle.loads(pickle.dumps(one))
    assert np.array_equal(again.predict_proba(paths), one.predict_proba(paths))


@pytest.mark.parametrize("shape", ["paths", "array", "column", "frame", "series"])
def test_paths_may_be_held_by_many_things(pictures: tuple[list[str], np.ndarray], shape: str) -> None:
    pandas = pytest.importorskip("pandas")
    paths, labels = pictures
    held = {
        "paths": [Path(path) for path in paths],
        "array": np.array(paths),
        "column": np.array(paths)[:, np.newaxis],
        "frame": pandas.DataFrame({"path": paths}),
        "series": pandas.Series(paths),
    }[shape]
    model = ImageClassifier(**QUICK).fit(held, labels)
    assert model.score(held, labels) == 1.0


def test_labels_may_be_numbers_in_any_order(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, names = pictures
    labels = np.array([{"red": 10, "green": -3, "blue": 7}[name] for name in names])
    model = ImageClassifier(**QUICK).fit(paths, labels)
    assert model.classes_.tolist() == [-3, 7, 10]
    assert model.predict(paths).tolist() == labels.tolist()


def test_cross_validation_computes_each_activation_once(
    pictures: tuple[list[str], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, labels = pictures
    read: list[str] = []

    def counted(data: bytes, *, path: str, short_side_px: int) -> Image.Image:
        read.append(path)
        return decode(data, path=path, short_side_px=short_side_px)

    monkeypatch.setattr("unfreeze.activations.extract.decode", counted)
    scores = cross_val_score(ImageClassifier(**QUICK), paths, labels, cv=StratifiedKFold(5))
    assert scores.mean() > 0.6  # a fold has six pictures of three classes
    # the plain view of each picture once, and the one augmented view of each as it comes to train: no fold again
    assert len(read) <= 2 * len(paths)
    before = len(read)
    cross_val_score(ImageClassifier(**QUICK), paths, labels, cv=StratifiedKFold(5))
    assert len(read) == before


def test_a_search_a_pipeline_and_a_calibrator_take_it(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, labels = pictures
    below = [Path(path).relative_to(Path(paths[0]).parents[1]) for path in paths]
    root = Path(paths[0]).parents[1]
    located = FunctionTransformer(lambda some: [root / path for path in some], validate=False)
    whole = Pipeline([("located", located), ("model", ImageClassifier(**QUICK))])
    search = GridSearchCV(whole, {"model__lr": [0.2, 1e-7]}, cv=3).fit(below, labels)
    assert search.best_params_ == {"model__lr": 0.2}
    assert search.score(below, labels) > 0.9
    calibrator = CalibratedClassifierCV(ImageClassifier(**QUICK, calibrated=False), cv=3).fit(paths, labels)
    assert accuracy_score(labels, calibrator.predict(paths)) > 0.9
    found = cross_val_predict(ImageClassifier(**QUICK), paths, labels, cv=3, method="predict_proba")
    assert found.shape == (30, 3)


@pytest.mark.slow
def test_the_body_may_be_trained(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, labels = pictures
    model = ImageClassifier(**QUICK, unfreeze="late", max_epochs=1, full_lr=0.01).fit(paths, labels)
    assert model.weights_.body is not None or model.score(paths, labels) == 1.0
    again = pickle.loads(pickle.dumps(model))
    assert np.allclose(again.predict_proba(paths), model.predict_proba(paths), atol=1e-6)


def test_a_picture_given_twice_counts_once_and_is_answered_twice(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, labels = pictures
    once = ImageClassifier(**QUICK).fit(paths, labels)
    twice = ImageClassifier(**QUICK).fit([*paths, paths[0]], [*labels, labels[0]])
    assert np.array_equal(once.weights_.head[0], twice.weights_.head[0])
    assert len(once.predict([paths[0], paths[0]])) == 2
    with pytest.raises(InputError, match="is given twice, under two classes"):
        ImageClassifier(**QUICK).fit([*paths, paths[0]], [*labels, "none"])


def test_what_cannot_be_used_is_said(pictures: tuple[list[str], np.ndarray], tmp_path: Path) -> None:
    paths, labels = pictures
    with pytest.raises(NotFittedError):
        ImageClassifier().predict(paths)
    for given, said in (
        (np.zeros((4, 3)), r"X has the shape \(4, 3\)"),
        ([], "a minimum of 1 is required"),
        ([1.5, 2.5], r"X\[0\] is 1.5, of type float; it must be the path of a picture"),
        ("a.png", "X is the single path 'a.png'"),
    ):
        with pytest.raises(ValueError, match=said):
            ImageClassifier(**QUICK).fit(given, labels[: len(given)])
    with pytest.raises(InputError, match="y has one class, 'red'; a classifier needs two"):
        ImageClassifier(**QUICK).fit(paths, ["red"] * len(paths))
    with pytest.raises(InputError, match="unfreeze is 'some'; it must be none, late or all"):
        ImageClassifier(**QUICK, unfreeze="some").fit(paths, labels)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="--head-epochs is 0"):
        ImageClassifier(**QUICK, head_epochs=0).fit(paths, labels)
    with pytest.raises(CollectionError, match="No such file"):
        ImageClassifier(**QUICK).fit([*paths, "nowhere.png"], [*labels, "red"])
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    with pytest.raises(PictureError, match=r"broken\.png"):
        ImageClassifier(**QUICK).fit([*paths, broken], [*labels, "red"])
    with pytest.raises(InputError, match=r"too few pictures to split: .*; valid_share=0 sets none aside"):
        ImageClassifier(**QUICK).fit([paths[0], *paths[1:]], ["alone", *["rest"] * (len(paths) - 1)])


def test_without_pictures_set_aside_all_are_trained_on(pictures: tuple[list[str], np.ndarray]) -> None:
    paths, _ = pictures
    model = ImageClassifier(**QUICK, valid_share=0.0, head_epochs=20, lr=0.1).fit(paths[:4], ["a", "b", "b", "b"])
    assert model.temperature_ == 1.0
    assert model.predict(paths[:4]).tolist() == ["a", "b", "b", "b"]
