"""What a bundle says of its model, as `bundle.json` holds it; `described.py` reads that."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from unfreeze.evaluation.bounds import HeldOutBound
from unfreeze.evaluation.conformal import ConformalBound
from unfreeze.training.objective import OBJECTIVES, Objective
from unfreeze.transforms.transform import Transform

FORMAT_VERSION = 3
VERSION_OF_CLASSES_ALONE = 1
"""The version before pictures could have several labels: its probabilities are a softmax, and it does not say so."""

VERSION_OF_CERTAINTY = 3
"""From here on a bundle carries a temperature, and what tells strange pictures."""

SETTINGS_FILE, GRAPH_FILE, WEIGHTS_FILE = "bundle.json", "model.onnx", "model.safetensors"
REFERENCES_FILE = "references.safetensors"

PROBE_FOLDER, PROBE_FILE = "probes", "probes/{:02d}.png"
"""Where the probes' pictures lie, and the only name that each may have, by its number."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """When a picture is none of the classes.

    Attributes:
        neighbours: How many of the nearest references count.
        bound: The distance above which a picture is refused, and what is promised of it.
    """

    neighbours: int
    bound: HeldOutBound


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A picture with what the model says of it.

    Attributes:
        file: A picture of exactly the pixels that the network sees, in the bundle.
        probabilities: What the graph said of it where the bundle was made, one for each class.
        distance: How strange it is; None where the model cannot tell.
    """

    file: str
    probabilities: tuple[float, ...]
    distance: float | None


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
        temperature: What the graph divides logits by.
        refusal: When a picture is none of the classes; None where the model cannot tell.
        sets: Which classes belong to a picture's set; None where nothing can be promised of sets.
        licence: Of the pretrained weights that training began with; empty where nothing is said of it.
        provenance: What the model was made from, as plain values.
        probes: The model's own test; none where its pictures were left out.
        format_version: Version of this layout.
    """

    classes: Sequence[str]
    backbone: str
    transform: dict[str, Any]
    sha256: dict[str, str]
    probabilities: str
    temperature: float = 1.0
    refusal: Refusal | None = None
    sets: ConformalBound | None = None
    licence: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    probes: Sequence[Probe] = ()
    format_version: int = FORMAT_VERSION

    @property
    def objective(self) -> Objective:
        """What the model has learned of a picture."""
        return OBJECTIVES[self.probabilities]

    def to_transform(self) -> Transform:
        """How a picture becomes a square."""
        return Transform.from_dict(self.transform)

    def to_plain(self) -> dict[str, Any]:
        """The contents of `bundle.json`; `described` reads them."""
        refusal, sets = self.refusal, self.sets
        return {**asdict(self), "refusal": refusal and _plain_refusal(refusal), "sets": sets and _plain_sets(sets)}

    def without_probes(self) -> "Bundle":
        """The same with its probe pictures left out."""
        left_out = {probe.file for probe in self.probes}
        sha256 = {name: found for name, found in self.sha256.items() if name not in left_out}
        return replace(self, probes=(), sha256=sha256)


def _plain_refusal(refusal: Refusal) -> dict[str, Any]:
    bound = refusal.bound
    return {
        "neighbours": refusal.neighbours,
        "distance": bound.value,
        "share": bound.share,
        "expected": bound.expected,
        "interval": list(bound.interval),
        "pictures": bound.count,
    }


def _plain_sets(sets: ConformalBound) -> dict[str, Any]:
    return {
        "coverage": sets.coverage,
        "least_probability": sets.least_probability,
        "expected": sets.expected,
        "interval": list(sets.interval),
        "pictures": sets.count,
    }
