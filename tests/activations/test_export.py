"""Export: a graph that computes what torch computes, written whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from torch import Tensor, nn

from unfreeze.activations import export
from unfreeze.activations.engines import Floats, OnnxEngine
from unfreeze.activations.export import TOLERANCE, ExportMismatch, export_graph, noise_squares


class Small(nn.Module):
    """Scaled pixels through one convolution and a mean: quick to export, with all that a body has."""

    def __init__(self, *, pair: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 5, 3, stride=2), nn.BatchNorm2d(5), nn.ReLU(), nn.Dropout(0.5))
        self.pair = pair

    def forward(self, squares: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        features = self.layers(squares.float() / 255)
        pooled = features.mean((2, 3))
        return (pooled, features) if self.pair else pooled


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "small.onnx"
    export_graph(Small().train(), path, size_px=32)
    return path


@pytest.fixture
def traced(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives the exporter the finished graph, because tracing takes seconds."""

    class Program:
        def save(self, path: str, *, external_data: bool) -> None:
            Path(path).write_bytes(graph.read_bytes())

    monkeypatch.setattr(export, "_trace", lambda *_: Program())


def change_engine(monkeypatch: pytest.MonkeyPatch, change: Callable[[Floats], Floats]) -> None:
    class Changed(OnnxEngine):
        def run(self, squares: npt.NDArray[np.uint8]) -> Floats:
            return change(super().run(squares))

    monkeypatch.setattr(export, "OnnxEngine", Changed)


def test_a_graph_computes_what_the_module_computes_in_eval_mode(graph: Path) -> None:
    squares = noise_squares(3, 32)
    with torch.inference_mode():
        expected = Small().eval()(torch.from_numpy(squares)).numpy()
    assert expected.std() > 0.01
    np.testing.assert_allclose(OnnxEngine(graph).run(squares), expected, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_graph_takes_any_number_of_squares(graph: Path, count: int) -> None:
    assert OnnxEngine(graph).run(noise_squares(count, 32)).shape == (count, 5)


def test_a_graph_stands_alone_with_named_ends(graph: Path) -> None:
    model = onnx.load(graph)
    assert [node.name for node in model.graph.input] == ["squares"]
    assert [node.name for node in model.graph.output] == ["activations"]
    assert [path.name for path in graph.parent.iterdir()] == ["small.onnx"]


def test_several_outputs_come_in_order(tmp_path: Path) -> None:
    export_graph(Small(pair=True), tmp_path / "pair.onnx", size_px=32, outputs=("pooled", "map"))
    pooled, features = OnnxEngine(tmp_path / "pair.onnx").outputs(noise_squares(2, 32))
    assert (pooled.shape, features.shape) == ((2, 5), (2, 5, 15, 15))
    np.testing.assert_allclose(features.mean((2, 3)), pooled, atol=1e-6)
    assert [node.name for node in onnx.load(tmp_path / "pair.onnx").graph.output] == ["pooled", "map"]


def test_exporting_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export_graph(nn.Sequential(nn.Flatten()), tmp_path / "flat.onnx", size_px=32)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("change", [lambda found: found + 0.01, lambda found: found * np.nan], ids=["off", "nan"])
@pytest.mark.usefixtures("traced")
def test_a_graph_that_differs_from_torch_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Floats], Floats]
) -> None:
    change_engine(monkeypatch, change)
    with pytest.raises(ExportMismatch, match="onnxruntime and torch differ by"):
        export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("traced")
def test_a_difference_within_the_tolerance_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_engine(monkeypatch, lambda found: found + np.float32(TOLERANCE / 2))
    export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert [path.name for path in tmp_path.iterdir()] == ["small.onnx"]


@pytest.mark.usefixtures("traced")
def test_a_failed_export_leaves_the_graph_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.onnx").write_text("what was there")
    change_engine(monkeypatch, lambda found: -found)
    with pytest.raises(ExportMismatch):
        export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["what was there"]


def test_a_graph_that_onnxruntime_cannot_load_is_a_mismatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Program:
        def save(self, path: str, *, external_data: bool) -> None:
            Path(path).write_bytes(b"no graph")

    monkeypatch.setattr(export, "_trace", lambda *_: Program())
    with pytest.raises(ExportMismatch, match=r"onnxruntime cannot run the graph: ."):
        export_graph(Small(), tmp_path / "small.onnx", size_px=32)
    assert list(tmp_path.iterdir()) == []


def test_noise_is_the_same_each_time_and_not_flat() -> None:
    squares = noise_squares(2, 32)
    assert (squares.shape, squares.dtype) == ((2, 3, 32, 32), np.dtype(np.uint8))
    assert np.array_equal(squares, noise_squares(2, 32))
    assert {int(squares.min()), int(squares.max())} == {0, 255}


def test_a_graph_that_holds_for_the_traced_batch_only_is_not_kept(tmp_path: Path) -> None:
    class Pairs(nn.Module):
        def forward(self, squares: Tensor) -> Tensor:
            return squares.float().mean((2, 3)) + float(len(squares) == 2)

    with pytest.raises((ExportMismatch, torch.onnx.OnnxExporterError)):
        export_graph(Pairs(), tmp_path / "pairs.onnx", size_px=32)
    assert list(tmp_path.iterdir()) == []
