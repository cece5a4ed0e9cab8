"""What every run says of its pictures before it trains."""

import numpy as np

from told import MakeTable, look, row
from unfreeze.audit.findings import Finding, Kind
from unfreeze.audit.quick import quick_findings, worth_saying


def thumbnail(seed: int) -> bytes:
    return np.random.default_rng(seed).integers(0, 256, 256, dtype=np.uint8).tobytes()


def test_a_copy_is_found_by_its_thumbnail(make_table: MakeTable) -> None:
    rows = [row(f"{number}.jpg", number % 2, "valid" if number == 30 else "train") for number in range(31)]
    looks = {each.path: look(thumbnail=thumbnail(index), sharpness=1 + index / 50) for index, each in enumerate(rows)}
    looks["30.jpg"] = looks["4.jpg"]
    found = [each for each in quick_findings(make_table(rows, looks), size_px=224) if each.kind is Kind.LEAK]
    assert [(each.path, each.related) for each in found] == [("4.jpg", "30.jpg")]


def test_only_what_matters_is_said_with_an_example_and_what_to_do() -> None:
    findings = [
        Finding(Kind.MODE, "a.png", detail="stored as L"),
        Finding(Kind.BROKEN, "b.png", detail="breaks off"),
        Finding(Kind.LEAK, "c.png", "train", "d.png", 0.99, "alike; one is in train, the other in valid"),
        Finding(Kind.LEAK, "e.png", "train", "f.png", 0.99, "alike"),
    ]
    first, second = worth_saying(findings)
    assert first == (
        "the same picture on both sides of a split: 2, such as c.png and d.png: alike; one is in train, the other in "
        "valid. Leave the ones that train out: --exclude findings.csv --exclude-kind leak."
    )
    assert second.startswith("unfreeze check shows them all")
    assert worth_saying(findings[:2]) == []
