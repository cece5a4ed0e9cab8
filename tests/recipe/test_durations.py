import pytest

from unfreeze.errors import SettingsError
from unfreeze.recipe.durations import parse_duration, written_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("1m 5s", 65),
        ("10m", 600),
        ("1h", 3600),
        ("0.5h", 1800),
        (" 2 M ", 120),
        ("0s", 0),
    ],
)
def test_times_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 min", "-5m", "1h30", "1e3s", "nan", "10mm"])
def test_other_words_are_no_times(text: str) -> None:
    with pytest.raises(SettingsError, match="it must be a time such as 90s, 10m or 1h"):
        parse_duration(text)


@pytest.mark.parametrize("seconds", [0.2, 7.01, 119.9, 120.1, 3601, 86400])
def test_a_written_time_is_read_back_and_never_shorter(seconds: float) -> None:
    assert seconds <= parse_duration(written_duration(seconds)) < seconds + 60
