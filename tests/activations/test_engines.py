"""Engines: the same numbers whatever the batch, the threads and the engine."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from unfreeze.activations.engines import (
    NO_TELEMETRY,
    Engine,
    Floats,
    OnnxEngine,
    TorchEngine,
    noise_squares,
    relative_difference,
)
from unfreeze.activations.prefix import FrozenPrefix
from unfreeze.network.build import build_network

Squares = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def onnx_engine(packaged_prefix: FrozenPrefix) -> OnnxEngine:
    return OnnxEngine(packaged_prefix.graph())


@pytest.fixture(scope="module")
def squares() -> Squares:
    return noise_squares(7, 64)


@pytest.fixture(scope="module")
def one_by_one(onnx_engine: OnnxEngine, squares: Squares) -> Floats:
    """What each square gives alone."""
    return np.concatenate([onnx_engine.run(square[np.newaxis]) for square in squares])


def test_activations_are_the_pooled_features_of_each_square(one_by_one: Floats) -> None:
    assert (one_by_one.shape, one_by_one.dtype) == ((7, 1280), np.dtype(np.float32))
    assert len(np.unique(one_by_one, axis=0)) == 7


@pytest.mark.parametrize("batch", [2, 3, 7])
def test_onnx_gives_a_picture_the_same_bits_in_every_batch(
    onnx_engine: OnnxEngine, squares: Squares, one_by_one: Floats, batch: int
) -> None:
    found = [onnx_engine.run(squares[start : start + batch]) for start in range(0, 7, batch)]
    assert np.array_equal(np.concatenate(found), one_by_one)


def test_onnx_gives_a_picture_the_same_bits_in_every_company(
    onnx_engine: OnnxEngine, squares: Squares, one_by_one: Floats
) -> None:
    assert np.array_equal(onnx_engine.run(squares[::-1].copy()), one_by_one[::-1])


@pytest.mark.parametrize("threads", [2, 4])
def test_onnx_gives_a_picture_the_same_bits_on_every_number_of_threads(
    onnx_engine: OnnxEngine, squares: Squares, one_by_one: Floats, threads: int
) -> None:
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(onnx_engine.run, [square[np.newaxis] for square in squares] * 3))
    assert np.array_equal(np.concatenate(found), np.tile(one_by_one, (3, 1)))


def test_two_sessions_of_a_graph_agree_to_the_bit(
    packaged_prefix: FrozenPrefix, squares: Squares, one_by_one: Floats
) -> None:
    assert np.array_equal(OnnxEngine(packaged_prefix.graph()).run(squares), one_by_one)


def test_onnx_and_torch_agree(squares: Squares, one_by_one: Floats) -> None:
    engine = TorchEngine(build_network(classes=2).prefix("head"), torch.device("cpu"))
    found = engine.run(squares)
    assert (found.shape, found.dtype) == ((7, 1280), np.dtype(np.float32))
    assert relative_difference(found, one_by_one) < 1e-4
    assert relative_difference(found[::-1], one_by_one) > 1e-2  # the squares differ by more than the engines


@pytest.mark.gpu
def test_torch_on_an_accelerator_agrees_with_onnx(squares: Squares, one_by_one: Floats) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    engine = TorchEngine(build_network(classes=2).prefix("head"), torch.device("cuda"))
    found = engine.run(squares)
    assert found.dtype == np.float32
    assert relative_difference(found, one_by_one) < 1e-2  # cuDNN convolves in TF32, which keeps 10 bits


def test_torch_runs_in_eval_mode_without_gradients_and_in_float32() -> None:
    class Probe(nn.Module):
        def forward(self, squares: torch.Tensor) -> torch.Tensor:
            assert not self.training
            assert torch.is_inference_mode_enabled()
            assert squares.dtype == torch.uint8
            return squares.double().mean((2, 3))

    engine = TorchEngine(Probe().train(), torch.device("cpu"))
    assert engine.run(np.full((2, 3, 4, 4), 9, np.uint8)).tolist() == [[9, 9, 9], [9, 9, 9]]
    assert engine.run(np.zeros((1, 3, 4, 4), np.uint8)).dtype == np.float32


def test_engines_say_how_many_squares_they_take() -> None:
    engines: list[type[Engine]] = [OnnxEngine, TorchEngine]
    assert [engine.batch_size for engine in engines] == [1, 32]


def test_noise_is_the_same_each_time_and_not_flat() -> None:
    squares = noise_squares(2, 32)
    assert (squares.shape, squares.dtype) == ((2, 3, 32, 32), np.dtype(np.uint8))
    assert np.array_equal(squares, noise_squares(2, 32))
    assert {int(squares.min()), int(squares.max())} == {0, 255}


def test_differences_are_relative_to_the_largest_value_but_never_blown_up() -> None:
    found, expected = np.array([[1, -8]], np.float32), np.array([[0, -10]], np.float32)
    assert relative_difference(found, expected) == pytest.approx(0.2)
    assert relative_difference(found / np.float32(100), expected / np.float32(100)) == pytest.approx(0.02)
    assert np.isnan(relative_difference(found * np.nan, expected))


def test_onnxruntime_writes_no_name_of_the_machine_and_so_sends_none(
    packaged_prefix: FrozenPrefix, tmp_path: Path
) -> None:
    """Left to itself it writes an identifier and a queue of what it sends into the user's folders."""
    code = "import sys, pathlib, unfreeze.activations.engines as engines; engines.OnnxEngine(pathlib.Path(sys.argv[1]))"
    told = {NO_TELEMETRY, "CI", "GITHUB_ACTIONS"}  # it sends nothing where the latter two say that this is a test
    kept = {name: value for name, value in os.environ.items() if name not in told}
    found = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    command = [sys.executable, "-c", code, str(packaged_prefix.graph())]
    finished = subprocess.run(command, env=kept | found, check=False, capture_output=True)
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == []
