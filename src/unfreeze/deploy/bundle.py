"""The model bundle: a folder with weights, a graph and all that prediction needs to know. No pickle, no code."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unfreeze.errors import BundleError, SettingsError
from unfreeze.files import write_whole
from unfreeze.training.objective import EXCLUSIVE, OBJECTIVES, Objective
from unfreeze.transforms.transform import Transform

FORMAT_VERSION = 2
VERSION_OF_CLASSES_ALONE = 1
"""The version before pictures could have several labels: its probabilities are a softmax, and it does not say so."""

SETTINGS_FILE, GRAPH_FILE, WEIGHTS_FILE = "bundle.json", "model.onnx", "model.safetensors"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What is said of a model beside its weights.

    Attributes:
        classes: Class names in the order of the graph's probabilities.
        backbone: Name of the backbone.
        transform: How a picture becomes a square, to the pixel.
        sha256: SHA-256 of each other file in the folder, by name.
        probabilities: How the graph makes them: "softmax" where a picture is of one class, "sigmoid" where it has any
            number of labels.
        format_version: Version of this layout.
    """

    classes: Sequence[str]
    backbone: str
    transform: dict[str, Any]
    sha256: dict[str, str]
    probabilities: str
    format_version: int = FORMAT_VERSION

    @property
    def objective(self) -> Objective:
        """What the model has learned of a picture."""
        return OBJECTIVES[self.probabilities]

    def to_transform(self) -> Transform:
        """How a picture becomes a square."""
        return Transform.from_dict(self.transform)


def write_bundle_settings(
    folder: Path, *, classes: Sequence[str], backbone: str, transform: Transform, objective: Objective = EXCLUSIVE
) -> None:
    """Completes a bundle whose graph and weights are written: names their hashes and how they are used.

    Args:
        folder: The bundle's folder, with `model.onnx` and `model.safetensors`.
        classes: Class names in the order of the graph's probabilities.
        backbone: Name of the backbone.
        transform: How a picture becomes a square.
        objective: What the model has learned: it decides how the graph makes probabilities.
    """
    bundle = Bundle(
        classes=list(classes),
        backbone=backbone,
        transform=transform.to_dict(),
        sha256={name: _sha256(folder / name) for name in (GRAPH_FILE, WEIGHTS_FILE)},
        probabilities=objective.output,
    )
    write_whole(folder / SETTINGS_FILE, (json.dumps(asdict(bundle), indent=2) + "\n").encode())


def read_bundle(folder: Path) -> Bundle:
    """Reads a bundle's settings and checks its files.

    Args:
        folder: The bundle's folder; `bundle_folder` finds it in a run folder.

    Returns:
        What is said of the model.

    Raises:
        BundleError: If something is missing, damaged, or of another version.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        message = f"{folder}: no model here (no {SETTINGS_FILE}); name a run folder that unfreeze train finished"
        raise BundleError(message, subject=folder)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found["format_version"]
        unsaid: dict[str, Any] = {"probabilities": EXCLUSIVE.output} if version == VERSION_OF_CLASSES_ALONE else {}
        bundle = _checked(Bundle(**found, **unsaid)) if version in (VERSION_OF_CLASSES_ALONE, FORMAT_VERSION) else None
    except (ValueError, KeyError, TypeError, AttributeError, SettingsError) as error:
        raise BundleError(f"{path}: damaged ({error}); copy the bundle again", subject=path) from error
    if bundle is None:
        message = f"{path}: format version {version}; this version of unfreeze reads up to {FORMAT_VERSION}"
        raise BundleError(message, subject=path)
    for name, expected in bundle.sha256.items():
        if not (folder / name).is_file() or _sha256(folder / name) != expected:
            raise BundleError(f"{folder / name}: missing or damaged; copy the bundle again", subject=folder / name)
    return bundle


def _checked(bundle: Bundle) -> Bundle:
    """The bundle, if its settings have the shape that prediction relies on."""
    bundle.to_transform()
    if not isinstance(bundle.classes, list) or not all(isinstance(name, str) for name in bundle.classes):
        raise TypeError("classes is not a list of names")
    if not isinstance(bundle.sha256, dict) or not {GRAPH_FILE, WEIGHTS_FILE} <= bundle.sha256.keys():
        raise TypeError(f"sha256 does not name {GRAPH_FILE} and {WEIGHTS_FILE}")
    if bundle.probabilities not in OBJECTIVES:
        raise TypeError(f"probabilities is {bundle.probabilities!r}, not one of {', '.join(OBJECTIVES)}")
    return bundle


def bundle_folder(path: Path) -> Path:
    """The bundle that a user means by a run folder or by the bundle itself."""
    return path / "model" if (path / "model" / SETTINGS_FILE).is_file() else path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
