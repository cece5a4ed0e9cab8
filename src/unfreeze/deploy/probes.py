"""A model's own test: squares of some validation pictures, and what the model says of them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats, OnnxEngine
from unfreeze.activations.rounding import as_stored
from unfreeze.deploy.bundle import OpenBundle, open_bundle
from unfreeze.deploy.description import PROBE_FILE, PROBE_FOLDER, Probe
from unfreeze.deploy.storage import read_file
from unfreeze.errors import BundleError
from unfreeze.evaluation.novelty import Novelty
from unfreeze.files import make_folder, write_whole

TOLERANCE = 1e-4
"""Largest difference in a probability, or in a distance, that is rounding."""


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What a probe came to on this machine.

    Attributes:
        file: The probe's picture.
        expected: Its most probable class, or label, where the bundle was made.
        found: That one here.
        difference: The largest difference in a probability.
        distance_difference: The difference in the distance; None where the model tells no strange pictures.
    """

    file: str
    expected: str
    found: str
    difference: float
    distance_difference: float | None

    @property
    def agrees(self) -> bool:
        """Whether all that differs is rounding."""
        differences = (self.difference, self.distance_difference or 0.0)
        return all(difference <= TOLERANCE for difference in differences)  # what is no number does not


def write_probes(folder: Path, squares: npt.NDArray[np.uint8], *, graph: Path, novelty: Novelty | None) -> list[Probe]:
    """Writes squares as pictures, with what a graph says of them.

    Args:
        folder: The bundle's folder.
        squares: Shape (N, 3, S, S), uint8.
        graph: The bundle's graph.
        novelty: What tells strange pictures.

    Returns:
        The probes, for `bundle.json`.
    """
    from PIL import Image

    if not len(squares):
        return []
    engine, probes = OnnxEngine(graph), []
    make_folder(folder / PROBE_FOLDER)
    for number, square in enumerate(squares):
        data = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(square.transpose(1, 2, 0))).save(data, "PNG")  # (3, S, S) -> (S, S, 3)
        name = PROBE_FILE.format(number)
        write_whole(folder / name, data.getvalue())
        probabilities, distance = _answer(engine, square, novelty)
        probes.append(Probe(file=name, probabilities=tuple(probabilities.tolist()), distance=distance))
    return probes


def verify_bundle(path: Path) -> list[Probed]:
    """Runs a bundle's probes here.

    Args:
        path: A run folder or a bundle.

    Returns:
        What each came to, in order.

    Raises:
        BundleError: If there is no whole bundle, or it carries no probes.
    """
    bundle = open_bundle(path)
    if not bundle.settings.probes:
        message = f"{bundle.path}: carries no probe pictures; export it again without --no-probes, or train it again"
        raise BundleError(message, subject=bundle.path)
    engine = bundle.engine()
    return [_probed(bundle, engine, probe) for probe in bundle.settings.probes]


def _probed(bundle: OpenBundle, engine: OnnxEngine, probe: Probe) -> Probed:
    probabilities, distance = _answer(engine, _square(bundle, probe), bundle.novelty)
    apart = np.abs(probabilities.astype(np.float64) - np.array(probe.probabilities))
    far = None if distance is None or probe.distance is None else abs(distance - probe.distance)
    return Probed(
        file=probe.file,
        expected=_likest(bundle, probe.probabilities),
        found=_likest(bundle, probabilities.tolist()),
        difference=float(apart.max()),
        distance_difference=far,
    )


def _likest(bundle: OpenBundle, probabilities: Sequence[float]) -> str:
    return bundle.settings.classes[int(np.argmax(probabilities))]


def _answer(engine: OnnxEngine, square: npt.NDArray[np.uint8], novelty: Novelty | None) -> tuple[Floats, float | None]:
    """Probabilities (C,), and the distance, of a square (3, S, S), as `Predictor` gives them."""
    probabilities, features = engine.outputs(square[np.newaxis])
    distance = float(novelty.scores(as_stored(features))[0]) if novelty else None
    return probabilities[0], distance


def _square(bundle: OpenBundle, probe: Probe) -> npt.NDArray[np.uint8]:
    """A probe's square (3, S, S), read from its picture."""
    from PIL import Image

    path, side = bundle.path / probe.file, bundle.settings.to_transform().size_px
    data = read_file(bundle.files, probe.file, sha256=bundle.settings.sha256[probe.file])
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.size != (side, side) or image.mode != "RGB":
                raise ValueError(f"{image.mode} of {image.width} x {image.height} pixels, not RGB of {side} x {side}")
            pixels = np.asarray(image)
    except Exception as error:  # Pillow's decoders raise almost anything on damaged bytes
        raise BundleError(f"{path}: damaged ({error}); copy the bundle again", subject=path) from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))  # (S, S, 3) -> (3, S, S)
