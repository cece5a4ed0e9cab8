import shlex
from dataclasses import fields, replace
from pathlib import Path

import pytest

from made import RunCli
from unfreeze.recipe.command_line import train_command_line
from unfreeze.recipe.settings import TrainSettings
from unfreeze.transforms.squares import Square
from unfreeze.transforms.views import Augment

OTHER = TrainSettings(
    backbone="resnet18",
    weights=Path("my weights.safetensors"),
    size=96,
    square=Square.PAD,
    augment=Augment.TOP_DOWN,
    seed=3,
    path_column="file",
    label_column="what it is",
    split_column="part",
    group_column="animal",
    label_separator=";",
    valid_share=0.3,
    fold=(2, 5),
    max_broken_share=0.5,
    exclude=(Path("a.csv"), Path("b c.csv")),
    exclude_kinds=("leak", "blank"),
    relabel=(Path("d.csv"),),
    batch_size=8,
    full_batch_size=4,
    steps=(1, 2, 3, 4, 5, 7, 8),
    lr=0.02,
    head="lbfgs",
    head_epochs=3,
    augmented_cycles=4,
    cycle_len=2,
    rate_ratio=5.0,
    full_lr=0.001,
    max_epochs=30,
    sizes=(64, 96),
    cycle_mult=3,
    batch_norm="train",
    views=2,
    tta_views=0,
    threads=2,
    use_store=False,
    probes=False,
    cache_size=123_456_789,
    checkpoint_seconds=5.0,
    time_budget=90.0,
    optimizer="adamw",
    weight_decay=0.01,
    label_smoothing=0.1,
    mixup=0.2,
    cutmix=1.0,
    balance="weights",
    accumulate=3,
    clip_norm=1.5,
    ema=0.99,
    precision="bfloat16",
)


def parsed(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, command: str) -> tuple[Path, TrainSettings]:
    """What `unfreeze train` makes of a command."""
    seen: list[tuple[Path, TrainSettings]] = []

    def spy(pictures: Path, out: Path, settings: TrainSettings, watcher: object, **_: object) -> None:
        seen.append((pictures, settings))
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.train.train", spy)
    program, *words = shlex.split(command)
    assert program == "unfreeze"
    _, _, err = run_cli(*words)
    assert err == ""
    return seen[0]


@pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of
@pytest.mark.parametrize(
    "settings", [TrainSettings(), OTHER, replace(OTHER, sizes=(), unfreeze="late", use_store=True)]
)
def test_the_command_makes_the_same_settings(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: TrainSettings
) -> None:
    pictures = tmp_path / "my pictures"
    pictures.mkdir()
    found = parsed(run_cli, monkeypatch, train_command_line(pictures, settings))
    assert found == (pictures, replace(settings, threads=None))


def test_each_setting_was_another_one() -> None:
    same = [field.name for field in fields(OTHER) if getattr(OTHER, field.name) == getattr(TrainSettings(), field.name)]
    assert same == ["unfreeze"]  # which sizes forbid; the third command has it


def test_a_size_that_is_the_backbones_own_is_left_away() -> None:
    assert train_command_line(Path("x"), TrainSettings(size=224)) == "unfreeze train x"
    assert train_command_line(Path("x"), TrainSettings(size=225)) == "unfreeze train x --size 225"
