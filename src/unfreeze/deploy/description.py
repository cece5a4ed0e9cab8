"""What a bundle says of its model: `bundle.json`, checked entry by entry."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from unfreeze.deploy.entries import Entries
from unfreeze.errors import SettingsError
from unfreeze.evaluation.bounds import HeldOutBound
from unfreeze.evaluation.conformal import ConformalBound
from unfreeze.training.objective import EXCLUSIVE, OBJECTIVES, Objective
from unfreeze.transforms.transform import Transform

FORMAT_VERSION = 3
VERSION_OF_CLASSES_ALONE = 1
"""The version before pictures could have several labels: its probabilities are a softmax, and it does not say so."""

VERSION_OF_CERTAINTY = 3
"""From here on a bundle carries a temperature, and what tells strange pictures."""

SETTINGS_FILE, GRAPH_FILE, WEIGHTS_FILE = "bundle.json", "model.onnx", "model.safetensors"
REFERENCES_FILE = "references.safetensors"

MOST_PX = 8192

FARTHEST = 2.0
"""The largest distance that there is: of opposite directions."""


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


def described(found: object) -> Bundle:
    """Reads what `Bundle.to_plain` wrote, in this format version or an earlier one.

    Args:
        found: What JSON gave.

    Returns:
        The same.

    Raises:
        ValueError: If something is missing, unknown, or is not what it has to be; the message names all of it.
    """
    faults: list[str] = []
    entries = Entries(found, "", faults)
    version = entries.whole("format_version", 1, FORMAT_VERSION)
    bundle = _described(entries, version, faults)
    entries.end()
    if faults:
        raise ValueError("; ".join(faults))
    return bundle


def _described(entries: Entries, version: int, faults: list[str]) -> Bundle:
    classes = entries.take("classes", _are_names, "a list of names, each of them once", [])
    output = EXCLUSIVE.output
    if version > VERSION_OF_CLASSES_ALONE:
        known = f"one of {', '.join(OBJECTIVES)}"
        output = entries.take("probabilities", lambda name: isinstance(name, str) and name in OBJECTIVES, known, output)
    certain = version >= VERSION_OF_CERTAINTY
    refusal = entries.take("refusal", lambda _: True, "", None) if certain else None
    sets = entries.take("sets", lambda _: True, "", None) if certain else None
    if sets is not None and OBJECTIVES[output].several:
        faults.append("sets are of a model of one class a picture, and this one is of several labels")
    needed = {GRAPH_FILE, WEIGHTS_FILE} | ({REFERENCES_FILE} if refusal is not None else set())
    return Bundle(
        classes=classes,
        backbone=entries.text("backbone"),
        transform=_transform(entries.take("transform", lambda _: True, "", {}), faults),
        sha256=entries.take("sha256", lambda found: _are_hashes(found, needed), _hashes_of(needed), {}),
        probabilities=output,
        temperature=entries.number("temperature", 1e-3, 1e3) if certain else 1.0,
        refusal=None if refusal is None else _refusal(refusal, faults),
        sets=None if sets is None else _sets(sets, faults),
        format_version=version,
    )


def _refusal(found: object, faults: list[str]) -> Refusal:
    entries = Entries(found, "refusal", faults)
    refusal = Refusal(
        neighbours=entries.whole("neighbours", 1),
        bound=HeldOutBound(
            value=entries.number("distance", 0, FARTHEST),
            share=entries.number("share", 0, 1),
            count=entries.whole("pictures", 1),
            expected=entries.number("expected", 0, 1),
            interval=entries.share("interval"),
        ),
    )
    entries.end()
    return refusal


def _sets(found: object, faults: list[str]) -> ConformalBound:
    entries = Entries(found, "sets", faults)
    sets = ConformalBound(
        least_probability=entries.number("least_probability", 0, 1),
        coverage=entries.number("coverage", 0, 1),
        count=entries.whole("pictures", 1),
        expected=entries.number("expected", 0, 1),
        interval=entries.share("interval"),
    )
    entries.end()
    return sets


def _transform(found: object, faults: list[str]) -> dict[str, Any]:
    """The transform's settings, if they make one."""
    entries = Entries(found, "transform", faults)
    known = len(faults)
    settings = {
        "size_px": entries.whole("size_px", 1, MOST_PX),
        "square": entries.text("square"),
        "crop_share": entries.number("crop_share", 0, 1),
        "augment": entries.text("augment"),
        "seed": entries.take("seed", lambda seed: isinstance(seed, int) and not isinstance(seed, bool), "a number", 0),
    }
    entries.end()
    if len(faults) == known:
        try:
            Transform.from_dict(settings)
        except (SettingsError, ValueError) as error:
            faults.append(f"transform: {error}")
    return settings


def _are_names(found: Any) -> bool:
    names = isinstance(found, list) and bool(found) and all(isinstance(name, str) for name in found)
    return names and len(set(found)) == len(found)


def _are_hashes(found: Any, needed: set[str]) -> bool:
    if not isinstance(found, dict) or found.keys() != needed:
        return False
    return all(isinstance(value, str) and len(value) == 64 and is_hex(value) for value in found.values())


def is_hex(text: str) -> bool:
    """Whether a text is of hexadecimal digits alone."""
    return not text.strip("0123456789abcdef")


def _hashes_of(needed: set[str]) -> str:
    return f"64 hexadecimal digits for each of {', '.join(sorted(needed))}"
