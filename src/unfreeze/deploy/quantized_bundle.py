"""The bundle of a quantized graph: what the model knows is bounded anew on the answers of eight bits."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unfreeze.activations.engines import Floats
from unfreeze.deploy.bundle import OpenBundle, settings_bytes
from unfreeze.deploy.description import (
    FORMAT_VERSION,
    GRAPH_FILE,
    REFERENCES_FILE,
    SETTINGS_FILE,
    WEIGHTS_FILE,
    Refusal,
)
from unfreeze.deploy.probes import write_probes
from unfreeze.deploy.storage import read_file
from unfreeze.evaluation.certainty import conformal_sets
from unfreeze.files import write_whole
from unfreeze.training.objective import Targets

QUANTIZATION = "quantization"
"""What `bundle.json` calls it, within the provenance."""


def write_quantized(
    folder: Path,
    bundle: OpenBundle,
    graph: bytes,
    *,
    answers: tuple[Floats, Floats, Targets],
    about: Mapping[str, Any],
    probes: Sequence[npt.NDArray[np.uint8]] = (),
) -> None:
    """Writes a bundle's folder.

    The weights stay as they were trained, the temperature too. The bound of 'none of these' and that of the sets are
    set anew on the validation pictures, because eight bits move features and probabilities a little.

    Args:
        folder: An empty folder.
        bundle: What the graph was made of.
        graph: The quantized graph.
        answers: Its probabilities (N, C) and features (N, D) of the validation pictures, and what they are.
        about: What was done, for the provenance.
        probes: Squares (3, S, S) of the model's own test.
    """
    probabilities, features, targets = answers
    settings, novelty = bundle.settings, bundle.novelty
    kept = [name for name in (WEIGHTS_FILE, REFERENCES_FILE) if name in settings.sha256]
    files = {GRAPH_FILE: graph, **{name: read_file(bundle.files, name) for name in kept}}
    for name, data in files.items():
        write_whole(folder / name, data)
    if novelty and settings.refusal:
        novelty = novelty.bounded(novelty.scores(features), refused=settings.refusal.bound.share)
    sets = settings.sets and conformal_sets(probabilities, targets, coverage=settings.sets.coverage)
    squares = np.stack(probes) if probes else np.empty((0, 3, 1, 1), np.uint8)
    written = write_probes(folder, squares, graph=folder / GRAPH_FILE, novelty=novelty)
    files |= {probe.file: (folder / probe.file).read_bytes() for probe in written}
    changed = replace(
        settings,
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        refusal=Refusal(neighbours=novelty.neighbours, bound=novelty.bound) if novelty else None,
        sets=sets,
        provenance={**settings.provenance, QUANTIZATION: dict(about)},
        probes=tuple(written),
        format_version=FORMAT_VERSION,
    )
    write_whole(folder / SETTINGS_FILE, settings_bytes(changed))
