import pytest

from unfreeze.errors import RunError
from unfreeze.serve.review.decisions import Event, in_force, of_pictures

KEEP_A = Event(action="keep", item=("label", "a"), path="a")
RELABEL_A = Event(action="relabel", item=("mistake", "a"), path="a", label="dog", score="0.9", detail="x")
EXCLUDE_B = Event(action="exclude", item=("leak", "b", "a"), path="b")
KEEP_PAIR = Event(action="keep", item=("leak", "a", "b"), path="a")
SKIP_B = Event(action="skip", item=("label", "b"), path="b")
UNDO = Event(action="undo")


def test_undo_goes_back_one_by_one_and_what_is_undone_stays_in_the_list() -> None:
    events = [KEEP_A, RELABEL_A, UNDO, EXCLUDE_B, UNDO, UNDO]
    assert [in_force(events[:count]) for count in range(7)] == [
        [],
        [KEEP_A],
        [KEEP_A, RELABEL_A],
        [KEEP_A],
        [KEEP_A, EXCLUDE_B],
        [KEEP_A],
        [],
    ]


def test_the_last_event_about_a_picture_holds_whatever_item_it_was_seen_in() -> None:
    assert of_pictures([KEEP_A, EXCLUDE_B, RELABEL_A]) == {"b": EXCLUDE_B, "a": RELABEL_A}
    assert list(of_pictures([KEEP_A, EXCLUDE_B, RELABEL_A])) == ["b", "a"]


def test_who_skips_or_keeps_a_pair_says_nothing_of_a_label() -> None:
    assert of_pictures([RELABEL_A, KEEP_PAIR, SKIP_B]) == {"a": RELABEL_A}
    assert of_pictures([KEEP_PAIR]) == {}


@pytest.mark.parametrize("event", [KEEP_A, RELABEL_A, EXCLUDE_B, UNDO])
def test_plain_values_give_the_same_event(event: Event) -> None:
    assert Event.from_dict(event.to_dict()) == event


@pytest.mark.parametrize(
    "plain",
    [
        {"action": "burn"},
        {},
        {"action": "keep", "more": 1},
        {"action": "keep", "path": 3},
        {"action": "keep", "item": 3},
    ],
)
def test_what_is_no_event_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(RunError, match="not a decision"):
        Event.from_dict(plain)
