"""A file is whole, old or new, whatever happens while it is written."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch_file
from torch import nn

from unfreeze.errors import RunError
from unfreeze.files import write_whole
from unfreeze.training.checkpoints import read_weights, write_weights


def failing(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*args: object) -> NoReturn:
        raise error

    return fail


def test_file_is_written_and_overwritten_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    for data in (b"first, a longer one", b"second"):
        write_whole(path, data)
        assert path.read_bytes() == data
        assert os.listdir(tmp_path) == ["weights"]


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_old_file_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    path = tmp_path / "weights"
    write_whole(path, b"old")
    monkeypatch.setattr(os, function, failing(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(RunError, match=r"weights: cannot be written \(No space left on device\)") as error:
        write_whole(path, b"new")
    assert error.value.subject == str(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]


def test_interruption_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights"
    write_whole(path, b"old")
    monkeypatch.setattr(os, "replace", failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["weights"]


def test_new_file_appears_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "weights", []

    def look(work: Path, target: Path) -> None:
        seen.append((Path(work).read_bytes(), Path(work).parent, path.exists()))

    monkeypatch.setattr(os, "replace", look)
    write_whole(path, b"all of it")
    assert seen == [(b"all of it", tmp_path, False)]


@pytest.mark.parametrize(("folder", "reason"), [("file", "Not a directory"), ("missing", "No such file or directory")])
def test_folder_that_is_none_is_an_error_with_the_path(tmp_path: Path, folder: str, reason: str) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    path = tmp_path / folder / "weights"
    with pytest.raises(RunError, match=f"cannot be written \\({reason}\\)") as error:
        write_whole(path, b"new")
    assert error.value.subject == str(path)
    assert os.listdir(tmp_path) == ["file"]


def test_weights_come_back_to_the_last_bit_with_what_was_kept_with_them(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    arrays = {"values": values, "turned": values.T, "part": values[1:, ::2], "counter": np.array(7)}
    arrays |= {"empty": np.zeros((0, 4), np.float32), "special": np.array([np.nan, -np.inf, -0.0], np.float32)}
    path = tmp_path / "best.safetensors"
    about = {"epoch": 3, "valid_loss": 0.1 + 0.2, "stage": "step 4", "frozen": ["early"]}
    write_weights(path, arrays, about=about)
    found = load_file(path)
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name
    read, said = read_weights(path)
    assert said == about
    assert all(read[name].tobytes() == array.tobytes() for name, array in arrays.items())
    assert os.listdir(tmp_path) == ["best.safetensors"]


def test_torch_reads_the_weights_of_a_network(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2)).to(memory_format=torch.channels_last)
    write_weights(tmp_path / "weights", {name: tensor.numpy() for name, tensor in module.state_dict().items()})
    found = load_torch_file(tmp_path / "weights")
    assert all(torch.equal(found[name], tensor) for name, tensor in module.state_dict().items())


def test_weights_can_be_kept_without_words(tmp_path: Path) -> None:
    write_weights(tmp_path / "weights", {"one": np.ones(1, np.float32)})
    assert load_file(tmp_path / "weights")["one"].tolist() == [1.0]
    assert read_weights(tmp_path / "weights")[1] == {}


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "weights").write_bytes(content)
    with pytest.raises(RunError, match=r"weights: (cannot be read as weights|there is no such file)"):
        read_weights(tmp_path / "weights")


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    arrays = {str(number): np.full(2, number, np.float32) for number in range(20)}
    for name in ("one", "other"):
        write_weights(tmp_path / name, arrays, about={str(number): number for number in range(20)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
