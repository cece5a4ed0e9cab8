"""One tree of errors, each with the thing that it concerns."""

from pathlib import Path

import pytest

from unfreeze import errors
from unfreeze.errors import UnfreezeError, nearest

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, UnfreezeError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_carries_its_message_and_subject(kind: type[UnfreezeError]) -> None:
    error = kind("cat/1.jpg: broken", subject=Path("cat/1.jpg"))
    assert str(error) == "cat/1.jpg: broken"
    assert error.subject == "cat/1.jpg"
    assert isinstance(error, UnfreezeError)


def test_the_tree_at_the_top_names_every_error() -> None:
    assert len(KINDS) == 9
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in KINDS)


def test_a_subject_is_required() -> None:
    with pytest.raises(TypeError, match="subject"):
        UnfreezeError("broken")  # type: ignore[call-arg]


def test_near_names_are_offered_nearest_first() -> None:
    assert nearest("resnet5O", ["vgg16", "resnet18", "resnet50"]) == "; did you mean resnet50, resnet18?"
    assert nearest("resnet5O", ["vgg16", "resnet18", "resnet50"], count=1) == "; did you mean resnet50?"


def test_far_names_are_not_offered() -> None:
    assert nearest("zebra", ["resnet50", "vgg16"]) == nearest("zebra", []) == ""
