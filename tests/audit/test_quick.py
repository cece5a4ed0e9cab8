"""What every run says of its pictures before it trains."""

from dataclasses import replace

from told import MakeTable, look, row
from unfreeze.audit.findings import MEANINGS, Finding, Kind
from unfreeze.audit.quick import quick_findings, worth_saying


def test_copies_that_the_scan_found_leak_or_count_twice(make_table: MakeTable) -> None:
    rows = [row(f"{number}.jpg", number % 2, "valid" if number == 30 else "train") for number in range(31)]
    looks = {each.path: look(sharpness=1 + index / 50) for index, each in enumerate(rows)}
    copies = {"4.jpg": "a", "6.jpg": "b", "8.jpg": "b", "30.jpg": "a"}
    found = quick_findings(replace(make_table(rows, looks), copies=copies), size_px=224)
    pairs = {(each.kind, each.path, each.related) for each in found if each.related}
    assert (Kind.LEAK, "4.jpg", "30.jpg") in pairs
    assert {kind for kind, *pair in pairs if set(pair) == {"6.jpg", "8.jpg"}} == {Kind.DUPLICATE}
    assert len([each for each in found if each.kind in (Kind.LEAK, Kind.DUPLICATE)]) == 2


def test_only_what_matters_is_said_with_an_example_and_what_to_do() -> None:
    findings = [
        Finding(Kind.MODE, "a.png", detail="stored as L"),
        Finding(Kind.BROKEN, "b.png", detail="breaks off"),
        Finding(Kind.LEAK, "c.png", "train", "d.png", 0.99, "alike; one is in train, the other in valid"),
        Finding(Kind.DUPLICATE, "e.png", "train", "f.png", 0.99, "alike"),
        Finding(Kind.DUPLICATE, "g.png", "train", "h.png", 0.99, "alike"),
    ]
    first, second = worth_saying(findings)  # the scan says itself what leaks
    assert first.startswith(f"{MEANINGS[Kind.DUPLICATE].title}: 2, such as e.png and f.png: alike. ")
    assert second.startswith("unfreeze check writes them all")
    assert worth_saying(findings[:3]) == []
