import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from made import write_collection
from unfreeze.errors import RunError
from unfreeze.images.scan import scan_folder
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.desk import Decision, Desk
from unfreeze.serve.review.folder import open_review_folder
from unfreeze.serve.review.queue import Item, Subject

A, B, C = "train/red/000.png", "train/red/001.png", "train/blue/000.png"
QUEUE = (
    Item(subject=Subject.LEAK, paths=(A, B), score=0.5, detail="same file"),
    Item(subject=Subject.LABEL, paths=(A,), suggested=("blue",), score=0.25, detail="looks like blue"),
    Item(subject=Subject.MISTAKE, paths=(A,), suggested=("blue",)),
    Item(subject=Subject.LABEL, paths=(C,), suggested=("red",)),
)
BLUE, RED = 0, 1


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    counts = {"train/red": 2, "train/blue": 2, "valid/red": 1, "valid/blue": 1}
    table = scan_folder(write_collection(tmp_path / "pictures", counts))
    with open_review_folder(tmp_path, {}) as folder:
        yield Desk(QUEUE, table, folder)


def act(desk: Desk, item: int, action: Any, *, picture: int = 0, labels: tuple[int, ...] = ()) -> dict[str, Any]:
    decision = Decision(item=item, picture=picture, action=action, labels=labels)
    return desk.decide(decision, version=desk.state()["version"])


def actions(state: dict[str, Any]) -> dict[int, str]:
    return {number: found["action"] for number, found in state["done"].items()}


def rows(desk: Desk) -> list[str]:
    return desk.folder.corrections.read_text().splitlines()[1:]


def test_a_decision_is_written_at_once_and_holds_wherever_the_picture_is(desk: Desk) -> None:
    state = act(desk, 1, "relabel", labels=(BLUE,))
    assert state["done"] == {
        1: {"action": "relabel", "picture": 0, "label": "blue"},
        2: {"action": "relabel", "picture": 0, "label": "blue"},
    }
    assert (state["version"], state["last"], state["undoable"]) == (1, 1, True)
    assert state["counts"] == {"keep": 0, "relabel": 1, "exclude": 0}
    assert rows(desk) == [f"relabel,{A},blue,0.2500,looks like blue"]


def test_leaving_out_one_of_a_pair_decides_the_pair(desk: Desk) -> None:
    assert actions(act(desk, 1, "exclude")) == {0: "exclude", 1: "exclude", 2: "exclude"}
    assert rows(desk) == [f"exclude,{A},,0.2500,looks like blue"]
    state = act(desk, 0, "exclude", picture=1)
    assert rows(desk)[1] == f"exclude,{B},,0.5000,same file"
    assert state["done"][0]["picture"] == 0  # the first of the two that is gone


def test_keeping_a_pair_leaves_its_labels_open(desk: Desk) -> None:
    assert actions(act(desk, 0, "keep")) == {0: "keep"}
    assert rows(desk) == []


def test_what_was_done_to_one_of_a_pair_can_be_decided_otherwise_elsewhere(desk: Desk) -> None:
    assert actions(act(desk, 0, "relabel", labels=(BLUE,))) == {0: "relabel", 1: "relabel", 2: "relabel"}
    assert actions(act(desk, 1, "keep")) == {1: "keep", 2: "keep"}


def test_undo_goes_back_to_the_beginning_and_says_where_it_was(desk: Desk) -> None:
    act(desk, 1, "relabel", labels=(BLUE,))
    act(desk, 3, "skip")
    act(desk, 1, "exclude")
    found = [desk.undo(version=desk.state()["version"]) for _ in range(3)]
    assert [state["undone"] for state in found] == [1, 3, 1]
    assert [actions(state) for state in found] == [
        {1: "relabel", 2: "relabel", 3: "skip"},
        {1: "relabel", 2: "relabel"},
        {},
    ]
    assert rows(desk) == []
    assert not found[-1]["undoable"]
    with pytest.raises(Problem, match="nothing is decided yet") as caught:
        desk.undo(version=6)
    assert caught.value.status == 409


def test_a_tab_that_shows_an_older_state_changes_nothing(desk: Desk) -> None:
    act(desk, 1, "keep")
    before = rows(desk)
    with pytest.raises(Problem, match="another tab or window has decided meanwhile") as caught:
        desk.decide(Decision(item=1, picture=0, action="exclude"), version=0)
    assert (caught.value.status, caught.value.kind) == (409, "decided-elsewhere")
    with pytest.raises(Problem, match="another tab"):
        desk.undo(version=0)
    assert rows(desk) == before


def test_another_server_goes_on_where_one_was(desk: Desk) -> None:
    act(desk, 3, "relabel", labels=(RED,))
    act(desk, 1, "keep")
    again = Desk(QUEUE, desk.table, desk.folder)
    assert again.state() == desk.state()
    other_findings = Desk(QUEUE[:1], desk.table, desk.folder)
    assert (other_findings.state()["last"], other_findings.state()["version"]) == (None, 2)
    assert other_findings.undo(version=2)["undone"] is None


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (Decision(item=4, picture=0, action="keep"), 404),
        (Decision(item=-1, picture=0, action="keep"), 404),
        (Decision(item=1, picture=1, action="keep"), 422),
        (Decision(item=1, picture=-1, action="keep"), 422),
        (Decision(item=1, picture=0, action="relabel"), 422),
        (Decision(item=1, picture=0, action="relabel", labels=(0, 1)), 422),
        (Decision(item=1, picture=0, action="relabel", labels=(2,)), 422),
        (Decision(item=1, picture=0, action="relabel", labels=(-1,)), 422),
    ],
)
def test_what_is_not_there_cannot_be_decided_on(desk: Desk, decision: Decision, status: int) -> None:
    with pytest.raises(Problem) as caught:
        desk.decide(decision, version=0)
    assert caught.value.status == status
    assert desk.state()["version"] == 0


def test_what_cannot_be_written_is_not_decided(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    act(desk, 3, "skip")
    plain, calls = os.fsync, []

    def full(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:  # there is room for decisions.json, and none for corrections.csv
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(file)

    monkeypatch.setattr("unfreeze.files.os.fsync", full)
    with pytest.raises(RunError, match=r"corrections.csv: cannot be written \(No space"):
        act(desk, 1, "exclude")
    assert desk.state()["version"] == 1
    assert len(desk.folder.read()) == 1
    assert rows(desk) == []
