"""A bundle tests itself: the same answers to its probes, or it says which differ."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unfreeze.activations.engines import OnnxEngine, noise_squares
from unfreeze.deploy.bundle import GRAPH_FILE, SETTINGS_FILE, open_bundle, write_bundle_settings
from unfreeze.deploy.probes import TOLERANCE, verify_bundle, write_probes
from unfreeze.errors import BundleError
from unfreeze.evaluation.certainty import Certainty
from unfreeze.transforms.transform import Transform

SQUARES = noise_squares(4, 64)


@pytest.fixture
def probed(bundle: Path, certainty: Certainty) -> Path:
    probes = write_probes(bundle, SQUARES, graph=bundle / GRAPH_FILE, novelty=certainty.novelty)
    write_bundle_settings(
        bundle, classes="abc", backbone="x", transform=Transform(size_px=64), certainty=certainty, probes=probes
    )
    return bundle


def change(bundle: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    settings = json.loads((bundle / SETTINGS_FILE).read_text(encoding="utf-8"))
    edit(settings)
    (bundle / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")


def test_probes_are_the_pixels_and_the_answers(probed: Path, certainty: Certainty) -> None:
    probabilities, features = OnnxEngine(probed / GRAPH_FILE).outputs(SQUARES)
    assert certainty.novelty
    for number, probe in enumerate(open_bundle(probed).settings.probes):
        pixels = np.asarray(Image.open(probed / probe.file))
        assert np.array_equal(pixels.transpose(2, 0, 1), SQUARES[number])
        assert probe.probabilities == pytest.approx(probabilities[number].tolist(), abs=1e-6)
        assert probe.distance == pytest.approx(certainty.novelty.scores(features)[number], abs=1e-4)


def test_a_bundle_agrees_with_itself(probed: Path) -> None:
    found = verify_bundle(probed.parent)
    assert [each.file for each in found] == [f"probes/0{number}.png" for number in range(4)]
    assert all(each.agrees and each.difference == 0 and each.distance_difference == 0 for each in found)


@pytest.mark.parametrize("part", [0.5, 2.0])
def test_a_difference_beyond_rounding_is_told(probed: Path, part: float) -> None:
    def lower(settings: dict[str, Any]) -> None:
        said = settings["probes"][2]["probabilities"]
        said[said.index(max(said))] -= part * TOLERANCE

    change(probed, lower)
    assert [each.agrees for each in verify_bundle(probed)] == [True, True, part < 1, True]


def test_a_distance_that_differs_is_told(probed: Path) -> None:
    change(probed, lambda settings: settings["probes"][0].update(distance=settings["probes"][0]["distance"] + 0.001))
    assert [each.agrees for each in verify_bundle(probed)] == [False, True, True, True]


def test_a_bundle_without_probes_says_so(bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"carries no probe pictures; export it again without --no-probes"):
        verify_bundle(bundle)


def picture(mode: str, size: tuple[int, int], kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new(mode, size).save(data, kind)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (picture("RGB", (65, 64)), "RGB of 65 x 64 pixels, not RGB of 64 x 64"),
        (picture("L", (64, 64)), "L of 64 x 64 pixels"),
        (picture("RGB", (64, 64), "BMP"), "cannot identify"),
        (picture("RGB", (64, 64))[:60], ".+"),
        (b"", ".+"),
    ],
)
def test_a_probe_that_is_no_square_is_damaged(probed: Path, data: bytes, reason: str) -> None:
    (probed / "probes/01.png").write_bytes(data)
    with pytest.raises(BundleError, match=r"probes/01\.png: damaged"):
        verify_bundle(probed)
    change(probed, lambda settings: settings["sha256"].update({"probes/01.png": hashlib.sha256(data).hexdigest()}))
    with pytest.raises(BundleError, match=rf"probes/01\.png: damaged \({reason}.*\); copy the bundle again"):
        verify_bundle(probed)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda s: s["probes"][0].update(file="../secret.png"), "file is '../secret.png', not 'probes/00.png'"),
        (lambda s: s["probes"][1].update(file="probes/00.png"), "file is 'probes/00.png', not 'probes/01.png'"),
        (lambda s: s["probes"][0]["probabilities"].pop(), "probabilities is .*, not 3 numbers"),
        (lambda s: s["probes"][0].update(probabilities=["a"] * 3), "probabilities is .*, not 3 numbers"),
        (lambda s: s["probes"][0].update(distance=None), "distance is None, not a number"),
        (lambda s: s["probes"].pop(), "sha256 is .*, not 64 hexadecimal digits"),
        (lambda s: s.update(probes=s["probes"] * 20), "probes is .*, not a list"),
        (lambda s: s.pop("probes"), "probes is missing"),
        (lambda s: s.pop("licence"), "licence is missing"),
        (lambda s: s.update(licence=None), "licence is None, not a text"),
        (lambda s: s.update(provenance=[]), "provenance is .., not an object"),
    ],
)
def test_probes_and_origin_of_another_shape_are_damaged(
    probed: Path, edit: Callable[[dict[str, Any]], object], reason: str
) -> None:
    change(probed, edit)
    with pytest.raises(BundleError, match=rf"bundle\.json: damaged \(.*{reason}"):
        verify_bundle(probed)
