import json
from pathlib import Path

import pytest

from unfreeze.errors import RunError
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.corrections import Told
from unfreeze.serve.review.decisions import Event
from unfreeze.serve.review.folder import ReviewFolder, open_review_folder

FIRST = Event(action="relabel", item=("label", "a"), path="a", label="dog")
SECOND = Event(action="exclude", item=("label", "b"), path="b")


@pytest.fixture
def folder(tmp_path: Path) -> ReviewFolder:
    with open_review_folder(tmp_path, {}) as found:
        return found


def test_what_is_written_is_read_again(folder: ReviewFolder) -> None:
    assert folder.read() == []
    assert not folder.corrections.exists()
    folder.write([FIRST, SECOND])
    assert folder.read() == [FIRST, SECOND]
    assert folder.corrections.read_text().splitlines()[1:] == ["relabel,a,dog,,", "exclude,b,,,"]
    assert sorted(path.name for path in folder.path.iterdir()) == ["corrections.csv", "decisions.json", "lock"]


def test_a_server_that_was_killed_between_its_two_files_is_made_good(folder: ReviewFolder) -> None:
    folder.write([FIRST])
    before = folder.corrections.read_bytes()
    folder.write([FIRST, SECOND])
    after = folder.corrections.read_bytes()
    folder.corrections.write_bytes(before)
    assert folder.read() == [FIRST, SECOND]
    assert folder.corrections.read_bytes() == after


def test_a_file_that_is_gone_is_made_again(folder: ReviewFolder) -> None:
    folder.write([FIRST, SECOND])
    after = folder.corrections.read_bytes()
    folder.corrections.unlink()
    assert folder.read() == [FIRST, SECOND]
    assert folder.corrections.read_bytes() == after


def test_a_file_that_the_user_changed_is_not_replaced(folder: ReviewFolder) -> None:
    folder.write([FIRST, SECOND])
    mine = folder.corrections.read_text().replace("dog", "cat")
    folder.corrections.write_text(mine)
    with pytest.raises(RunError, match=r"corrections.csv: was changed by something else than the review page; move it"):
        folder.read()
    assert folder.corrections.read_text() == mine


def test_nor_is_one_that_changes_while_the_server_runs(folder: ReviewFolder) -> None:
    folder.read()
    folder.write([FIRST])
    ours = folder.corrections.read_bytes()
    mine = ours.replace(b"dog", b"cat")
    folder.corrections.write_bytes(mine)
    with pytest.raises(Problem, match=r"corrections.csv: was changed by something else than the review page; put") as e:
        folder.write([FIRST, SECOND])
    assert (e.value.status, e.value.kind) == (409, "changed-elsewhere")
    assert folder.corrections.read_bytes() == mine
    folder.corrections.write_bytes(ours)
    folder.write([FIRST, SECOND])
    assert folder.read() == [FIRST, SECOND]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "events": []}', '{"format": 1, "events": [{"action": "burn"}]}']
)
def test_a_damaged_list_of_decisions_is_an_error(folder: ReviewFolder, text: str) -> None:
    (folder.path / "decisions.json").write_text(text)
    with pytest.raises(RunError, match=r"decisions.json: cannot be read .*; move the folder away"):
        folder.read()


def test_decisions_keep_what_was_undone(folder: ReviewFolder) -> None:
    folder.write([FIRST, Event(action="undo")])
    assert [event["action"] for event in json.loads((folder.path / "decisions.json").read_text())["events"]] == [
        "relabel",
        "undo",
    ]
    assert folder.corrections.read_text().splitlines() == ["action,path,label,score,detail"]


def test_two_servers_cannot_have_one_review(tmp_path: Path) -> None:
    with (
        open_review_folder(tmp_path, {}),
        pytest.raises(RunError, match="another server has this review open"),
        open_review_folder(tmp_path, {}),
    ):
        pass
    with open_review_folder(tmp_path, {"a": Told(label="x", split=None)}) as again:
        assert again.read() == []
