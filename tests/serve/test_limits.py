"""What may be asked of a server's limits."""

import pytest

from unfreeze.errors import SettingsError
from unfreeze.serve.limits import ServeLimits


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="pixels is 0; it must lie above 0"):
        ServeLimits(pixels=0)


def test_no_rate_is_no_mistake() -> None:
    assert ServeLimits(requests_per_minute=0).requests_per_minute == 0


@pytest.mark.parametrize(
    ("limits", "subject"), [({"pictures": 300}, "pictures"), ({"held_bytes": 2**20}, "request_bytes")]
)
def test_requests_that_could_never_be_answered_are_refused(limits: dict[str, int], subject: str) -> None:
    with pytest.raises(SettingsError, match="no such request could ever be answered") as caught:
        ServeLimits(**limits)
    assert caught.value.subject == subject


def test_the_decoder_is_bounded_by_the_same_numbers() -> None:
    decoding = ServeLimits(pixels=7, picture_bytes=8, decode_seconds=9).decoding
    assert (decoding.pixels, decoding.file_bytes, decoding.seconds) == (7, 8, 9)
