"""Settings: defaults, faults named all at once, steps as text."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from unfreeze.errors import SettingsError
from unfreeze.recipe.settings import TrainSettings, parse_fold, parse_steps
from unfreeze.transforms.squares import Square


@pytest.mark.parametrize(
    ("text", "steps"),
    [("1-4", (1, 2, 3, 4)), ("3", (3,)), ("7-8, 1", (1, 7, 8)), ("1,1,2", (1, 2)), ("1-8", tuple(range(1, 9)))],
)
def test_steps_are_read_from_numbers_and_ranges(text: str, steps: tuple[int, ...]) -> None:
    assert parse_steps(text) == steps


@pytest.mark.parametrize("text", ["", "one", "1-", "-2", "1,,2", "1-x", "1.5"])
def test_steps_that_cannot_be_read_are_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read; write it like 1-4"):
        parse_steps(text)


@pytest.mark.parametrize("text", ["", "2", "2/", "/5", "2/5/6", "a/b", "-1/5", "2.0/5"])
def test_a_fold_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--fold '.*' cannot be read; write it like 2/5"):
        parse_fold(text)


def test_a_fold_is_kept_with_the_settings() -> None:
    settings = TrainSettings(fold=parse_fold("2/5"))
    assert settings.fold == (2, 5)
    assert TrainSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("size", 0, "--size is 0; it must be at least 32"),
        ("batch_size", 0, "--batch-size is 0; it must be at least 1"),
        ("views", 0, "--views is 0"),
        ("tta_views", -1, "--tta-views is -1"),
        ("lr", 0.0, "--lr is 0.0; a learning rate is a positive number"),
        ("full_lr", float("nan"), "--full-lr is nan"),
        ("rate_ratio", 0.5, "--rate-ratio is 0.5; it must be at least 1"),
        ("valid_share", 1.0, "--valid-share is 1.0; it must lie between 0 and 1"),
        ("max_broken_share", 1.5, "--max-broken-share is 1.5"),
        ("fold", (6, 5), "--fold is 6/5; there must be 2 folds or more, numbered from 1"),
        ("fold", (0, 5), "--fold is 0/5"),
        ("fold", (1, 1), "--fold is 1/1"),
        ("steps", (9,), r"--steps names \[9\]; steps are numbered 1 to 8"),
        ("steps", (), r"--steps names \[\]"),
        ("threads", 0, "--threads is 0"),
        ("time_budget", 0.0, "--time-budget is 0.0 seconds; it must be above 0"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_flag(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        TrainSettings(**{name: value})  # type: ignore[arg-type]


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"--size is 1.*--views is 0.*--lr is -1"):
        TrainSettings(size=1, views=0, lr=-1.0)


def test_settings_are_written_as_toml_that_reads_back() -> None:
    settings = TrainSettings(square=Square.PAD, weights=Path("a b/\u00e4.pth"), lr=0.01, steps=(1, 2))
    found = tomllib.loads(settings.to_toml())
    assert found["square"] == "pad"
    assert found["weights"] == "a b/\u00e4.pth"
    assert found["lr"] == 0.01
    assert found["steps"] == [1, 2]
    assert found["use_store"] is True
    assert "size" not in found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sizes": (128,), "unfreeze": "late"}, "stored activations have one size"),
        ({"sizes": (128,), "steps": (1, 2, 3)}, "step 8 after step 5"),
        ({"sizes": (64, 96, 128), "max_epochs": 6}, "3 sizes for 2 cycles of at most 6 epochs"),
        ({"sizes": (16,)}, "at least 32 pixels"),
        ({"head": "adam"}, "--head is 'adam'; it must be sgd or lbfgs"),
        ({"unfreeze": "early"}, "--unfreeze is 'early'; it must be all or late"),
    ],
)
def test_choices_that_contradict_one_another_are_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        TrainSettings(**given)


def test_manifests_are_written_down_and_read_back() -> None:
    settings = TrainSettings(exclude=(Path("a b.csv"), Path("c.csv")), exclude_kinds=("blurred",), relabel=(Path("d"),))
    found = tomllib.loads(settings.to_toml())
    assert (found["exclude"], found["exclude_kinds"], found["relabel"]) == (["a b.csv", "c.csv"], ["blurred"], ["d"])
    assert TrainSettings.from_dict(settings.to_dict()) == settings


def test_kinds_without_a_list_of_findings_are_said() -> None:
    with pytest.raises(SettingsError, match="--exclude-kind says which rows of --exclude count; name a list"):
        TrainSettings(exclude_kinds=("blurred",))


def test_steps_that_run_backwards_are_said() -> None:
    with pytest.raises(SettingsError, match="--steps '4-1' runs backwards; write 1-4"):
        parse_steps("4-1")
