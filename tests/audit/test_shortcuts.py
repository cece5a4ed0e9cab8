"""A class that can be told without the object is named; one that cannot is not."""

import numpy as np
import pytest

from told import MakeTable, look, row
from unfreeze.audit.findings import Kind
from unfreeze.audit.folds import fold_numbers
from unfreeze.audit.shortcuts import Probe, probe_shortcuts, shortcut_findings
from unfreeze.images.look import Look
from unfreeze.images.table import ImageTable


def noise(chance: np.random.Generator) -> tuple[float, float, float]:
    red, green, blue = chance.uniform(0, 255, 3).tolist()
    return red, green, blue


def probes(table: ImageTable) -> dict[str, Probe]:
    folds = fold_numbers([each.label for each in table.rows], [each.path for each in table.rows])
    return {probe.name: probe for probe in probe_shortcuts(table, folds)}


def planted(kind: str, number: int, label: int) -> Look:
    """An ordinary look with noisy colours and size, in which one thing goes with the class."""
    chance = np.random.default_rng(number)
    seen = {"size_bytes": int(chance.integers(10_000, 90_000)), "colour": noise(chance), "border": noise(chance)}
    values = {
        "size_bytes": 30_000 + 30_000 * label,
        "border": (250.0, 20.0 + 200 * label, 20.0),
        "colour": (100.0 + 50 * label, 100.0, 90.0),
        "camera": ("Canon", "Nikon")[label],
        "mode": ("RGB", "L")[label],
    }
    return look(**{**seen, **({kind: values[kind]} if kind else {})})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("size_bytes", "the file size"),
        ("border", "the border's colour"),
        ("colour", "the mean colour"),
        ("camera", "the camera"),
        ("mode", "the format"),
    ],
)
def test_what_goes_with_the_class_is_named_alone(make_table: MakeTable, kind: str, name: str) -> None:
    rows = [row(f"{number}.jpg", number % 2) for number in range(120)]
    table = make_table(rows, {each.path: planted(kind, number, each.label) for number, each in enumerate(rows)})
    found = probes(table)
    assert [probe.name for probe in found.values() if probe.is_shortcut] == [name]
    (finding,) = shortcut_findings(list(found.values()))
    assert (finding.kind, finding.path) == (Kind.SHORTCUT, "")
    assert finding.detail.startswith(f"{name} alone gets 100% of the classes right (9")
    assert finding.detail.endswith("guessing 50%")


def test_shapes_that_go_with_the_class(make_table: MakeTable) -> None:
    rows = [row(f"{number}.jpg", number % 2, size=((400, 300), (300, 400))[number % 2]) for number in range(120)]
    found = probes(make_table(rows))
    assert list(found) == ["the shape"]  # the rest does not differ between pictures
    assert found["the shape"].is_shortcut


def test_noise_is_no_shortcut(make_table: MakeTable) -> None:
    rows = [row(f"{number}.jpg", number % 2) for number in range(120)]
    found = probes(make_table(rows, {each.path: planted("", number, each.label) for number, each in enumerate(rows)}))
    assert found["the mean colour"].interval[0] < 0.6
    assert shortcut_findings(list(found.values())) == []


def test_a_large_class_does_not_make_guessing_look_good(make_table: MakeTable) -> None:
    rows = [row(f"{number}.jpg", int(number < 12)) for number in range(200)]
    found = probes(make_table(rows, {each.path: planted("", number, each.label) for number, each in enumerate(rows)}))
    assert all(probe.chance == 0.5 and probe.accuracy < 0.75 for probe in found.values())
