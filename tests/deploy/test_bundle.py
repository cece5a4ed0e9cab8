"""A bundle says what it holds; whatever is missing, damaged or foreign is named."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from unfreeze.deploy.bundle import (
    FORMAT_VERSION,
    GRAPH_FILE,
    REFERENCES_FILE,
    SETTINGS_FILE,
    WEIGHTS_FILE,
    bundle_folder,
    open_bundle,
    read_bundle,
    write_bundle_settings,
)
from unfreeze.errors import BundleError
from unfreeze.evaluation.certainty import Certainty
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
    assert found.format_version == FORMAT_VERSION == 3
    assert (found.temperature, found.refusal, found.sets) == (1, None, None)
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


@pytest.mark.parametrize("name", ["", "model/bundle.json"])
def test_a_folder_that_may_not_be_searched_is_named(bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = Path.stat

    def refuse(path: Path, **options: Any) -> os.stat_result:
        if path == bundle.parent / name:
            raise PermissionError(13, "Permission denied")
        return looked_up(path, **options)

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(BundleError, match=r"run: cannot be read \(Permission denied\); ") as caught:
        open_bundle(bundle.parent)
    assert caught.value.subject == str(bundle.parent)


@pytest.mark.parametrize("name", [GRAPH_FILE, WEIGHTS_FILE, REFERENCES_FILE])
@pytest.mark.parametrize("damage", ["missing", "truncated", "one bit", "emptied"])
def test_a_damaged_file_is_named(bundle: Path, name: str, damage: str) -> None:
    path = bundle / name
    data, found = path.read_bytes(), "damaged" if damage != "missing" else "missing"
    if damage == "missing":
        path.unlink()
    elif damage == "one bit":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        path.write_bytes(data[: len(data) // 2] if damage == "truncated" else b"")
    with pytest.raises(BundleError, match=rf"{name}: {found}.*; copy the bundle again") as caught:
        read_bundle(bundle)
    assert caught.value.subject == str(path)


def test_a_hash_that_was_changed_is_noticed(bundle: Path) -> None:
    change(bundle, lambda settings: settings["sha256"].update({GRAPH_FILE: "0" * 64}))
    with pytest.raises(
        BundleError, match=r"model\.onnx: damaged \([\d,]+ bytes of SHA-256 .+, where 000000000000\.\.\. is"
    ):
        read_bundle(bundle)


@pytest.mark.parametrize("version", [0, 4, -1, 2.5, "1", None])
def test_another_version_is_refused_whatever_else_it_says(bundle: Path, version: object) -> None:
    change(bundle, lambda settings: settings.update(format_version=version, thresholds=[1]))
    message = rf"bundle\.json: format version {version}; this version of unfreeze reads up to 3"
    with pytest.raises(BundleError, match=message) as caught:
        read_bundle(bundle)
    assert caught.value.subject == str(bundle / SETTINGS_FILE)


NO_SETTINGS = (
    *(b"", b"{", b"[]", b"3", b"null", b"{}", b"\xff\xfe", b'{"format_version": 1}', b"[" * 100_000),
    b'{"format_version": NaN}',
)


@pytest.mark.parametrize("content", NO_SETTINGS)
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
        (lambda s: s["transform"].update(colour="grey"), "transform.colour is unknown"),
        (lambda s: s["transform"].pop("square"), "transform.square is missing"),
        (lambda s: s["transform"].update(size_px=3), "size_px is 3"),
        (lambda s: s["transform"].update(size_px="64"), "transform.size_px is '64', not a whole number from 1 to 8192"),
        (lambda s: s.update(transform=None), "transform is no object"),
        (lambda s: s.update(transform=[]), "transform is no object"),
        (lambda s: s.update(surprise=1), "surprise is unknown"),
        (lambda s: s.pop("classes"), "classes is missing"),
        (lambda s: s.pop("probabilities"), "probabilities"),
        (lambda s: s.update(probabilities="tanh"), "probabilities is 'tanh', not one of softmax, sigmoid"),
        (lambda s: s.update(probabilities=["sigmoid"]), r"probabilities is \['sigmoid'\], not one of"),
        (lambda s: s.update(format_version=1, probabilities="sigmoid"), "probabilities"),
        (lambda s: s.update(classes="cat"), "classes is 'cat', not a list of names"),
        (lambda s: s.update(classes=[1, 2]), r"classes is \[1, 2\], not a list of names"),
        (lambda s: s.update(classes=["a", "a"]), r"classes is \['a', 'a'\], not a list of names, each of them once"),
        (lambda s: s.update(classes=[]), "classes is .., not a list of names"),
        (
            lambda s: s.update(sha256=[]),
            r"sha256 is .., not 64 hexadecimal digits for each of model\.onnx, model\.safe",
        ),
        (lambda s: s["sha256"].pop(GRAPH_FILE), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s["sha256"].pop(REFERENCES_FILE), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s["sha256"].update({"../../secret": "0" * 64}), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s["sha256"].update({GRAPH_FILE: 3}), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s["sha256"].update({GRAPH_FILE: "g" * 64}), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s.pop("temperature"), "temperature is missing"),
        (lambda s: s.update(temperature=0), "temperature is 0, not a number from 0.001 to 1000"),
        (lambda s: s.update(temperature=-1.5), "temperature is -1.5, not a number"),
        (lambda s: s.update(temperature="1"), "temperature is '1', not a number"),
        (lambda s: s.update(temperature=True), "temperature is True, not a number"),
        (lambda s: s.update(temperature=float("nan")), "NaN is no number"),
        (lambda s: s.update(temperature=float("inf")), "Infinity is no number"),
        (lambda s: s.update(temperature=None), "temperature is None, not a number"),
        (lambda s: s.pop("refusal"), "refusal is missing"),
        (lambda s: s.update(refusal=[]), "refusal is no object"),
        (lambda s: s.update(refusal=None), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s["refusal"].pop("distance"), "refusal.distance is missing"),
        (lambda s: s["refusal"].update(distance=-0.1), "refusal.distance is -0.1, not a number from 0 to 2.0"),
        (lambda s: s["refusal"].update(distance=1e400), "Infinity is no number"),
        (lambda s: s["refusal"].update(neighbours=0), "refusal.neighbours is 0, not a whole number of at least 1"),
        (lambda s: s["refusal"].update(neighbours=2.0), "refusal.neighbours is 2.0, not a whole number"),
        (lambda s: s["refusal"].update(interval=[0.5, 0.1]), "refusal.interval is .*, not two numbers from 0 to 1"),
        (lambda s: s["refusal"].update(interval=[0.5]), "refusal.interval is .*, not two numbers"),
        (lambda s: s["refusal"].update(more=1), "refusal.more is unknown"),
        (lambda s: s.pop("sets"), "sets is missing"),
        (lambda s: s["sets"].update(least_probability=1.1), "sets.least_probability is 1.1, not a number from 0 to 1"),
        (lambda s: s["sets"].update(coverage="often"), "sets.coverage is 'often', not a number"),
        (lambda s: s["sets"].update(pictures=0), "sets.pictures is 0, not a whole number of at least 1"),
        (lambda s: s.update(probabilities="sigmoid"), "sets are of a model of one class a picture"),
        (lambda s: s["transform"].update(seed=1.5), "transform.seed is 1.5, not a number"),
        (lambda s: s["transform"].update(size_px=10**9), "transform.size_px is 1000000000, not a whole number from"),
        (lambda s: (s.update(temperature=0), s.pop("classes")), "classes is missing; temperature is 0"),
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


CERTAIN = ("temperature", "refusal", "sets", "licence", "provenance", "probes")


def as_before(settings: dict[str, Any], version: int) -> None:
    """Makes of settings what an earlier version of unfreeze wrote."""
    for name in (*CERTAIN, *(["probabilities"] if version == 1 else [])):
        del settings[name]
    del settings["sha256"][REFERENCES_FILE]
    settings["format_version"] = version


@pytest.mark.parametrize("version", [1, 2])
def test_a_bundle_of_before_is_read_and_cannot_refuse(bundle: Path, version: int) -> None:
    change(bundle, lambda settings: as_before(settings, version))
    (bundle / REFERENCES_FILE).unlink()
    found = open_bundle(bundle)
    assert found.settings.objective is EXCLUSIVE
    assert (found.settings.format_version, found.settings.temperature) == (version, 1)
    assert (found.settings.refusal, found.settings.sets, found.novelty) == (None, None, None)


def test_what_a_model_knows_comes_back(bundle: Path, certainty: Certainty) -> None:
    found = open_bundle(bundle.parent)
    assert found.path == bundle
    assert found.settings.temperature == certainty.temperature
    assert found.settings.sets == certainty.sets
    assert found.novelty
    assert certainty.novelty
    assert found.novelty.bound == certainty.novelty.bound
    assert found.novelty.neighbours == 5
    assert found.novelty.references.tobytes() == certainty.novelty.references.tobytes()


def test_references_of_an_earlier_model_do_not_stay(bundle: Path) -> None:
    write_bundle_settings(bundle, classes="ab", backbone="resnet18", transform=Transform(size_px=64))
    assert not (bundle / REFERENCES_FILE).exists()
    assert open_bundle(bundle).novelty is None


def rewrite(bundle: Path, name: str, data: bytes) -> None:
    """Puts another file into a bundle, its hash as it has to be."""
    (bundle / name).write_bytes(data)
    change(bundle, lambda settings: settings["sha256"].update({name: hashlib.sha256(data).hexdigest()}))


UNIT = np.eye(8, 1280, dtype=np.float16)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"references": UNIT.astype(np.float32)}, "not one table of features in half precision"),
        ({"references": UNIT[0]}, "not one table of features in half precision"),
        ({"references": UNIT[:0]}, "not one table of features in half precision"),
        ({"others": UNIT}, "not one table of features in half precision"),
        ({"references": UNIT, "more": UNIT}, "not one table of features in half precision"),
        ({"references": UNIT * np.float16(2)}, "its features are not of length 1"),
        ({"references": UNIT * np.float16(np.nan)}, "its features are not of length 1"),
        ({"references": UNIT[:4]}, "fewer than the 5 neighbours"),
    ],
)
def test_references_of_another_shape_are_damaged(bundle: Path, arrays: dict[str, np.ndarray], reason: str) -> None:
    rewrite(bundle, REFERENCES_FILE, safetensors.numpy.save(arrays))
    with pytest.raises(BundleError, match=rf"references\.safetensors: damaged \({reason}.*\); copy the bundle again"):
        open_bundle(bundle)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 100, b"\x80\x04."])
def test_references_that_are_no_safetensors_are_damaged(bundle: Path, data: bytes) -> None:
    rewrite(bundle, REFERENCES_FILE, data)
    with pytest.raises(BundleError, match=r"references\.safetensors: damaged \(.+\); copy the bundle again"):
        open_bundle(bundle)


def test_references_of_another_body_do_not_fit(bundle: Path) -> None:
    rewrite(bundle, REFERENCES_FILE, safetensors.numpy.save({"references": UNIT[:, :64]}))
    with pytest.raises(BundleError, match=r"gives 3 probabilities and 1280 features, where 3 and 64 are expected"):
        open_bundle(bundle).engine()


def test_a_graph_of_other_classes_does_not_fit(bundle: Path) -> None:
    change(bundle, lambda settings: settings.update(classes=["a", "b"]))
    with pytest.raises(BundleError, match=r"gives 3 probabilities and 1280 features, where 2 and 1280 are expected"):
        open_bundle(bundle).engine()


@pytest.mark.parametrize("data", [b"", b"no graph"])
def test_a_graph_that_is_none_is_named(bundle: Path, data: bytes) -> None:
    rewrite(bundle, GRAPH_FILE, data)
    with pytest.raises(BundleError, match=r"model\.onnx: cannot be run \(.+\); copy the bundle again"):
        open_bundle(bundle).engine()
