"""A bundle says what it holds; whatever is missing, damaged or foreign is named."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unfreeze.deploy.bundle import (
    FORMAT_VERSION,
    GRAPH_FILE,
    SETTINGS_FILE,
    WEIGHTS_FILE,
    bundle_folder,
    read_bundle,
    write_bundle_settings,
)
from unfreeze.errors import BundleError
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT
from unfreeze.transforms.squares import Square
from unfreeze.transforms.transform import Transform
from unfreeze.transforms.views import Augment


def change(bundle: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edits the settings of a bundle in place."""
    settings = json.loads((bundle / SETTINGS_FILE).read_text(encoding="utf-8"))
    edit(settings)
    (bundle / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")


def test_a_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / GRAPH_FILE).write_bytes(b"graph")
    (tmp_path / WEIGHTS_FILE).write_bytes(b"weights")
    transform = Transform(size_px=96, square=Square.PAD, crop_share=0.9, augment=Augment.TOP_DOWN, seed=3)
    write_bundle_settings(tmp_path, classes=("猫", "dog"), backbone="resnet18", transform=transform)
    found = read_bundle(tmp_path)
    assert (list(found.classes), found.backbone, found.to_transform()) == (["猫", "dog"], "resnet18", transform)
    assert found.format_version == FORMAT_VERSION == 2
    assert found.probabilities == "softmax"
    assert found.sha256 == {
        GRAPH_FILE: hashlib.sha256(b"graph").hexdigest(),
        WEIGHTS_FILE: hashlib.sha256(b"weights").hexdigest(),
    }


def test_a_bundle_is_found_in_its_run_folder_and_by_itself(bundle: Path) -> None:
    assert bundle_folder(bundle.parent) == bundle
    assert bundle_folder(bundle) == bundle
    assert list(read_bundle(bundle).classes) == ["blue", "green", "röd"]


@pytest.mark.parametrize("folder", ["run", "nowhere"])
def test_a_folder_without_settings_is_no_bundle(bundle: Path, folder: str) -> None:
    (bundle / SETTINGS_FILE).unlink()
    path = bundle.parent.parent / folder
    with pytest.raises(BundleError, match=rf"{folder}: no model here \(no bundle\.json\); name a run folder") as caught:
        read_bundle(bundle_folder(path))
    assert caught.value.subject == str(path)


@pytest.mark.parametrize("name", [GRAPH_FILE, WEIGHTS_FILE])
@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit", "emptied"])
def test_a_damaged_file_is_named(bundle: Path, name: str, damage: str) -> None:
    path = bundle / name
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "one bit":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "truncated" else b"")
    with pytest.raises(BundleError, match=rf"{name}: missing or damaged; copy the bundle again") as caught:
        read_bundle(bundle)
    assert caught.value.subject == str(path)


def test_a_hash_that_was_changed_is_noticed(bundle: Path) -> None:
    change(bundle, lambda settings: settings["sha256"].update({GRAPH_FILE: "0" * 64}))
    with pytest.raises(BundleError, match=r"model\.onnx: missing or damaged"):
        read_bundle(bundle)


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_another_version_is_refused_whatever_else_it_says(bundle: Path, version: object) -> None:
    change(bundle, lambda settings: settings.update(format_version=version, thresholds=[1]))
    message = rf"bundle\.json: format version {version}; this version of unfreeze reads up to 2"
    with pytest.raises(BundleError, match=message) as caught:
        read_bundle(bundle)
    assert caught.value.subject == str(bundle / SETTINGS_FILE)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"null", b"{}", b"\xff\xfe", b'{"format_version": 1}'])
def test_settings_that_cannot_be_read_are_damaged(bundle: Path, content: bytes) -> None:
    (bundle / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(BundleError, match=r"bundle\.json: damaged \(.+\); copy the bundle again") as caught:
        read_bundle(bundle)
    assert caught.value.subject == str(bundle / SETTINGS_FILE)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda s: s["transform"].update(square="circle"), "'circle' is not a valid Square"),
        (lambda s: s["transform"].update(augment="wild"), "'wild' is not a valid Augment"),
        (lambda s: s["transform"].update(colour="grey"), "colour"),
        (lambda s: s["transform"].pop("square"), "square"),
        (lambda s: s["transform"].update(size_px=3), "size_px is 3"),
        (lambda s: s["transform"].update(size_px="64"), "not supported between"),
        (lambda s: s.update(transform=None), "NoneType"),
        (lambda s: s.update(transform=[]), "list indices"),
        (lambda s: s.update(surprise=1), "surprise"),
        (lambda s: s.pop("classes"), "classes"),
        (lambda s: s.pop("probabilities"), "probabilities"),
        (lambda s: s.update(probabilities="tanh"), "probabilities is 'tanh', not one of softmax, sigmoid"),
        (lambda s: s.update(probabilities=["sigmoid"]), "unhashable"),
        (lambda s: s.update(format_version=1, probabilities="sigmoid"), "probabilities"),
        (lambda s: s.update(classes="cat"), "classes is not a list of names"),
        (lambda s: s.update(classes=[1, 2]), "classes is not a list of names"),
        (lambda s: s.update(sha256=[]), r"sha256 does not name model\.onnx"),
        (lambda s: s["sha256"].pop(GRAPH_FILE), r"sha256 does not name model\.onnx"),
    ],
)
def test_settings_of_another_shape_are_damaged(
    bundle: Path, edit: Callable[[dict[str, Any]], object], reason: str
) -> None:
    change(bundle, edit)
    with pytest.raises(BundleError, match=rf"bundle\.json: damaged \(.*{reason}.*\); copy the bundle again"):
        read_bundle(bundle)


def test_a_bundle_of_several_labels_says_so(tmp_path: Path) -> None:
    (tmp_path / GRAPH_FILE).write_bytes(b"graph")
    (tmp_path / WEIGHTS_FILE).write_bytes(b"weights")
    transform = Transform(size_px=96)
    write_bundle_settings(tmp_path, classes="ab", backbone="resnet18", transform=transform, objective=INDEPENDENT)
    assert json.loads((tmp_path / SETTINGS_FILE).read_text())["probabilities"] == "sigmoid"
    assert read_bundle(tmp_path).objective is INDEPENDENT


def test_a_bundle_from_before_there_were_several_labels_is_of_classes(bundle: Path) -> None:
    change(bundle, lambda settings: (settings.update(format_version=1), settings.pop("probabilities")))
    found = read_bundle(bundle)
    assert found.objective is EXCLUSIVE
    assert found.format_version == 1
