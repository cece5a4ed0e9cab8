"""The model bundle: a folder with weights, a graph and all that prediction needs to know. No pickle, no code."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from unfreeze.activations.engines import OnnxEngine
from unfreeze.deploy.described import described
from unfreeze.deploy.description import (
    FORMAT_VERSION,
    GRAPH_FILE,
    REFERENCES_FILE,
    SETTINGS_FILE,
    WEIGHTS_FILE,
    Bundle,
    Probe,
    Refusal,
)
from unfreeze.deploy.entries import shortened
from unfreeze.deploy.references import read_references, write_references
from unfreeze.deploy.storage import BundleFiles, ZipFiles, bundle_folder, check_file, files_of, read_file
from unfreeze.errors import BundleError
from unfreeze.evaluation.novelty import Novelty
from unfreeze.files import write_whole
from unfreeze.training.objective import EXCLUSIVE, Objective
from unfreeze.transforms.transform import Transform

if TYPE_CHECKING:
    from unfreeze.evaluation.certainty import Certainty


__all__ = [
    "FORMAT_VERSION",
    "GRAPH_FILE",
    "REFERENCES_FILE",
    "SETTINGS_FILE",
    "WEIGHTS_FILE",
    "Bundle",
    "OpenBundle",
    "Origin",
    "bundle_folder",
    "open_bundle",
    "parsed",
    "read_bundle",
    "settings_bytes",
    "write_bundle_settings",
]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a model comes from.

    Attributes:
        licence: Of the pretrained weights that training began with; empty where nothing is said of it.
        provenance: What the model was made from, as plain values.
    """

    licence: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


NOWHERE = Origin()


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenBundle:
    """A bundle whose files are whole, as prediction needs it.

    Attributes:
        files: Its files.
        settings: What is said of the model.
        graph: The ONNX file.
        novelty: What tells strange pictures; None where the model cannot.
    """

    files: BundleFiles
    settings: Bundle
    graph: bytes
    novelty: Novelty | None

    @property
    def path(self) -> Path:
        """The bundle's folder, or file."""
        return self.files.path

    def engine(self) -> OnnxEngine:
        """The graph, ready to run.

        Returns:
            The engine; its outputs are probabilities (N, C) and features (N, D).

        Raises:
            BundleError: If the graph does not fit what is said of it.
        """
        path = self.path / GRAPH_FILE
        size, classes = self.settings.to_transform().size_px, len(self.settings.classes)
        try:
            engine = OnnxEngine(self.graph)
            probabilities, features = engine.outputs(np.zeros((1, 3, size, size), np.uint8))
        except Exception as error:  # each of onnxruntime's errors derives from Exception alone
            reason = " ".join(str(error).split())[:200]
            raise BundleError(f"{path}: cannot be run ({reason}); copy the bundle again", subject=path) from error
        width = self.novelty.references.shape[1] if self.novelty else features.shape[-1]
        if probabilities.shape != (1, classes) or features.shape != (1, width):
            found = f"{probabilities.shape[-1]} probabilities and {features.shape[-1]} features"
            message = f"{path}: gives {found}, where {classes} and {width} are expected; copy the bundle again"
            raise BundleError(message, subject=path)
        return engine


def write_bundle_settings(
    folder: Path,
    *,
    classes: Sequence[str],
    backbone: str,
    transform: Transform,
    objective: Objective = EXCLUSIVE,
    certainty: "Certainty | None" = None,
    origin: Origin = NOWHERE,
    probes: Sequence[Probe] = (),
) -> None:
    """Completes a bundle whose graph and weights are written: names their hashes and how they are used.

    Args:
        folder: The bundle's folder, with `model.onnx` and `model.safetensors`.
        classes: Class names in the order of the graph's probabilities.
        backbone: Name of the backbone.
        transform: How a picture becomes a square.
        objective: What the model has learned: it decides how the graph makes probabilities.
        certainty: What the model knows of its answers; its temperature is the one inside the graph.
        origin: Where the model comes from.
        probes: The model's own test, its pictures written.
    """
    novelty = certainty.novelty if certainty else None
    files = [GRAPH_FILE, WEIGHTS_FILE, *(probe.file for probe in probes)]
    if novelty:
        write_references(folder, novelty)
        files.append(REFERENCES_FILE)
    else:
        (folder / REFERENCES_FILE).unlink(missing_ok=True)
    bundle = Bundle(
        classes=list(classes),
        backbone=backbone,
        transform=transform.to_dict(),
        sha256={name: _sha256(folder / name) for name in files},
        probabilities=objective.output,
        temperature=certainty.temperature if certainty else 1.0,
        refusal=Refusal(neighbours=novelty.neighbours, bound=novelty.bound) if novelty else None,
        sets=certainty.sets if certainty else None,
        licence=origin.licence,
        provenance=origin.provenance,
        probes=tuple(probes),
    )
    write_whole(folder / SETTINGS_FILE, settings_bytes(bundle))


def settings_bytes(bundle: Bundle) -> bytes:
    """The contents of `bundle.json`."""
    return (json.dumps(bundle.to_plain(), indent=2) + "\n").encode()


def read_bundle(path: Path) -> Bundle:
    """Reads a bundle's settings and checks its files.

    Args:
        path: A run folder, a bundle's folder, or an `.unfreeze` file.

    Returns:
        What is said of the model.

    Raises:
        BundleError: If something is missing, damaged, or of another version.
    """
    files = files_of(path)
    bundle = _settings(files)
    for name, expected in bundle.sha256.items():
        check_file(files, name, sha256=expected)
    return bundle


def open_bundle(path: Path) -> OpenBundle:
    """Opens a bundle, its files checked.

    Args:
        path: A run folder, a bundle's folder, or an `.unfreeze` file.

    Returns:
        What prediction needs.

    Raises:
        BundleError: If something is missing, damaged, or of another version.
    """
    files = files_of(path)
    settings = _settings(files)
    used = {GRAPH_FILE, REFERENCES_FILE}
    for name, expected in settings.sha256.items():
        if name not in used:
            check_file(files, name, sha256=expected)
    return OpenBundle(
        files=files,
        settings=settings,
        graph=read_file(files, GRAPH_FILE, sha256=settings.sha256[GRAPH_FILE]),
        novelty=_novelty(settings, files),
    )


def _settings(files: BundleFiles) -> Bundle:
    """What is said of the model; the names of the files are those that it may have."""
    path = files.path / SETTINGS_FILE
    if SETTINGS_FILE not in files.names():
        message = f"{files.path}: no model here (no {SETTINGS_FILE}); name a run folder that unfreeze train finished"
        raise BundleError(message, subject=files.path)
    bundle = parsed(read_file(files, SETTINGS_FILE), path=path)
    foreign = sorted(files.names() - bundle.sha256.keys() - {SETTINGS_FILE})
    if foreign and isinstance(files, ZipFiles):
        message = f"{files.path}: holds {shortened(foreign[0])}, which is no part of a model; export it again"
        raise BundleError(message, subject=files.path)
    return bundle


def _novelty(settings: Bundle, files: BundleFiles) -> Novelty | None:
    refusal, path = settings.refusal, files.path / REFERENCES_FILE
    if refusal is None:
        return None
    references = read_references(read_file(files, REFERENCES_FILE, sha256=settings.sha256[REFERENCES_FILE]), path=path)
    if refusal.neighbours > len(references):
        message = f"{path}: damaged (fewer than the {refusal.neighbours} neighbours that {SETTINGS_FILE} asks for)"
        raise BundleError(f"{message}; copy the bundle again", subject=path)
    return Novelty(references=references, neighbours=refusal.neighbours, bound=refusal.bound)


def parsed(data: bytes, *, path: Path) -> Bundle:
    """Reads `bundle.json`.

    Args:
        data: The whole file.
        path: Where it lies, for the error.

    Returns:
        What is said of the model.

    Raises:
        BundleError: If it is damaged, or of another version.
    """
    try:
        found = json.loads(data, parse_constant=_no_number)
        version = found["format_version"]
        if isinstance(version, int) and 1 <= version <= FORMAT_VERSION:
            return described(found)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise BundleError(f"{path}: damaged ({reason}); copy the bundle again", subject=path) from error
    message = f"{path}: format version {version}; this version of unfreeze reads up to {FORMAT_VERSION}"
    raise BundleError(message, subject=path)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
