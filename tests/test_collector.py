"""The collector of cycles is held back and let go."""

import gc

import pytest

from unfreeze.collector import collector_paused


def test_the_collector_rests_within_and_goes_on_after_an_error() -> None:
    def fails() -> None:
        with collector_paused():
            assert not gc.isenabled()
            raise ValueError("within")

    with pytest.raises(ValueError, match="within"):
        fails()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused(), collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
