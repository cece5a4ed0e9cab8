"""Reads `bundle.json`, entry by entry, in this format version or an earlier one."""

from collections.abc import Callable
from typing import Any

from unfreeze.deploy.description import (
    FORMAT_VERSION,
    GRAPH_FILE,
    PROBE_FILE,
    REFERENCES_FILE,
    VERSION_OF_CERTAINTY,
    VERSION_OF_CLASSES_ALONE,
    WEIGHTS_FILE,
    Bundle,
    Probe,
    Refusal,
)
from unfreeze.deploy.entries import Entries, is_number
from unfreeze.errors import SettingsError
from unfreeze.evaluation.bounds import HeldOutBound
from unfreeze.evaluation.conformal import ConformalBound
from unfreeze.training.objective import EXCLUSIVE, OBJECTIVES
from unfreeze.transforms.transform import Transform

MOST_PROBES, MOST_PX = 64, 8192

NAMED_FAULTS = 5

FARTHEST = 2.0
"""The largest distance that there is: of opposite directions."""

PROBABILITY = 1.001
"""The largest probability, with room for rounding."""


def described(found: object) -> Bundle:
    """Reads what `Bundle.to_plain` wrote, in this format version or an earlier one.

    Args:
        found: What JSON gave.

    Returns:
        The same.

    Raises:
        ValueError: If something is missing, unknown, or is not what it has to be; the message names the first of it.
    """
    faults: list[str] = []
    entries = Entries(found, "", faults)
    version = entries.whole("format_version", 1, FORMAT_VERSION)
    bundle = _described(entries, version, faults)
    entries.end()
    if faults:
        more = f"; and {len(faults) - NAMED_FAULTS} more" if len(faults) > NAMED_FAULTS else ""
        raise ValueError("; ".join(faults[:NAMED_FAULTS]) + more)
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
    probes = _probes(entries, len(classes), faults, distances=refusal is not None) if certain else ()
    needed = {GRAPH_FILE, WEIGHTS_FILE, *(probe.file for probe in probes)}
    needed |= {REFERENCES_FILE} if refusal is not None else set()
    return Bundle(
        classes=classes,
        backbone=entries.text("backbone"),
        transform=_transform(entries.take("transform", lambda _: True, "", {}), faults),
        sha256=entries.take("sha256", lambda found: _are_hashes(found, needed), _hashes_of(needed), {}),
        probabilities=output,
        temperature=entries.number("temperature", 1e-3, 1e3) if certain else 1.0,
        refusal=None if refusal is None else _refusal(refusal, faults),
        sets=None if sets is None else _sets(sets, faults),
        licence=entries.text("licence") if certain else "",
        provenance=entries.take("provenance", lambda found: isinstance(found, dict), "an object", {})
        if certain
        else {},
        probes=probes,
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


def _probes(entries: Entries, classes: int, faults: list[str], *, distances: bool) -> tuple[Probe, ...]:
    found = entries.take("probes", lambda given: isinstance(given, list) and len(given) <= MOST_PROBES, "a list", [])
    probes = []
    for number, each in enumerate(found):
        own, name = Entries(each, f"probes[{number}]", faults), PROBE_FILE.format(number)
        far = own.number("distance", 0, FARTHEST) if distances else own.take("distance", _is_none, "null", None)
        probes.append(
            Probe(
                file=own.take("file", name.__eq__, repr(name), name),
                probabilities=tuple(own.take("probabilities", _are_probabilities(classes), f"{classes} numbers", [])),
                distance=far,
            )
        )
        own.end()
    return tuple(probes)


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


def _is_none(found: object) -> bool:
    return found is None


def _are_probabilities(classes: int) -> Callable[[Any], bool]:
    def fits(found: Any) -> bool:
        return isinstance(found, list) and len(found) == classes and all(is_number(p, 0, PROBABILITY) for p in found)

    return fits


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
