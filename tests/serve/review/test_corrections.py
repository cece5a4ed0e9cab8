from dataclasses import replace
from pathlib import Path

from made import write_collection
from unfreeze.images.amended import amended
from unfreeze.images.layout import find_layout
from unfreeze.serve.review.corrections import Told, corrections_file, told_by_manifests
from unfreeze.serve.review.decisions import Event

RELABEL = Event(action="relabel", item=("label", "a.png"), path="a.png", label="dog, big", score="0.9000", detail="say")
EXCLUDE = Event(action="exclude", item=("label", "b.png"), path="b.png")
KEEP = Event(action="keep", item=("label", "c.png"), path="c.png", label="cat")


def lines(events: list[Event], told: dict[str, Told] | None = None) -> list[str]:
    return corrections_file(events, told or {}).decode().splitlines()


def test_the_form_is_that_of_unfreeze_check() -> None:
    assert lines([RELABEL, EXCLUDE, KEEP]) == [
        "action,path,label,score,detail",
        'relabel,a.png,"dog, big",0.9000,say',
        "exclude,b.png,,,",
        "keep,c.png,cat,,",
    ]


def test_what_the_run_was_told_is_carried_along_unless_it_is_decided_otherwise() -> None:
    told = {name: Told(label="cat", split=None) for name in ("a.png", "b.png", "c.png", "d.png")}
    assert lines([RELABEL, EXCLUDE, KEEP], told)[1:] == [
        "relabel,c.png,cat,,as the run was told",  # who keeps it keeps the label that the run had
        "relabel,d.png,cat,,as the run was told",
        'relabel,a.png,"dog, big",0.9000,say',
        "exclude,b.png,,,",
    ]


def test_a_split_that_the_run_was_told_stays() -> None:
    told = {"a.png": Told(label="cat", split="valid")}
    assert lines([RELABEL, EXCLUDE], told) == [
        "action,path,label,score,detail,split",
        'relabel,a.png,"dog, big",0.9000,say,valid',
        "exclude,b.png,,,,",
    ]


def test_train_reads_names_that_csv_has_to_quote(tmp_path: Path) -> None:
    odd = 'x,"y".png'
    root = write_collection(tmp_path / "pictures", {"train/red": 2, "train/blue": 2, "valid/red": 1, "valid/blue": 1})
    (root / "train/red/000.png").rename(root / "train/red" / odd)
    layout = find_layout(root)
    events = [
        replace(RELABEL, path=f"train/red/{odd}", label="blue"),
        replace(EXCLUDE, path="train/blue/001.png"),
    ]
    file = tmp_path / "corrections.csv"
    file.write_bytes(corrections_file(events, {}))
    after = {each.path: each.class_names for each in amended(layout, relabel=file, exclude=file).files}
    assert after[f"train/red/{odd}"] == ("blue",)
    assert "train/blue/001.png" not in after
    assert len(after) == 5


def test_only_what_manifests_changed_was_told(tmp_path: Path) -> None:
    root = write_collection(tmp_path / "pictures", {"train/red": 2, "train/blue": 2, "valid/red": 1, "valid/blue": 1})
    file = tmp_path / "told.csv"
    file.write_text(
        "path,label,split\ntrain/red/000.png,blue,\ntrain/red/001.png,red,valid\ntrain/blue/000.png,blue,\n"
    )
    plain = find_layout(root)
    assert told_by_manifests(plain, amended(plain, relabel=file)) == {
        "train/red/000.png": Told(label="blue", split=None),
        "train/red/001.png": Told(label="red", split="valid"),
    }
